#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/base.h"

#include "base/banned.h"

#define YEAR_0_S    INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define YEAR_9999_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z: RFC 3339 has four digits for the year */

static atomic_int_fast64_t told_s; /* the latest that anybody was told */
static atomic_uint turn = 2;       /* another each time that the clock is set back; odd: nobody knows how late it is */
static _Thread_local unsigned mark;
static atomic_bool noticed;        /* that the system's clock is behind it */
static pthread_mutex_t jump_mutex = PTHREAD_MUTEX_INITIALIZER;
static void (*jump_tell)(void *to); /* under jump_mutex */
static void *jump_to;

static int64_t system_s(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

static void tell_jump(void)
{
	pthread_mutex_lock(&jump_mutex);
	if (jump_tell)
		jump_tell(jump_to);
	pthread_mutex_unlock(&jump_mutex);
}

int64_t clock_shown_s(void)
{
	int64_t now = system_s(), before = atomic_load_explicit(&told_s, memory_order_relaxed), told = before;

	while (now > told && !atomic_compare_exchange_weak_explicit(&told_s, &told, now, memory_order_relaxed, memory_order_relaxed))
		;
	if (before && now > before + CLOCK_LEAP_S)
		tell_jump();
	if (now + CLOCK_STILL_S < told && !atomic_exchange(&noticed, true))
		tell_jump();
	return now > told ? now : told;
}

int64_t clock_now_s(void)
{
	mark = atomic_load(&turn); /* first: a mark may be older than what was told, never newer */
	return clock_shown_s();
}

unsigned clock_mark(void)
{
	return mark;
}

bool clock_holds(unsigned of)
{
	return !of || (!(of & 1) && of == atomic_load(&turn));
}

int64_t clock_behind_s(void)
{
	int64_t behind_s = atomic_load(&told_s) - system_s();

	return behind_s > CLOCK_STILL_S ? behind_s : 0;
}

void clock_looked(void)
{
	atomic_store(&noticed, false);
}

void clock_unsure(void)
{
	mark = 0;
	atomic_fetch_add(&turn, 1);
}

void clock_go_back(int64_t to_s)
{
	atomic_store(&told_s, to_s);
	atomic_store(&noticed, false);
	atomic_fetch_add(&turn, 1);
}

void clock_sure(void)
{
	atomic_fetch_add(&turn, 1);
}

void clock_hold(int64_t at_s)
{
	if (at_s > atomic_load(&told_s))
		atomic_store(&told_s, at_s);
}

void clock_on_jump(void (*tell)(void *to), void *to)
{
	pthread_mutex_lock(&jump_mutex);
	jump_tell = tell;
	jump_to = to;
	pthread_mutex_unlock(&jump_mutex);
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
