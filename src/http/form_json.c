/*
 * Bodies of the API, by jansson.
 */
#include "base/base.h"
#include "base/text.h"
#include "http/field.h"
#include "http/json_read.h"

#include "base/banned.h"

#define BODY_DEPTH_MAX 32 /* jansson's own bound, 2048, is more than the stack of a request thread should carry */

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

static enum err unnest(struct call *call, const struct field *field, const void *nested, void *member);

static struct given given_of(const json_t *value)
{
	struct given given = { .kind = GIVEN_WRONG, .text = { "", 0 } };

	if (!value || json_is_null(value)) {
		given.kind = GIVEN_NOTHING;
	} else if (json_is_string(value)) {
		given.kind = GIVEN_TEXT;
		given.text = (struct view){ json_string_value(value), json_string_length(value) };
	} else if (json_is_boolean(value)) {
		given.kind = GIVEN_TRUTH;
		given.truth = json_is_true(value);
	} else if (json_is_integer(value)) {
		given.kind = GIVEN_NUMBER;
		given.number = json_integer_value(value);
	} else if (json_is_object(value) || json_is_array(value)) {
		given.kind = GIVEN_NESTED;
		given.nested = value;
		given.unnest = unnest;
	}
	return given;
}

static enum err fill_struct(struct call *call, const struct form *form, const json_t *json, void *filled)
{
	enum err err;

	for (size_t i = 0; i < form->count; i++) {
		struct given given = given_of(json ? json_object_get(json, form->fields[i].name) : NULL);

		if ((err = field_fill(call, &form->fields[i], &given, filled)))
			return err;
	}
	return OK;
}

/* Zeroed, and in the arena: FIELD_BOOL that is absent is false, and so on. */
static enum err fill(struct call *call, const struct form *form, const json_t *json)
{
	void *filled = arena_alloc(call->arena, form->bytes);
	enum err err;

	if (!filled)
		return ERR_MEMORY;
	if ((err = fill_struct(call, form, json, filled)))
		return err;
	call->form = filled;
	return OK;
}

/* What is wrong inside is named with what it is inside of: services.role. */
static enum err name_inside(struct call *call, const struct field *field, enum err err)
{
	if (err == ERR_INVALID)
		call->wrong = call->wrong ? arena_printf(call->arena, "%s.%s", field->name, call->wrong) : field->name;
	return err;
}

static enum err wrong_field(struct call *call, const struct field *field)
{
	call->wrong = field->name;
	return ERR_INVALID;
}

static enum err unnest_object(struct call *call, const struct field *field, const json_t *json, const void **out)
{
	void *filled = arena_alloc(call->arena, field->of->bytes);

	if (!filled)
		return ERR_MEMORY;
	*out = filled;
	return name_inside(call, field, fill_struct(call, field->of, json, filled));
}

static enum err unnest_list(struct call *call, const struct field *field, const json_t *json, struct list *out)
{
	size_t count = json_array_size(json), bytes = field->of->bytes;
	char *items = arena_alloc(call->arena, count * bytes + 1);
	enum err err;

	if (!items)
		return ERR_MEMORY;
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(json, i);

		if (!json_is_object(item))
			return wrong_field(call, field);
		if ((err = name_inside(call, field, fill_struct(call, field->of, item, items + i * bytes))))
			return err;
	}
	*out = (struct list){ true, items, count };
	return OK;
}

static enum err unnest_texts(struct call *call, const struct field *field, const json_t *json, struct texts *out)
{
	const struct field one = { field->name, FIELD_TEXT, 0, field->max_bytes, NULL };
	size_t count = json_array_size(json);
	const char **texts = arena_alloc(call->arena, (count + 1) * sizeof(*texts));
	enum err err;

	if (!texts)
		return ERR_MEMORY;
	for (size_t i = 0; i < count; i++) {
		struct given given = given_of(json_array_get(json, i));

		if ((err = field_fill(call, &one, &given, &texts[i])))
			return err;
	}
	*out = (struct texts){ true, texts, count };
	return OK;
}

static enum err unnest(struct call *call, const struct field *field, const void *nested, void *member)
{
	const json_t *json = nested;
	bool object = field->kind == FIELD_OBJECT;

	if (object != json_is_object(json) || json_array_size(json) > FORM_ITEMS_MAX)
		return wrong_field(call, field);
	if (object)
		return unnest_object(call, field, json, member);
	if (field->kind == FIELD_LIST)
		return unnest_list(call, field, json, member);
	return unnest_texts(call, field, json, member);
}

enum err form_read_json(struct call *call, const struct form *form)
{
	const struct request *request = call->request;
	SCOPED(release) json_t *json = NULL;
	enum err err;

	if (!request->has_body)
		return fill(call, form, NULL);
	if (!body_is(request, "application/json"))
		return ERR_MEDIA_TYPE;
	if (!is_shallow(request->body) || !text_is_utf8(request->body.bytes, request->body.length))
		return ERR_MALFORMED;
	if ((err = json_read(request->body.bytes, request->body.length, JSON_ALLOW_NUL, &json)))
		return err;
	return json_is_object(json) ? fill(call, form, json) : ERR_MALFORMED;
}
