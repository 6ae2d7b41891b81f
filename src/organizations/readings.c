/* How a path becomes the text that readings_fit.c walks over: decoded to the end, every look-alike the character it may be taken for. */
#include "organizations/readings.h"

#include <ctype.h>

#include "base/base.h"
#include "base/text.h"
#include "http/percent.h"

#include "base/banned.h"

/* Not the look-alikes of '%', '?' and '#': nothing decodes or splits behind such a mapping. */
static const struct {
	uint32_t from;
	char to;
} alike[] = {
	{ 0x0130, 'i' },  /* dotted and dotless, long s, the Kelvin sign: equal without letter case to some languages' libraries */
	{ 0x0131, 'i' },
	{ 0x017f, 's' },
	{ 0x2024, '.' },  /* one dot leader */
	{ 0x2044, '/' },  /* fraction slash */
	{ 0x212a, 'k' },
	{ 0x2215, '/' },  /* division slash */
	{ 0x2216, '\\' }, /* set minus */
	{ 0xfe52, '.' },  /* small full stop */
	{ 0xfe68, '\\' }, /* small reverse solidus */
	{ 0xff03, 0 },
	{ 0xff05, 0 },
	{ 0xff1f, 0 },
};

/* The ASCII character that it may be taken for; 0: none. */
static char alike_of(uint32_t character)
{
	if (character < 0x80)
		return (char)character;
	for (size_t i = 0; i < COUNT(alike); i++)
		if (alike[i].from == character)
			return alike[i].to;
	return character >= 0xff01 && character <= 0xff5e ? (char)(character - 0xfee0) : 0; /* full width */
}

static bool is_separator(char c)
{
	return c == '/' || c == READINGS_SOFT_SLASH;
}

/* "(S(...))" and its like, where ASP.NET keeps sessions: taken out with the slash in front. Its bytes; 0: it is none. */
static size_t session_bytes(const char *text)
{
	const char *end;

	if (!is_separator(text[0]) || text[1] != '(' || !isalpha((unsigned char)text[2]) || text[3] != '(')
		return 0;
	end = strstr(text + 3, "))");
	for (const char *at = text + 1; end && at < end; at++)
		if (is_separator(*at))
			return 0;
	return end ? (size_t)(end - text) + 2 : 0;
}

static void drop_sessions(char *text)
{
	char *start = text, *to = text;

	while (*text) {
		size_t taken = session_bytes(text);

		if (!taken || to == start) /* the slash at the very front stays */
			*to++ = *text;
		text += taken ? taken : 1;
	}
	*to = '\0';
}

static void fold(char *text)
{
	char *whole = text, *to = text;
	size_t left = strlen(text), taken;
	uint32_t character;

	for (; (taken = text_next(text, left, &character)); text += taken, left -= taken) {
		char c = alike_of(character);

		if (!c) {
			memmove(to, text, taken);
			to += taken;
		} else {
			*to++ = (c == '/' && character != '/') || c == '\\' ? READINGS_SOFT_SLASH : c;
		}
	}
	*to = '\0';
	text_ascii_lower(whole);
	drop_sessions(whole);
}

enum err readings_key(struct view path, char key[static READINGS_KEY_TEXT])
{
	enum err err;
	char text[READINGS_KEY_BYTES_MAX + 1];

	memcpy(text, path.bytes, path.length);
	text[path.length] = '\0';
	if ((err = text_nfc(text, key, READINGS_KEY_TEXT)))
		return err;
	fold(key);
	for (char *at = key; *at; at++)
		if (*at == READINGS_SOFT_SLASH)
			*at = '/';
	return OK;
}

/*
 * What all servers read alike: no escapes, nothing but ASCII, no empty segment, no dots that a file system might drop, no file in
 * the middle (index.php/x), none of what splits or cuts.
 */
static bool is_plain(struct view path)
{
	bool dotted = false;
	char before = '\0';

	for (size_t i = 0; i < path.length; before = path.bytes[i++]) {
		char c = path.bytes[i];

		if (c == '/' ? dotted || before == '/' : !isalnum((unsigned char)c) && (!c || !strchr(".-_~!$&'*+,=@", c)))
			return false;
		if (c == '.' && before == '/')
			return false;
		dotted |= c == '.';
	}
	return before != '.';
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* As every server decodes it first: that at least must be text. */
static bool is_text_once(struct view path, char *room)
{
	size_t length;

	if (!percent_decode(path, PERCENT_PATH, room, &length) || !text_is_utf8(room, length))
		return false;
	for (size_t i = 0; i < length; i++)
		if (is_control(room[i]))
			return false;
	return true;
}

static int hex_value(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 0x20) - 'a' + 10 : -1;
}

