#include "answers.h"

#include <jansson.h>

/* Every header that this server sends. */
static const char *const names[] = {
	"X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Date", "X-Request-Id",
	"Connection", "Content-Security-Policy", "Cache-Control", "Content-Type", "Content-Length", "Transfer-Encoding", "Location",
	"Set-Cookie", "Allow", "Retry-After", "WWW-Authenticate", "Content-Disposition", "Content-Language", "Vary", "Cookie",
	"Remote-User", "Remote-Email", "Remote-Name", "Remote-Groups", "Remote-Methods", "Remote-Second-Step-At", "Remote-Assertion",
	"Twostep-Needs",
};
static const struct { const char *name, *value; } always[] = {
	{ "X-Content-Type-Options", "nosniff" }, { "Referrer-Policy", "same-origin" }, { "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" }, { "Cache-Control", NULL }, { "X-Request-Id", NULL }, { "Date", NULL },
	{ "Content-Security-Policy", NULL },
};

static bool is_known(struct view name)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (view_same(name, names[i]))
			return true;
	return false;
}

/* Takes a line with its CRLF off the text. */
static struct view take_line(struct view *text)
{
	const char *end = memmem(text->bytes, text->length, "\r\n", 2);
	struct view line;

	must(end != NULL);
	line = (struct view){ text->bytes, (size_t)(end - text->bytes) };
	*text = (struct view){ end + 2, text->length - line.length - 2 };
	return line;
}

static int take_status(struct view *text)
{
	struct view line = take_line(text);
	int status = 0;

	must(line.length > 12 && !memcmp(line.bytes, "HTTP/1.1 ", 9) && line.bytes[12] == ' ');
	for (size_t i = 9; i < 12; i++) {
		must(line.bytes[i] >= '0' && line.bytes[i] <= '9');
		status = status * 10 + (line.bytes[i] - '0');
	}
	return status;
}

static void take_headers(struct view *text, struct answered *out)
{
	for (struct view line = take_line(text); line.length; line = take_line(text)) {
		const char *colon = memchr(line.bytes, ':', line.length);
		struct header *header = &out->headers[out->header_count++];

		must(colon && colon[1] == ' ' && out->header_count < COUNT(out->headers));
		*header = (struct header){ { line.bytes, (size_t)(colon - line.bytes) }, { colon + 2, line.length - (size_t)(colon + 2 - line.bytes) } };
		must(is_known(header->name));
		for (size_t i = 0; i < header->value.length; i++)
			must((unsigned char)header->value.bytes[i] >= ' ' && header->value.bytes[i] != 0x7f);
	}
}

const struct view *answer_field(const struct answered *answer, const char *name)
{
	for (size_t i = 0; i < answer->header_count; i++)
		if (view_same(answer->headers[i].name, name))
			return &answer->headers[i].value;
	return NULL;
}

static size_t count_of(const struct answered *answer, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < answer->header_count; i++)
		count += view_same(answer->headers[i].name, name);
	return count;
}

static void take_chunks(struct view text, struct buf *joined)
{
	for (;;) {
		struct view line = take_line(&text);
		size_t length = strtoul(line.bytes, NULL, 16);

		must(line.length && length <= text.length);
		buf_add(joined, text.bytes, length);
		text = (struct view){ text.bytes + length, text.length - length };
		must(!take_line(&text).length);
		if (!length)
			break;
	}
	must(!text.length && !joined->failed);
}

static void take_body(struct view rest, bool head_alone, struct buf *joined, struct answered *out)
{
	const struct view *length = answer_field(out, "Content-Length"), *coding = answer_field(out, "Transfer-Encoding");

	must(count_of(out, "Content-Length") + count_of(out, "Transfer-Encoding") <= 1);
	out->body = rest;
	if (head_alone || out->status == 204 || out->status == 304) {
		must(!rest.length);
	} else if (coding) {
		take_chunks(rest, joined);
		out->body = (struct view){ buf_string(joined), joined->length };
	} else {
		must(length && strtoul(length->bytes, NULL, 10) == rest.length);
	}
}

void answer_read(const struct buf *bytes, bool head_alone, struct buf *joined, struct answered *out)
{
	struct view text = { bytes->bytes, bytes->length };

	must(bytes->length > 0);
	*out = (struct answered){ .status = take_status(&text) };
	if (out->status == 100) {
		must(!take_line(&text).length);
		out->status = take_status(&text);
	}
	take_headers(&text, out);
	out->head = (struct view){ bytes->bytes, bytes->length - text.length };
	for (size_t i = 0; i < COUNT(always); i++)
		must(count_of(out, always[i].name) == 1 &&
		     (!always[i].value || view_same(*answer_field(out, always[i].name), always[i].value)));
	take_body(text, head_alone, joined, out);
}

static bool is_type(const struct answered *answer, const char *type)
{
	const struct view *found = answer_field(answer, "Content-Type");

	return found && found->length >= strlen(type) && !memcmp(found->bytes, type, strlen(type));
}

/* A refusal is a problem, but for those of /healthz, /readyz and /oauth2/, which have words of their own. */
static void check_json(const struct answered *answer, bool problem)
{
	json_t *json = json_loadb(answer->body.bytes, answer->body.length, JSON_REJECT_DUPLICATES, NULL);
	bool own_words = json_is_string(json_object_get(json, "status")) || json_is_string(json_object_get(json, "error"));

	must(json_is_object(json));
	must(problem ? answer->status >= 400 : answer->status < 400 || own_words);
	if (problem)
		must(json_integer_value(json_object_get(json, "status")) == answer->status && json_string_length(json_object_get(json, "code")));
	json_decref(json);
}

void answer_check(const struct answered *answer)
{
	bool problem = is_type(answer, "application/problem+json");

	must(!answer_has(answer, "$argon2"));
	if (!answer->body.length)
		return;
	if (problem || is_type(answer, "application/json"))
		check_json(answer, problem);
	else if (is_type(answer, "text/html"))
		must(!answer_has(answer, "<q7x"));
}

#ifdef __clang__
#define UNSEEN __attribute__((no_sanitize("coverage")))
#else
#define UNSEEN
#endif

UNSEEN static bool has(struct view text, const char *wanted)
{
	size_t length = strlen(wanted);

	for (size_t at = 0; at + length <= text.length; at++) {
		size_t same = 0;

		while (same < length && text.bytes[at + same] == wanted[same])
			same++;
		if (same == length)
			return true;
	}
	return false;
}

bool answer_has(const struct answered *answer, const char *text)
{
	return has(answer->head, text) || has(answer->body, text);
}

bool answer_member(const struct answered *answer, const char *name, char *out, size_t room)
{
	char before[40];
	const char *found;
	size_t length = 0;
	int wanted = snprintf(before, sizeof(before), "\"%s\":\"", name);

	if (!answer->body.length || !(found = memmem(answer->body.bytes, answer->body.length, before, (size_t)wanted)))
		return false;
	found += wanted;
	while (found + length < answer->body.bytes + answer->body.length && found[length] != '"')
		length++;
	if (length >= room)
		return false;
	memcpy(out, found, length);
	out[length] = '\0';
	return true;
}
