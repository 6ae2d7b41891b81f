/* User-Agent and Accept-Language: words of our own come out, never the visitor's. */
#include "fuzz.h"
#include "base/settings.h"
#include "http/call.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const struct view text = { (const char *)bytes, length };
	struct request request = { .method = GET, .headers = { { { "User-Agent", 10 }, text }, { { "Accept-Language", 15 }, text } },
		                       .header_count = 2 };
	SCOPED(arena_done) struct arena arena = { 0 };
	const char *browser = call_browser(&arena, &request);

	if (!*browser || strlen(browser) > 60 || strspn(browser, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz .") != strlen(browser))
		abort();
	if (call_language(&request, LOCALE_KO) >= LOCALE_COUNT)
		abort();
	return 0;
}
