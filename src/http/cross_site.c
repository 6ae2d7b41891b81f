#include "http/cross_site.h"

#include <strings.h>

#include "base/base.h"

#include "base/banned.h"

enum origin { ORIGIN_WRONG, ORIGIN_NONE, ORIGIN_OURS };

/* Of all Origin lines; the settings write the public URL as browsers write an origin. */
static enum origin origin_of(const struct call *call)
{
	enum origin found = ORIGIN_NONE;

	for (size_t i = 0; i < call->request->header_count; i++) {
		const struct header *header = &call->request->headers[i];

		if (!view_ascii_same(header->name, "Origin"))
			continue;
		if (!view_same(header->value, call->settings->public_url))
			return ORIGIN_WRONG;
		found = ORIGIN_OURS;
	}
	return found;
}

/* As sign_in/guard.c sees it: where it finds a token, it looks at no cookie. */
static bool has_bearer(const struct request *request)
{
	static const char scheme[] = "bearer ";
	const struct view *value = request_header(request, "Authorization", NULL);
	size_t skip = sizeof(scheme) - 1;

	return value && value->length > skip && !strncasecmp(value->bytes, scheme, skip);
}

static bool is_same_origin(const struct request *request)
{
	const struct view *site = request_header(request, "Sec-Fetch-Site", NULL);

	return site && view_same(*site, "same-origin");
}

enum err cross_site_check(const struct call *call)
{
	enum origin origin;

	if (call->request->method & (GET | HEAD))
		return OK;
	if (call->surface->json && has_bearer(call->request))
		return OK;
	origin = origin_of(call);
	if (origin == ORIGIN_OURS || (origin == ORIGIN_NONE && is_same_origin(call->request)))
		return OK;
	return call->surface->json && origin == ORIGIN_NONE && !cookie_any(call) ? OK : ERR_CROSS_SITE;
}
