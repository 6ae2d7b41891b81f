/*
 * clock: what time it is, for http/ and cli/ alone; everybody else is told.
 */
#ifndef TWOSTEP_BASE_CLOCK_H
#define TWOSTEP_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define TIME_TEXT 21 /* 2026-11-25T01:25:47Z and NUL */

#define CLOCK_STILL_S 10  /* a clock that is set back by so much is waited for */
#define CLOCK_LEAP_S  120 /* from one look to the next: more is no passing of time that anybody watched */

/*
 * Seconds since 1970-01-01T00:00:00Z, and never less than anybody was told before: where the system's clock goes back, time
 * stands still until it has caught up, or until clock_go_back().
 */
int64_t clock_now_s(void);
int64_t clock_monotonic_ms(void); /* for deadlines and durations */

/* The same to be shown, not to decide by: it sets no mark. */
int64_t clock_shown_s(void);

/*
 * A thread is marked with what clock_now_s told it. Once the clock was set back that is true no more: what goes by it is not to be
 * read or written (store/store.h). 0: it was never told.
 */
unsigned clock_mark(void);
bool clock_holds(unsigned mark);

/* How far the system's clock is behind what was told, where it is not worth waiting for; else 0. */
int64_t clock_behind_s(void);
void clock_looked(void); /* it was not: should it be later, that is told again (clock_on_jump) */

/* From here on no mark holds, and this thread has none, until one of the two below. */
void clock_unsure(void);
void clock_go_back(int64_t to_s); /* time goes on from then */
void clock_sure(void);            /* as it was told */

/* As if somebody had been told that it is then. */
void clock_hold(int64_t at_s);

/* Called from whichever thread looks at the clock, once it has gone back, or leapt. NULL: nobody, and nobody any more afterwards. */
void clock_on_jump(void (*tell)(void *to), void *to);

/* RFC 3339 in UTC, to the second; returns out. */
const char *time_text(int64_t at_s, char out[static TIME_TEXT]);

#endif
