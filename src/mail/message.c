#include "mail/message.h"

#include <time.h>

#include "base/base.h"
#include "base/codec.h"
#include "base/random.h"
#include "base/text.h"

#include "base/banned.h"

#define QP_LINE    75 /* and the '=' of a soft break: RFC 2045 section 6.7 (5) */
#define WORD_BYTES 52 /* between =?UTF-8?Q? and ?=, so that header name and word stay below 76: RFC 2047 section 2 */
#define PLAIN_HEADER_BYTES 60 /* longer ones are folded, as words */
#define MARK_BYTES 16 /* of random in Message-ID and boundary */

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static void add_hex(struct buf *out, char c)
{
	static const char digits[] = "0123456789ABCDEF";

	buf_char(out, '=');
	buf_char(out, digits[(unsigned char)c >> 4]);
	buf_char(out, digits[(unsigned char)c & 15]);
}

/* One line without its end. A space at its end is written as a byte: it gets lost on the way. */
static void add_line(struct buf *out, const char *line, size_t length)
{
	size_t column = 0;

	for (size_t i = 0; i < length; i++) {
		char c = line[i];
		bool plain = (c > ' ' && c <= '~' && c != '=') || (c == ' ' && i + 1 < length);
		size_t width = plain ? 1 : 3;
		if (column + width > QP_LINE) {
			buf_text(out, "=\r\n");
			column = 0;
		}
		if (plain)
			buf_char(out, c);
		else
			add_hex(out, c);
		column += width;
	}
}

static void add_body(struct buf *out, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		add_line(out, text, length);
		buf_text(out, "\r\n");
		text += length + (text[length] == '\n');
	}
}

/* Length of the character that begins here; the text is well-formed UTF-8. */
static size_t character_length(const char *text)
{
	size_t length = 1;

	while (((unsigned char)text[length] & 0xC0) == 0x80)
		length++;
	return length;
}

static void add_word_character(struct buf *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (is_alnum(text[i]))
			buf_char(out, text[i]);
		else if (text[i] == ' ')
			buf_char(out, '_');
		else
			add_hex(out, text[i]);
}

/* RFC 2047 section 5: no character is split between two words; the fold between them is not part of the text. */
static void add_words(struct buf *out, const char *text)
{
	SCOPED(buf_done) struct buf character = { 0 };
	size_t used = 0;

	buf_text(out, "=?UTF-8?Q?");
	while (*text) {
		size_t length = character_length(text);
		buf_reset(&character);
		add_word_character(&character, text, length);
		out->failed |= character.failed;
		if (used + character.length > WORD_BYTES) {
			buf_text(out, "?=\r\n =?UTF-8?Q?");
			used = 0;
		}
		buf_text(out, buf_string(&character));
		used += character.length;
		text += length;
	}
	buf_text(out, "?=");
}

/* As it is where that is short ASCII that nobody takes for an encoded word; quoted where it stands before an address. */
static bool is_plain(const char *text)
{
	if (strlen(text) > PLAIN_HEADER_BYTES || strstr(text, "=?"))
		return false;
	for (const char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return true;
}

static bool header_allowed(const char *value)
{
	return text_is_utf8(value, strlen(value)) && !text_has_controls(value);
}

static enum err mail_header(struct buf *out, const char *name, const char *value)
{
	if (!header_allowed(value))
		return ERR_INVALID;
	buf_text(out, name);
	buf_text(out, ": ");
	if (is_plain(value))
		buf_text(out, value);
	else
		add_words(out, value);
	buf_text(out, "\r\n");
	return OK;
}

/* An address that needs no quoting: what email_read and the settings let through. */
static bool address_allowed(const char *address)
{
	const char *at = strrchr(address, '@');

	if (!at || at == address || !at[1])
		return false;
	for (const char *p = address; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("<>()[]\\,;:\"", *p))
			return false;
	return true;
}

static void add_quoted(struct buf *out, const char *text)
{
	buf_char(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_char(out, '\\');
		buf_char(out, *text);
	}
	buf_char(out, '"');
}

/* The display name may be NULL. A long address goes on a line of its own. */
static enum err mail_address(struct buf *out, const char *header, const char *name, const char *address)
{
	if (!address_allowed(address) || (name && !header_allowed(name)))
		return ERR_INVALID;
	buf_text(out, header);
	buf_text(out, ":");
	if (name) {
		buf_char(out, ' ');
		if (is_plain(name))
			add_quoted(out, name);
		else
			add_words(out, name);
	}
	buf_text(out, name || strlen(address) > PLAIN_HEADER_BYTES ? "\r\n <" : " <");
	buf_text(out, address);
	buf_text(out, ">\r\n");
	return OK;
}

/* RFC 5322 section 3.3, in English whatever the language of the mail. */
static enum err mail_date(struct buf *out, int64_t at_s)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t at = (time_t)at_s;
	struct tm tm;

	if (!gmtime_r(&at, &tm))
		return ERR_INVALID;
	buf_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
	        1900 + tm.tm_year, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return OK;
}

static enum err random_mark(char out[static 2 * MARK_BYTES + 1])
{
	uint8_t bytes[MARK_BYTES];
	enum err err = random_bytes(bytes, sizeof(bytes));

	hex_encode(bytes, sizeof(bytes), out);
	return err;
}

/* Folded only where it must be: some readers take the space of the fold for a part of it. */
static void mail_id(struct buf *out, const char *mark, const char *domain)
{
	buf_text(out, strlen(mark) + strlen(domain) > PLAIN_HEADER_BYTES ? "Message-ID:\r\n <" : "Message-ID: <");
	buf_text(out, mark);
	buf_char(out, '@');
	buf_text(out, domain);
	buf_text(out, ">\r\n");
}

static enum err add_head(struct buf *out, const struct message *message)
{
	char mark[2 * MARK_BYTES + 1];
	enum err err;

	if ((err = mail_date(out, message->at_s)) ||
	    (err = mail_address(out, "From", message->sender, message->from)) ||
	    (err = mail_address(out, "To", NULL, message->to)) ||
	    (err = mail_header(out, "Subject", message->subject)) ||
	    (err = random_mark(mark)))
		return err;

	mail_id(out, mark, strrchr(message->from, '@') + 1);
	buf_text(out, "MIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\nContent-Language: ");
	buf_text(out, locale_tag(message->locale));
	buf_text(out, "\r\n");
	return OK;
}

static void add_part(struct buf *out, const char *boundary, const char *type, const char *body)
{
	buf_printf(out, "--=_%s\r\nContent-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
	        boundary, type);
	add_body(out, body);
	buf_text(out, "\r\n");
}

/* "=_" never stands in quoted-printable text, so that no body can hold the boundary. */
enum err message_write(struct buf *out, const struct message *message)
{
	char boundary[2 * MARK_BYTES + 1];
	enum err err;

	if ((err = add_head(out, message)) || (err = random_mark(boundary)))
		return err;

	buf_printf(out, "Content-Type: multipart/alternative;\r\n boundary=\"=_%s\"\r\n\r\n", boundary);
	add_part(out, boundary, "text/plain", message->text);
	add_part(out, boundary, "text/html", message->html);
	buf_printf(out, "--=_%s--\r\n", boundary);
	return buf_check(out);
}
