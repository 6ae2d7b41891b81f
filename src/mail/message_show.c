#include "base/base.h"
#include "base/codec.h"
#include "mail/message.h"

#include "base/banned.h"

static void show_byte(struct buf *out, char c)
{
	bool control = ((unsigned char)c < ' ' && c != '\n') || c == 127;

	buf_char(out, control ? '?' : c);
}

/* =XX to its byte; true where it was one. */
static bool show_hex(struct buf *out, const char *text, size_t length)
{
	char lower[3] = { 0 };
	uint8_t byte;

	if (length < 3 || text[0] != '=')
		return false;
	for (int i = 0; i < 2; i++)
		lower[i] = text[1 + i] >= 'A' && text[1 + i] <= 'F' ? (char)(text[1 + i] - 'A' + 'a') : text[1 + i];
	if (!hex_decode(lower, 2, &byte, 1))
		return false;
	show_byte(out, (char)byte);
	return true;
}

#define WORD_BEGIN "=?UTF-8?Q?"

/* An encoded word, as message.c writes them, with the fold before the next one; NULL where none begins here. */
static const char *show_word(struct buf *out, const char *word)
{
	const char *p = word + strlen(WORD_BEGIN);
	const char *end = strncmp(word, WORD_BEGIN, strlen(WORD_BEGIN)) ? NULL : strstr(p, "?=");

	if (!end)
		return NULL;
	while (p < end)
		if (show_hex(out, p, (size_t)(end - p)))
			p += 3;
		else
			show_byte(out, *p++ == '_' ? ' ' : p[-1]);
	end += 2;
	return strncmp(end, "\r\n " WORD_BEGIN, 3 + strlen(WORD_BEGIN)) ? end : end + 3;
}

/* A header's value, to the end of its line; one folded before an address goes on after the space. */
static void show_value(struct buf *out, const char *p)
{
	while (*p && (strncmp(p, "\r\n", 2) || p[2] == ' ')) {
		const char *next = show_word(out, p);
		if (next)
			p = next;
		else if (!strncmp(p, "\r\n", 2))
			p += 2;
		else
			show_byte(out, *p++);
	}
}

static enum err show_header(struct buf *out, const char *message, const char *name)
{
	const char *end = strstr(message, "\r\n\r\n"), *found = strstr(message, name);

	if (!end || !found || found > end)
		return ERR_INVALID;
	buf_text(out, name + 2);
	show_value(out, found + strlen(name));
	buf_char(out, '\n');
	return OK;
}

static void show_body(struct buf *out, const char *p, const char *end)
{
	while (p < end) {
		if (!strncmp(p, "=\r\n", 3)) {
			p += 3;
		} else if (show_hex(out, p, (size_t)(end - p))) {
			p += 3;
		} else {
			if (*p != '\r')
				show_byte(out, *p);
			p++;
		}
	}
}

/* The text part is the first: its bytes stand between the second empty line and the next boundary. */
enum err message_show(struct buf *out, const char *message)
{
	static const char *const names[] = { "\r\nFrom:", "\r\nTo:", "\r\nSubject:" };
	const char *body = strstr(message, "\r\n\r\n");
	const char *end;
	enum err err;

	for (size_t i = 0; i < COUNT(names); i++)
		if ((err = show_header(out, message, names[i])))
			return err;
	body = body ? strstr(body + 4, "\r\n\r\n") : NULL;
	end = body ? strstr(body, "\r\n--=_") : NULL;
	if (!end)
		return ERR_INVALID;

	buf_char(out, '\n');
	show_body(out, body + 4, end);
	return buf_check(out);
}
