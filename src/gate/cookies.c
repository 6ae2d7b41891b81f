/* What an application may see of a visitor's cookies, for a proxy that cannot take single ones out (Traefik). */
#include "gate/gate_state.h"

#include "base/banned.h"

#define PASSED_BYTES_MAX 8192 /* more than that is not passed on at all */
#define OURS             "twostep"

static bool wants_cookies(const struct request *request, const struct asked *asked)
{
	const struct view *pass = asked->how == FORWARD_AUTH ? request_header(request, "Twostep-Pass", NULL) : NULL;

	return pass && view_same(*pass, "cookies");
}

/* The next of a line, without blanks around it; empty ones are skipped. False: there is none. */
static bool next_cookie(struct view *line, struct view *out)
{
	while (line->length && (*line->bytes == ' ' || *line->bytes == ';' || *line->bytes == '\t'))
		*line = (struct view){ line->bytes + 1, line->length - 1 };
	if (!line->length)
		return false;

	const char *end = memchr(line->bytes, ';', line->length);
	*out = (struct view){ line->bytes, end ? (size_t)(end - line->bytes) : line->length };
	*line = (struct view){ line->bytes + out->length, line->length - out->length };
	while (out->bytes[out->length - 1] == ' ' || out->bytes[out->length - 1] == '\t')
		out->length--;
	return true;
}

static bool is_ours(struct view cookie)
{
	const char *equals = memchr(cookie.bytes, '=', cookie.length);
	size_t length = equals ? (size_t)(equals - cookie.bytes) : cookie.length;

	return memmem(cookie.bytes, length, OURS, strlen(OURS)) != NULL;
}

/* No cookie has a control, but what a visitor sends may. */
static bool is_plain(struct view cookie)
{
	for (size_t i = 0; i < cookie.length; i++)
		if ((unsigned char)cookie.bytes[i] < ' ' || cookie.bytes[i] == 0x7f)
			return false;
	return true;
}

/* False: no room. */
static bool add_line(struct view line, char out[static PASSED_BYTES_MAX], size_t *length)
{
	for (struct view cookie; next_cookie(&line, &cookie);) {
		if (is_ours(cookie) || !is_plain(cookie))
			continue;
		if (*length + cookie.length + sizeof("; ") > PASSED_BYTES_MAX)
			return false;
		if (*length) {
			out[(*length)++] = ';';
			out[(*length)++] = ' ';
		}
		memcpy(out + *length, cookie.bytes, cookie.length);
		*length += cookie.length;
	}
	return true;
}

void gate_pass_cookies(struct answer *out, const struct request *request, const struct asked *asked)
{
	char text[PASSED_BYTES_MAX];
	size_t length = 0;

	if (!wants_cookies(request, asked))
		return;
	for (size_t i = 0; i < request->header_count; i++)
		if (view_ascii_same(request->headers[i].name, "Cookie") && !add_line(request->headers[i].value, text, &length))
			return;
	text[length] = '\0';
	if (length)
		answer_header(out, "Cookie", text);
}
