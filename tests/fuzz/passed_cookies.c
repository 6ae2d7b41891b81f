/* The visitor's cookies as an application gets them: none of ours among them, whatever lines came. A line end begins another line. */
#include "fuzz.h"
#include "gate/gate_state.h"

static void add(struct request *request, const char *name, struct view value)
{
	request->headers[request->header_count++] = (struct header){ { name, strlen(name) }, value };
}

/* What is passed on is one line, and no part of it has our name before its '='. */
static void check_line(const char *line)
{
	const char *cookie = line + strlen("Cookie: "), *end = strstr(line, "\r\n");

	must(!strncmp(line, "Cookie: ", strlen("Cookie: ")) && end && !end[2]);
	while (cookie < end) {
		size_t length = strcspn(cookie, ";\r"), name = strcspn(cookie, "=;\r");

		must(length && !memmem(cookie, name, "twostep", 7));
		for (size_t i = 0; i < length; i++)
			must((unsigned char)cookie[i] >= ' ' && cookie[i] != 0x7f);
		cookie += length + strspn(cookie + length, "; \r");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const struct asked asked = { .how = FORWARD_AUTH };
	SCOPED(answer_done) struct answer answer = { 0 };
	struct request request = { .method = GET };
	const char *text = (const char *)bytes;

	add(&request, "Twostep-Pass", (struct view){ "cookies", 7 });
	while (length && request.header_count < REQUEST_FIELDS_MAX) {
		const char *lf = memchr(text, '\n', length);
		size_t n = lf ? (size_t)(lf - text) : length;

		add(&request, "Cookie", (struct view){ text, n });
		text += n + (lf ? 1 : 0);
		length -= n + (lf ? 1 : 0);
	}
	gate_pass_cookies(&answer, &request, &asked);
	must(!answer.head.failed);
	if (answer.head.length)
		check_line(buf_string(&answer.head));
	return 0;
}
