#include "http/duration.h"

#include <stdio.h>

#include "base/base.h"
#include "base/banned.h"

#define DURATION_MAX_S (100LL * 365 * 24 * 60 * 60) /* beyond it nobody is told how long; keeps the sums in range */

struct unit {
	int64_t seconds, below; /* used where fewer than `below` of it are needed */
	enum msg one, many;
};

static const struct unit units[] = {
	{ 1, 60, MSG_DURATION_SECOND, MSG_DURATION_SECONDS },
	{ 60, 60, MSG_DURATION_MINUTE, MSG_DURATION_MINUTES },
	{ 60 * 60, INT64_MAX, MSG_DURATION_HOUR, MSG_DURATION_HOURS },
};

static int64_t in_range(int64_t duration_s)
{
	if (duration_s < -DURATION_MAX_S || duration_s > DURATION_MAX_S)
		return DURATION_MAX_S;
	if (duration_s < 0)
		return -duration_s;
	return duration_s ? duration_s : 1;
}

void duration_fill(struct buf *out, enum locale locale, int64_t duration_s)
{
	int64_t seconds = in_range(duration_s), count = seconds;
	const struct unit *unit = units;

	for (size_t i = 0; i < COUNT(units); i++) {
		unit = &units[i];
		count = (seconds + unit->seconds - 1) / unit->seconds;
		if (count < unit->below)
			break;
	}

	char number[24];
	snprintf(number, sizeof(number), "%" PRId64, count);
	const struct lang_arg args[] = { { "n", number } };
	lang_fill(out, locale, count == 1 ? unit->one : unit->many, args, COUNT(args));
}