/* The value of so many digits, -1 where they are none. */
static int hex_read(const char *digits, size_t count)
{
	int value = 0;

	for (size_t i = 0; i < count; i++) {
		int digit = hex_value(digits[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* UTF-8 of what `%uXXXX` names; halves of a pair are no text, and clean drops them. */
static size_t put_unit(char *out, int unit)
{
	if (unit < 0x80) {
		out[0] = (char)unit;
		return 1;
	}
	if (unit < 0x800) {
		out[0] = (char)(0xc0 | unit >> 6);
		out[1] = (char)(0x80 | (unit & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | unit >> 12);
	out[1] = (char)(0x80 | (unit >> 6 & 0x3f));
	out[2] = (char)(0x80 | (unit & 0x3f));
	return 3;
}

struct decoding {
	char *text;
	size_t length;
};

/* Whether an escape stood at the end: it is what it means now. A broken one stays. */
static bool decode_end(struct decoding *done)
{
	char *end = done->text + done->length;
	int value;

	if (done->length >= 3 && end[-3] == '%' && (value = hex_read(end - 2, 2)) >= 0) {
		end[-3] = (char)value;
		done->length -= 2;
	} else if (done->length >= 6 && end[-6] == '%' && (end[-5] == 'u' || end[-5] == 'U') && (value = hex_read(end - 4, 4)) >= 0) {
		done->length -= 6;
		done->length += put_unit(end - 6, value);
	} else {
		return false;
	}
	return true;
}

/*
 * Decoded until nothing is left to decode. No pattern has a '%', so what fits after fewer rounds fits after all of them; only
 * a slash that a round brings to light may have been none before.
 */
static bool decode(struct view path, struct decoding *done)
{
	for (size_t i = 0; i < path.length; i++) {
		done->text[done->length++] = path.bytes[i];
		while (decode_end(done)) {
			char *last = &done->text[done->length - 1];

			if (is_control(*last))
				return false;
			if (*last == '/')
				*last = READINGS_SOFT_SLASH;
		}
	}
	done->text[done->length] = '\0';
	return true;
}

/* A longer form of what is shorter: '.' or '/' to a careless decoder. */
static bool is_overlong(const char *text)
{
	unsigned char first = (unsigned char)text[0], second = first ? (unsigned char)text[1] : 0;

	return first == 0xc0 || first == 0xc1 || (first == 0xe0 && second >= 0x80 && second < 0xa0) ||
	       (first == 0xf0 && second >= 0x80 && second < 0x90);
}

/* What a second decoding leaves that is no UTF-8: some drop it, and what others make of it fits no pattern. */
static bool clean(char *text)
{
	size_t left = strlen(text), taken;
	char *to = text;
	uint32_t character;

	for (; left; text += taken, left -= taken) {
		if ((taken = text_next(text, left, &character))) {
			memmove(to, text, taken);
			to += taken;
		} else if (is_overlong(text)) {
			return false;
		} else {
			taken = 1;
		}
	}
	*to = '\0';
	return true;
}

static size_t count_segments(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += is_separator(*text) || *text == '?' || *text == '#';
	return count;
}

static enum err take_odd(struct view path, struct readings *out)
{
	struct decoding done = { .text = out->text[0] };
	enum err err;

	if (!is_text_once(path, out->text[1]) || !decode(path, &done) || !clean(out->text[0]))
		return ERR_INVALID;
	if ((err = text_nfc(out->text[0], out->text[1], sizeof(out->text[1]))))
		return err;
	out->texts = strcmp(out->text[0], out->text[1]) ? 2 : 1;
	for (size_t i = 0; i < out->texts; i++) {
		fold(out->text[i]);
		if (count_segments(out->text[i]) > READINGS_SEGMENTS_MAX)
			return ERR_INVALID;
	}
	return OK;
}

enum err readings_take(struct view path, struct readings *out)
{
	const char *query = path.length ? memchr(path.bytes, '?', path.length) : NULL;

	if (query)
		path.length = (size_t)(query - path.bytes);
	if (!path.length || path.bytes[0] != '/' || path.length > READINGS_PATH_BYTES_MAX || memchr(path.bytes, '#', path.length))
		return ERR_INVALID;
	out->texts = 0;
	out->plain = (struct view){ 0 };
	if (!is_plain(path))
		return take_odd(path, out);
	out->plain = path;
	return OK;
}
