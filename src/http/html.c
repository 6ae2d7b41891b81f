/*
 * The HTML and URL writers of answer.h.
 */
#include "base/base.h"
#include "http/answer.h"

#include "base/banned.h"

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void html_text(struct buf *out, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "&<>\"'");

		buf_add(out, text, n);
		text += n;
		if (*text)
			buf_text(out, entity(*text++));
	}
}

void html_attribute(struct buf *out, const char *text)
{
	html_text(out, text);
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Blanks and controls too are none of ours: browsers drop tabs and line ends, so that "/\t/x" leads to another host. */
static bool is_url(const char *url)
{
	static const char *const schemes[] = { "http://", "https://", "otpauth://", "data:image/svg+xml,", "data:image/svg+xml;" };

	for (const char *c = url; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return false;
	if (*url == '/')
		return url[1] != '/' && url[1] != '\\';
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (begins(url, schemes[i]))
			return true;
	return false;
}

void html_url(struct buf *out, const char *url)
{
	html_attribute(out, is_url(url) ? url : "#");
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

void url_component(struct buf *out, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		const char encoded[3] = { '%', hex[c >> 4], hex[c & 15] };

		if (is_unreserved(*text))
			buf_char(out, *text);
		else
			buf_add(out, encoded, sizeof(encoded));
	}
}
