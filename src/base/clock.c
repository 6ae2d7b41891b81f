#include "base/clock.h"

#include <time.h>

#include "base/base.h"

#include "base/banned.h"

#define YEAR_0_S    INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define YEAR_9999_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z: RFC 3339 has four digits for the year */

int64_t clock_now_s(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

int64_t clock_monotonic_ms(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static char *digits(char *out, int value, int count, char after)
{
	for (int i = count - 1; i >= 0; i--, value /= 10)
		out[i] = (char)('0' + value % 10);
	out[count] = after;
	return out + count + 1;
}

const char *time_text(int64_t at_s, char out[static TIME_TEXT])
{
	time_t at = at_s < YEAR_0_S ? YEAR_0_S : at_s > YEAR_9999_S ? YEAR_9999_S : at_s;
	struct tm tm = { 0 };
	char *p = out;

	gmtime_r(&at, &tm);
	p = digits(p, tm.tm_year + 1900, 4, '-');
	p = digits(p, tm.tm_mon + 1, 2, '-');
	p = digits(p, tm.tm_mday, 2, 'T');
	p = digits(p, tm.tm_hour, 2, ':');
	p = digits(p, tm.tm_min, 2, ':');
	p = digits(p, tm.tm_sec, 2, 'Z');
	*p = '\0';
	return out;
}
