/*
 * Forms of pages and query strings: application/x-www-form-urlencoded.
 */
#include "base/base.h"
#include "base/text.h"
#include "http/field.h"
#include "http/percent.h"

#include "base/banned.h"

#define PAIRS_MAX 160 /* our largest form: a role on each of an organisation's services (SERVICES_MAX) */

/* One pair, still encoded. */
struct pair {
	struct view name, value;
};

/* Takes the next pair off the text; false at its end. */
static bool next_pair(struct view *text, struct pair *out)
{
	struct view pair = { "", 0 };
	const char *mark;

	while (!pair.length) {
		if (!text->length)
			return false;
		mark = memchr(text->bytes, '&', text->length);
		pair = (struct view){ text->bytes, mark ? (size_t)(mark - text->bytes) : text->length };
		text->bytes += pair.length + (mark ? 1 : 0);
		text->length -= pair.length + (mark ? 1 : 0);
	}
	mark = memchr(pair.bytes, '=', pair.length);
	out->name = (struct view){ pair.bytes, mark ? (size_t)(mark - pair.bytes) : pair.length };
	out->value = mark ? (struct view){ mark + 1, (size_t)(pair.bytes + pair.length - mark - 1) } : (struct view){ "", 0 };
	return true;
}

/* Names and values decoded, in order. */
struct pairs {
	struct {
		struct view name, value;
	} of[PAIRS_MAX];
	size_t count;
};

static enum err decode(struct arena *arena, struct view text, struct view *out)
{
	char *bytes = arena_alloc(arena, text.length + 1);

	if (!bytes)
		return ERR_MEMORY;
	out->bytes = bytes;
	return percent_decode(text, PERCENT_FORM, bytes, &out->length) ? OK : ERR_MALFORMED;
}

static bool has_name(const struct pairs *pairs, struct view name)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (pairs->of[i].name.length == name.length && !memcmp(pairs->of[i].name.bytes, name.bytes, name.length))
			return true;
	return false;
}

static enum err add_pair(struct arena *arena, const struct pair *pair, struct pairs *pairs)
{
	struct view name = { NULL, 0 }, value = { NULL, 0 };
	enum err err;

	if (pairs->count == PAIRS_MAX)
		return ERR_MALFORMED;
	if ((err = decode(arena, pair->name, &name)) || (err = decode(arena, pair->value, &value)))
		return err;
	if (!text_is_utf8(name.bytes, name.length) || has_name(pairs, name))
		return ERR_MALFORMED;
	pairs->of[pairs->count].name = name;
	pairs->of[pairs->count++].value = value;
	return OK;
}

/* All of it, or why not. Values may still hold NUL; what is not UTF-8 besides is no form. */
static enum err read_pairs(struct call *call, struct view text, struct pairs *pairs)
{
	struct pair pair;
	enum err err = OK;

	pairs->count = 0;
	while (!err && next_pair(&text, &pair))
		err = add_pair(call->arena, &pair, pairs);
	return err;
}

static bool is_utf8_but_for_nul(struct view text)
{
	while (text.length) {
		const char *nul = memchr(text.bytes, '\0', text.length);
		size_t n = nul ? (size_t)(nul - text.bytes) : text.length;

		if (!text_is_utf8(text.bytes, n))
			return false;
		n += nul ? 1 : 0;
		text.bytes += n;
		text.length -= n;
	}
	return true;
}

static struct given given_of(const struct pairs *pairs, const char *name)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (view_same(pairs->of[i].name, name))
			return (struct given){ .kind = GIVEN_TEXT, .text = pairs->of[i].value };
	return (struct given){ .kind = GIVEN_NOTHING, .text = { "", 0 } };
}

static enum err read_body(struct call *call, struct pairs *pairs)
{
	enum err err;

	pairs->count = 0;
	if (!call->request->has_body)
		return OK;
	if (!body_is(call->request, "application/x-www-form-urlencoded"))
		return ERR_MEDIA_TYPE;
	if ((err = read_pairs(call, call->request->body, pairs)))
		return err;
	for (size_t i = 0; i < pairs->count; i++)
		if (!is_utf8_but_for_nul(pairs->of[i].value))
			return ERR_MALFORMED;
	return OK;
}

enum err form_read_urlencoded(struct call *call, const struct form *form)
{
	void *filled = arena_alloc(call->arena, form->bytes);
	struct pairs pairs;
	enum err err;

	if (!filled)
		return ERR_MEMORY;
	if ((err = read_body(call, &pairs)))
		return err;
	for (size_t i = 0; i < form->count; i++) {
		struct given given = given_of(&pairs, form->fields[i].name);

		if ((err = field_fill(call, &form->fields[i], &given, filled)))
			return err;
	}
	call->form = filled;
	return OK;
}

/* One value, however many pairs there are, so that what an address carries besides does not matter. NULL where there is none. */
static enum err find_value(struct call *call, struct view text, const char *name, const char **out)
{
	struct view found = { NULL, 0 };
	struct pair pair;

	while (next_pair(&text, &pair)) {
		enum err err;

		if (!percent_same(pair.name, PERCENT_FORM, name))
			continue;
		if (found.bytes)
			return ERR_INVALID;
		if ((err = decode(call->arena, pair.value, &found)))
			return err == ERR_MEMORY ? err : ERR_INVALID;
		if (!text_is_utf8(found.bytes, found.length))
			return ERR_INVALID;
	}
	*out = found.bytes;
	return OK;
}

static const char *value_in(struct call *call, struct view text, const char *name)
{
	const char *value;

	return find_value(call, text, name, &value) ? NULL : value;
}

const char *query_value(struct call *call, const char *name)
{
	return value_in(call, call->request->query, name);
}

enum err query_read(struct call *call, const char *name, const char **out)
{
	enum err err = find_value(call, call->request->query, name, out);

	if (err == ERR_INVALID)
		call->wrong = name;
	return err;
}

const char *form_value(struct call *call, const char *name)
{
	if (!call->request->has_body || !body_is(call->request, "application/x-www-form-urlencoded"))
		return NULL;
	return value_in(call, call->request->body, name);
}

enum err form_each(struct call *call, void (*each)(void *to, const char *name, const char *value), void *to)
{
	struct pairs pairs;
	enum err err = read_body(call, &pairs);

	for (size_t i = 0; !err && i < pairs.count; i++)
		if (text_is_utf8(pairs.of[i].value.bytes, pairs.of[i].value.length))
			each(to, pairs.of[i].name.bytes, pairs.of[i].value.bytes);
	return err;
}
