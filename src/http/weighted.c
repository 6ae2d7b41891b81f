#include "http/weighted.h"

#include "base/base.h"

#include "base/banned.h"

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

bool weighted_next(struct view *list, struct weighted *out)
{
	struct view element;

	if (!list->length)
		return false;
	element = view_take(list, ',');
	out->value = view_take(&element, ';');
	out->weight = element.length ? weight_of(view_trim(element)) : WEIGHT_MAX;
	return true;
}

bool takes_gzip(const struct request *request)
{
	int gzip = -1, any = 0; /* gzip: not named */

	for (size_t i = 0; i < request->header_count; i++) {
		struct view list = request->headers[i].value;
		struct weighted coding;

		if (!view_ascii_same(request->headers[i].name, "Accept-Encoding"))
			continue;
		while (weighted_next(&list, &coding)) {
			if (view_ascii_same(coding.value, "gzip"))
				gzip = coding.weight;
			else if (view_same(coding.value, "*"))
				any = coding.weight;
		}
	}
	return gzip < 0 ? any : gzip;
}
