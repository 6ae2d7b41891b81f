/*
 * Accept-Language (RFC 9110 section 12.5.4).
 */
#include "base/base.h"
#include "http/call.h"
#include "http/weighted.h"

#include "base/banned.h"

struct choice {
	enum locale locale;
	int weight; /* 0: none yet */
};

static void weigh(const struct weighted *tag, enum locale otherwise, struct choice *best)
{
	enum locale locale = otherwise;

	if (tag->weight > best->weight && (view_same(tag->value, "*") || locale_from_tag(tag->value.bytes, tag->value.length, &locale)))
		*best = (struct choice){ locale, tag->weight };
}

enum locale call_language(const struct request *request, enum locale otherwise)
{
	struct choice best = { otherwise, 0 };

	for (size_t i = 0; i < request->header_count; i++) {
		struct view list = request->headers[i].value;
		struct weighted tag;

		if (!view_ascii_same(request->headers[i].name, "Accept-Language"))
			continue;
		while (weighted_next(&list, &tag))
			weigh(&tag, otherwise, &best);
	}
	return best.locale;
}
