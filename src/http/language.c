/*
 * Accept-Language (RFC 9110 section 12.5.4).
 */
#include "base/base.h"
#include "http/call.h"

#include "base/banned.h"

#define WEIGHT_MAX 1000 /* q=1 */

struct choice {
	enum locale locale;
	int weight; /* 0: none yet */
};

/* Takes the part up to the mark off the text. */
static struct view take(struct view *text, char mark)
{
	const char *at = text->length ? memchr(text->bytes, mark, text->length) : NULL;
	size_t n = at ? (size_t)(at - text->bytes) : text->length;
	struct view part = { text->bytes, n };

	text->bytes += n + (at ? 1 : 0);
	text->length -= n + (at ? 1 : 0);
	return view_trim(part);
}

/* "q=0.8" in thousandths; what is no weight counts as 0, as if it had not been said. */
static int weight_of(struct view text)
{
	int weight = 0, unit = WEIGHT_MAX;

	if (text.length < 3 || text.length > 7 || (text.bytes[0] | 0x20) != 'q' || text.bytes[1] != '=')
		return 0;
	for (size_t i = 2; i < text.length; i++) {
		char c = text.bytes[i];

		if (i == 3 ? c != '.' : c < '0' || c > '9')
			return 0;
		if (i == 3)
			continue;
		weight += (c - '0') * unit;
		unit /= 10;
	}
	return weight <= WEIGHT_MAX ? weight : 0;
}

static void weigh(struct view element, const struct settings *settings, struct choice *best)
{
	struct view tag = take(&element, ';');
	int weight = element.length ? weight_of(view_trim(element)) : WEIGHT_MAX;
	enum locale locale = settings->locale;

	if (weight > best->weight && (view_same(tag, "*") || locale_from_tag(tag.bytes, tag.length, &locale)))
		*best = (struct choice){ locale, weight };
}

enum locale call_language(const struct request *request, const struct settings *settings)
{
	struct choice best = { settings->locale, 0 };

	for (size_t i = 0; i < request->header_count; i++) {
		struct view list = request->headers[i].value;

		if (!view_ascii_same(request->headers[i].name, "Accept-Language"))
			continue;
		while (list.length)
			weigh(take(&list, ','), settings, &best);
	}
	return best.locale;
}
