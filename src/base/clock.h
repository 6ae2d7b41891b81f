/*
 * clock: what time it is, for http/ and cli/ alone; everybody else is told.
 */
#ifndef TWOSTEP_BASE_CLOCK_H
#define TWOSTEP_BASE_CLOCK_H

#include <stdint.h>

#define TIME_TEXT 21 /* 2026-11-25T01:25:47Z and NUL */

int64_t clock_now_s(void);        /* seconds since 1970-01-01T00:00:00Z */
int64_t clock_monotonic_ms(void); /* for deadlines and durations */

/* RFC 3339 in UTC, to the second; returns out. */
const char *time_text(int64_t at_s, char out[static TIME_TEXT]);

#endif
