/*
 * The JSON writers of answer.h.
 */
#include <stdio.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/text.h"
#include "http/answer.h"

#include "base/banned.h"

static const char *escape_of(char c)
{
	static const char *const short_ones[] = {
		['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t",
	};
	size_t i = (unsigned char)c;

	return i < COUNT(short_ones) ? short_ones[i] : NULL;
}

/* What stands for a byte that cannot stand for itself. */
static void add_escaped(struct buf *out, char c)
{
	const char *escape = escape_of(c);

	if (escape)
		buf_text(out, escape);
	else if ((unsigned char)c < 0x80)
		buf_printf(out, "\\u%04x", (unsigned)c);
	else
		buf_text(out, "\xef\xbf\xbd"); /* no UTF-8: U+FFFD, for the whole must be JSON */
}

/* How many bytes from here on can stand as they are. */
static size_t plain(const char *text, size_t length)
{
	size_t n = 0, taken;
	uint32_t character;

	while (n < length) {
		unsigned char c = (unsigned char)text[n];

		if (c < ' ' || c == '"' || c == '\\' || c == 0x7f)
			break;
		if (!(taken = c < 0x80 ? 1 : text_next(text + n, length - n, &character)))
			break;
		n += taken;
	}
	return n;
}

static void add_string(struct buf *out, const char *text)
{
	size_t length = strlen(text);

	buf_char(out, '"');
	while (length) {
		size_t n = plain(text, length);

		buf_add(out, text, n);
		if (n < length)
			add_escaped(out, text[n++]);
		text += n;
		length -= n;
	}
	buf_char(out, '"');
}

/* The comma and the name that stand before a value. */
static void begin_value(struct answer *out, const char *name)
{
	bool *more = &out->json_more[out->json_depth ? out->json_depth - 1 : 0];

	if (!out->json_depth) {
		out->body.failed = out->body.failed || out->body.length; /* a second value, or one behind the end */
		if (!out->content_type)
			out->content_type = "application/json";
		return;
	}
	if (*more)
		buf_char(&out->body, ',');
	*more = true;
	if (name) {
		add_string(&out->body, name);
		buf_char(&out->body, ':');
	}
}

static void open_with(struct answer *out, const char *name, char bracket)
{
	begin_value(out, name);
	buf_char(&out->body, bracket);
	if (out->json_depth == JSON_DEPTH) {
		out->body.failed = true;
		return;
	}
	out->json_more[out->json_depth++] = false;
}

static void close_with(struct answer *out, char bracket)
{
	if (!out->json_depth) {
		out->body.failed = true;
		return;
	}
	out->json_depth--;
	buf_char(&out->body, bracket);
}

void json_open(struct answer *out, const char *name)
{
	open_with(out, name, '{');
}

void json_close(struct answer *out)
{
	close_with(out, '}');
}

void json_list(struct answer *out, const char *name)
{
	open_with(out, name, '[');
}

void json_list_close(struct answer *out)
{
	close_with(out, ']');
}

static void literal(struct answer *out, const char *name, const char *text)
{
	begin_value(out, name);
	buf_text(&out->body, text);
}

void json_text(struct answer *out, const char *name, const char *value)
{
	if (!value) {
		json_none(out, name);
		return;
	}
	begin_value(out, name);
	add_string(&out->body, value);
}

void json_texts(struct answer *out, const char *name, const char *const *values, size_t count)
{
	json_list(out, name);
	for (size_t i = 0; i < count; i++)
		json_text(out, NULL, values[i]);
	json_list_close(out);
}

void json_int(struct answer *out, const char *name, int64_t value)
{
	begin_value(out, name);
	buf_int(&out->body, value);
}

void json_bool(struct answer *out, const char *name, bool value)
{
	literal(out, name, value ? "true" : "false");
}

void json_none(struct answer *out, const char *name)
{
	literal(out, name, "null");
}

void json_time(struct answer *out, const char *name, int64_t at_s)
{
	char text[TIME_TEXT];

	json_text(out, name, at_s > 0 ? time_text(at_s, text) : NULL);
}

void json_id(struct answer *out, const char *name, const struct id *id)
{
	char text[ID_TEXT];

	json_text(out, name, id_text(id, text));
}
