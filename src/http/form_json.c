/*
 * Bodies of the API, by jansson.
 */
#include <jansson.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/text.h"
#include "http/field.h"

#include "base/banned.h"

#define BODY_DEPTH_MAX 32 /* jansson's own bound, 2048, is more than the stack of a request thread should carry */

/* jansson copies passwords about: none of it may stay behind. */
static void free_wiped(void *memory)
{
	if (memory)
		wipe(memory, malloc_usable_size(memory));
	free(memory);
}

static void set_allocator(void)
{
	json_set_alloc_funcs(malloc, free_wiped);
}

static void release(json_t **json)
{
	json_decref(*json);
}

/* How deep brackets stand in each other, outside of texts. Says nothing about whether it is JSON. */
static bool is_shallow(struct view body)
{
	unsigned depth = 0;
	bool inside = false;

	for (size_t i = 0; i < body.length; i++) {
		char c = body.bytes[i];

		if (inside && c == '\\')
			i++;
		else if (c == '"')
			inside = !inside;
		else if (!inside && (c == '{' || c == '[') && ++depth > BODY_DEPTH_MAX)
			return false;
		else if (!inside && (c == '}' || c == ']') && depth)
			depth--;
	}
	return true;
}

static struct given given_of(const json_t *value)
{
	struct given given = { GIVEN_WRONG, { "", 0 }, false };

	if (!value || json_is_null(value)) {
		given.kind = GIVEN_NOTHING;
	} else if (json_is_string(value)) {
		given.kind = GIVEN_TEXT;
		given.text = (struct view){ json_string_value(value), json_string_length(value) };
	} else if (json_is_boolean(value)) {
		given.kind = GIVEN_TRUTH;
		given.truth = json_is_true(value);
	}
	return given;
}

/* Zeroed, and in the arena: FIELD_BOOL that is absent is false, and so on. */
static enum err fill(struct call *call, const struct form *form, const json_t *json)
{
	void *filled = arena_alloc(call->arena, form->bytes);
	enum err err;

	if (!filled)
		return ERR_MEMORY;
	for (size_t i = 0; i < form->count; i++) {
		struct given given = given_of(json ? json_object_get(json, form->fields[i].name) : NULL);

		if ((err = field_fill(call, &form->fields[i], &given, filled)))
			return err;
	}
	call->form = filled;
	return OK;
}

enum err form_read_json(struct call *call, const struct form *form)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const struct request *request = call->request;
	SCOPED(release) json_t *json = NULL;
	json_error_t error;

	if (!request->has_body)
		return fill(call, form, NULL);
	if (!body_is(request, "application/json"))
		return ERR_MEDIA_TYPE;
	if (!is_shallow(request->body) || !text_is_utf8(request->body.bytes, request->body.length))
		return ERR_MALFORMED;
	pthread_once(&once, set_allocator);
	json = json_loadb(request->body.bytes, request->body.length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!json)
		return json_error_code(&error) == json_error_out_of_memory ? ERR_MEMORY : ERR_MALFORMED;
	return json_is_object(json) ? fill(call, form, json) : ERR_MALFORMED;
}
