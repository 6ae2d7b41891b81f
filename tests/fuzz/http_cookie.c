/* Cookie lines: a line end in the input begins another one. */
#include "fuzz.h"
#include "base/settings.h"
#include "http/call.h"

static void split(struct request *request, const char *name, const char *text, size_t length)
{
	while (length && request->header_count < REQUEST_FIELDS_MAX) {
		const char *lf = memchr(text, '\n', length);
		size_t n = lf ? (size_t)(lf - text) : length;

		request->headers[request->header_count++] = (struct header){ { name, strlen(name) }, { text, n } };
		text += n + (lf ? 1 : 0);
		length -= n + (lf ? 1 : 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct request request = { .method = GET };
	struct settings settings = { .https = length % 2 };
	SCOPED(arena_done) struct arena arena = { 0 };
	struct call call = { .request = &request, .settings = &settings, .arena = &arena };

	split(&request, "Cookie", (const char *)bytes, length);
	for (enum cookie cookie = COOKIE_NONE + 1; cookie < COOKIE_COUNT; cookie++) {
		const char *value = cookie_get(&call, cookie);

		if (value && (!*value || strlen(value) > COOKIE_VALUE_BYTES || strpbrk(value, " ;,\"\\\r\n\t") || !cookie_any(&call)))
			abort();
	}
	return 0;
}
