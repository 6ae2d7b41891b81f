/* Paths: whatever way a segment was written, a handler gets text of one segment, and a route that hashes is known before by its bytes. */
#include "fuzz.h"
#include "base/text.h"
#include "http/call.h"

static bool ran;

static enum err run(struct call *call)
{
	for (size_t i = 0; i < SEGMENTS_MAX && call->segment[i]; i++) {
		const char *segment = call->segment[i];

		must(*segment && !strchr(segment, '/') && text_is_utf8(segment, strlen(segment)));
	}
	ran = true;
	return OK;
}

static const struct route routes[] = {
	{ GET, "/", ACCESS_ANYBODY, FRESH_NOT, NULL, run },
	{ GET, "/a", ACCESS_ANYBODY, FRESH_NOT, NULL, run },
	{ GET, "/a/{x}", ACCESS_ANYBODY, FRESH_NOT, NULL, run },
	{ GET | HASHES, "/a/b/{x}/{y}", ACCESS_ANYBODY, FRESH_NOT, NULL, run },
	{ GET | HASHES, "/h", ACCESS_ANYBODY, FRESH_NOT, NULL, run },
	ROUTES_END
};
static const struct route *const tables[] = { routes, NULL };

static void refuse(struct call *call, enum err err)
{
	must(err == ERR_NOT_FOUND);
	call->out->status = err_status(err);
}

static const struct surface surface = { .prefix = "/", .tables = tables, .refuse = refuse };
static const struct surface *const surfaces[] = { &surface, NULL };

static enum err guard(struct call *call)
{
	must(call->route != NULL);
	return OK;
}

static const struct router router = { .surfaces = surfaces, .guard = guard };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	SCOPED(answer_done) struct answer answer = { 0 };
	const struct request request = { .method = GET, .path = { (const char *)bytes, length } };
	struct call call = { .request = &request, .arena = &arena, .out = &answer };
	bool json = true, hashes = router_hashes(&router, &request, &json);

	ran = false;
	router_answer(&router, &call);
	must(ran == !answer.status && !json);
	if (hashes)
		must(!ran || call.route->method & HASHES); /* refused: it is not UTF-8, or has a NUL */
	return 0;
}
