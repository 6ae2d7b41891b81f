#include "http/form.h"

#include "base/base.h"
#include "base/text.h"
#include "http/field.h"

#include "base/banned.h"

static enum err refuse(struct call *call, const struct field *field)
{
	call->wrong = field->name;
	return ERR_INVALID;
}

/* What people put into codes to read them out, and phones put in for them: hyphens and blanks of all kinds. */
static bool is_separator(uint32_t c)
{
	return c == ' ' || c == '-' || c == 0xa0 || c == 0x3000 || (c >= 0x2010 && c <= 0x2015);
}

static void strip_separators(char *text)
{
	size_t length = strlen(text), taken;
	char *to = text;
	uint32_t c;

	for (; length && (taken = text_next(text, length, &c)); text += taken, length -= taken)
		if (!is_separator(c)) {
			memmove(to, text, taken);
			to += taken;
		}
	*to = '\0';
}

static enum err fill_text(struct call *call, const struct field *field, const struct given *given, void *member)
{
	bool code = field->kind == FIELD_CODE || field->kind == FIELD_CODE_OPTIONAL;
	char *copy;

	if (given->kind != GIVEN_TEXT || given->text.length > field->max_bytes || !text_is_utf8(given->text.bytes, given->text.length))
		return refuse(call, field);
	if (!(copy = arena_copy(call->arena, given->text.bytes, given->text.length)))
		return ERR_MEMORY;
	if (code)
		strip_separators(copy);
	*(const char **)member = copy;
	return OK;
}

static enum err fill_optional(struct call *call, const struct field *field, const struct given *given, void *member)
{
	return given->kind == GIVEN_NOTHING ? OK : fill_text(call, field, given, member);
}

/* A form of HTML knows texts alone. */
static enum err fill_bool(struct call *call, const struct field *field, const struct given *given, void *member)
{
	static const char *const yes[] = { "on", "true", "1" };
	bool *truth = member;

	if (given->kind == GIVEN_NOTHING)
		return OK;
	if (given->kind == GIVEN_TRUTH) {
		*truth = given->truth;
		return OK;
	}
	for (size_t i = 0; i < COUNT(yes) && given->kind == GIVEN_TEXT && !call->surface->json; i++)
		if (view_same(given->text, yes[i])) {
			*truth = true;
			return OK;
		}
	return refuse(call, field);
}

static enum err fill_transport(struct call *call, const struct field *field, const struct given *given, void *member)
{
	enum transport *transport = member;

	if (given->kind == GIVEN_NOTHING)
		return OK;
	if (given->kind != GIVEN_TEXT || (!view_same(given->text, "cookie") && !view_same(given->text, "bearer")))
		return refuse(call, field);
	*transport = view_same(given->text, "bearer") ? TRANSPORT_BEARER : TRANSPORT_COOKIE;
	return OK;
}

static enum err (*const fillers[])(struct call *call, const struct field *field, const struct given *given, void *member) = {
	[FIELD_TEXT] = fill_text,
	[FIELD_OPTIONAL] = fill_optional,
	[FIELD_CODE] = fill_text,
	[FIELD_CODE_OPTIONAL] = fill_optional,
	[FIELD_BOOL] = fill_bool,
	[FIELD_TRANSPORT] = fill_transport,
};

enum err field_fill(struct call *call, const struct field *field, const struct given *given, void *form)
{
	if ((size_t)field->kind >= COUNT(fillers) || !fillers[field->kind])
		return refuse(call, field);
	return fillers[field->kind](call, field, given, (char *)form + field->offset);
}

/* charset=utf-8, quoted or not; what another parameter would mean here nobody has said. */
static bool is_utf8_parameter(struct view parameter)
{
	static const char *const allowed[] = { "charset=utf-8", "charset=\"utf-8\"" };

	for (size_t i = 0; i < COUNT(allowed); i++)
		if (view_ascii_same(parameter, allowed[i]))
			return true;
	return false;
}

bool body_is(const struct request *request, const char *media_type)
{
	const struct view *type = request_header(request, "Content-Type", NULL);
	const char *semicolon = type && type->length ? memchr(type->bytes, ';', type->length) : NULL;
	struct view name, parameter;

	if (!type)
		return false;
	name = (struct view){ type->bytes, semicolon ? (size_t)(semicolon - type->bytes) : type->length };
	if (!view_ascii_same(view_trim(name), media_type))
		return false;
	if (!semicolon)
		return true;
	parameter = view_trim((struct view){ semicolon + 1, type->length - name.length - 1 });
	return !parameter.length || is_utf8_parameter(parameter);
}
