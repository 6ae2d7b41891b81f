/* What a proxy says was asked for: whatever it says, what is taken is one host and one path, as every reader reads them. */
#include "fuzz.h"
#include "gate/asked.h"
#include "organizations/rule.h"

/* As http/parse.c leaves nothing else in a line. */
static bool is_clean(struct view text)
{
	for (size_t i = 0; i < text.length; i++)
		if (((unsigned char)text.bytes[i] < ' ' && text.bytes[i] != '\t') || text.bytes[i] == 0x7f)
			return false;
	return true;
}

/* The first line is the target, the second the Host, the others are headers. */
static bool build(struct view rest, struct request *out)
{
	*out = (struct request){ .method_text = { "GET", 3 }, .minor = 1 };
	for (size_t line = 0; rest.length; line++) {
		const char *end = memchr(rest.bytes, '\n', rest.length), *colon;
		struct view text = { rest.bytes, end ? (size_t)(end - rest.bytes) : rest.length };

		rest = (struct view){ text.bytes + text.length + (end ? 1 : 0), rest.length - text.length - (end ? 1 : 0) };
		if (!is_clean(text) || line - 2 == REQUEST_FIELDS_MAX)
			return false;
		if (line == 0)
			out->target = text;
		else if (line == 1)
			out->host = view_trim(text);
		else if ((colon = memchr(text.bytes, ':', text.length)) && colon > text.bytes)
			out->headers[out->header_count++] = (struct header){ { text.bytes, (size_t)(colon - text.bytes) },
				view_trim((struct view){ colon + 1, (size_t)(text.bytes + text.length - colon - 1) }) };
	}
	const char *query = out->target.length ? memchr(out->target.bytes, '?', out->target.length) : NULL;
	out->path = (struct view){ out->target.bytes, query ? (size_t)(query - out->target.bytes) : out->target.length };
	return out->target.length != 0;
}

static void check_host(const struct asked *asked)
{
	char again[HOSTNAME_TEXT];

	must(*asked->host && strspn(asked->host, "abcdefghijklmnopqrstuvwxyz0123456789-.:[]") == strlen(asked->host));
	must(!hostname_read(asked->host, asked->https, again) && !strcmp(again, asked->host));
}

static void check(const struct asked *asked)
{
	check_host(asked);
	must(asked->uri.length && asked->uri.length <= ASKED_URI_BYTES_MAX && asked->uri.bytes[0] == '/');
	for (size_t i = 0; i < asked->uri.length; i++)
		must((unsigned char)asked->uri.bytes[i] > ' ' && asked->uri.bytes[i] != 0x7f && !strchr("#\\", asked->uri.bytes[i]));
	must(asked->path.bytes == asked->uri.bytes && asked->path.length <= asked->uri.length && !memchr(asked->path.bytes, '?', asked->path.length));
	must(rule_is_method(asked->method) && asked->safe == (view_same(asked->method, "GET") || view_same(asked->method, "HEAD")));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct request request;
	struct asked asked;

	if (!build((struct view){ (const char *)bytes, length }, &request))
		return 0;
	for (int https = 0; https < 2; https++)
		if (!asked_read(&request, https, &asked))
			check(&asked);
	if (!asked_origin(&request, &asked))
		check_host(&asked);
	return 0;
}
