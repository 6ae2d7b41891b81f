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

/* What people put into codes to read them out, and phones and clipboards put in for them: hyphens, blanks of all kinds, line ends. */
static bool is_separator(uint32_t c)
{
	return (c >= '\t' && c <= '\r') || c == ' ' || c == '-' || c == 0xa0 || (c >= 0x2000 && c <= 0x200b) || (c >= 0x2010 && c <= 0x2015) ||
	       c == 0x202f || c == 0x3000 || c == 0xfeff;
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

static enum err fill_switch(struct call *call, const struct field *field, const struct given *given, void *member)
{
	static const char *const no[] = { "off", "false", "0" };
	struct switched *switched = member;

	if (given->kind == GIVEN_NOTHING)
		return OK;
	switched->given = true;
	for (size_t i = 0; i < COUNT(no) && given->kind == GIVEN_TEXT && !call->surface->json; i++)
		if (view_same(given->text, no[i]))
			return OK;
	return fill_bool(call, field, given, &switched->on);
}

/* Decimal digits as a form carries them, with a sign at most. */
static bool number_of(struct view text, int64_t *out)
{
	bool negative = text.length && text.bytes[0] == '-';
	int64_t value = 0;

	if (text.length == (size_t)negative || text.length > 18)
		return false;
	for (size_t i = (size_t)negative; i < text.length; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return false;
		value = value * 10 + (text.bytes[i] - '0');
	}
	*out = negative ? -value : value;
	return true;
}

static enum err fill_number(struct call *call, const struct field *field, const struct given *given, void *member)
{
	struct number *number = member;
	bool text = given->kind == GIVEN_TEXT && !call->surface->json;

	if (given->kind == GIVEN_NOTHING || (text && !view_trim(given->text).length))
		return OK;
	if (given->kind != GIVEN_NUMBER && !(text && number_of(view_trim(given->text), &number->value)))
		return refuse(call, field);
	if (given->kind == GIVEN_NUMBER)
		number->value = given->number;
	number->given = true;
	return OK;
}

/* Takes the next word off a text of words between white space, commas and semicolons; false at its end. */
static bool next_word(const char **text, struct view *out)
{
	static const char between[] = " \t\r\n,;";

	*text += strspn(*text, between);
	*out = (struct view){ *text, strcspn(*text, between) };
	*text += out->length;
	return out->length > 0;
}

/* One box that takes many: what people paste into it. */
static enum err split_texts(struct call *call, const struct field *field, const char *text, struct texts *out)
{
	const char **words = arena_alloc(call->arena, FORM_ITEMS_MAX * sizeof(*words));
	struct view word;

	if (!words)
		return ERR_MEMORY;
	*out = (struct texts){ .given = true, .text = words };
	while (next_word(&text, &word)) {
		if (out->count == FORM_ITEMS_MAX || word.length > field->max_bytes)
			return refuse(call, field);
		if (!(words[out->count++] = arena_copy(call->arena, word.bytes, word.length)))
			return ERR_MEMORY;
	}
	return OK;
}

static enum err fill_texts(struct call *call, const struct field *field, const struct given *given, void *member)
{
	struct field whole = *field;
	const char *text = NULL;
	enum err err;

	if (given->kind == GIVEN_NESTED && given->unnest)
		return given->unnest(call, field, given->nested, member);
	if (call->surface->json && given->kind != GIVEN_NOTHING)
		return refuse(call, field);
	whole.max_bytes = FORM_ITEMS_MAX * 256;
	if ((err = fill_optional(call, &whole, given, &text)) || !text)
		return err;
	return split_texts(call, field, text, member);
}

static enum err fill_nested(struct call *call, const struct field *field, const struct given *given, void *member)
{
	if (given->kind == GIVEN_NOTHING)
		return OK;
	if (given->kind != GIVEN_NESTED || !given->unnest)
		return refuse(call, field);
	return given->unnest(call, field, given->nested, member);
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
	[FIELD_SWITCH] = fill_switch,
	[FIELD_NUMBER] = fill_number,
	[FIELD_TEXTS] = fill_texts,
	[FIELD_OBJECT] = fill_nested,
	[FIELD_LIST] = fill_nested,
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
	struct view rest, parameter;

	if (!type)
		return false;
	rest = *type;
	if (!view_ascii_same(view_take(&rest, ';'), media_type))
		return false;
	while (rest.length) /* one may be empty: RFC 9110 section 5.6.6 */
		if ((parameter = view_take(&rest, ';')).length && !is_utf8_parameter(parameter))
			return false;
	return true;
}
