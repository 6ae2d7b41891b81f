/* Moments as RFC 3339 text; a clock that goes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/clock.h"

static void writes_rfc_3339(void **state)
{
	static const struct { int64_t at_s; const char *text; } cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },           { -1, "1969-12-31T23:59:59Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },   { 1764033947, "2025-11-25T01:25:47Z" },
		{ 2147483648, "2038-01-19T03:14:08Z" },  { 4107542400, "2100-03-01T00:00:00Z" },
		{ 253402300799, "9999-12-31T23:59:59Z" }, { 253402300800, "9999-12-31T23:59:59Z" },
		{ INT64_MAX, "9999-12-31T23:59:59Z" },   { -62167219200, "0000-01-01T00:00:00Z" },
		{ INT64_MIN, "0000-01-01T00:00:00Z" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[TIME_TEXT];
		assert_string_equal(time_text(cases[i].at_s, text), cases[i].text);
	}
}

static void tells_the_time(void **state)
{
	int64_t before = clock_monotonic_ms();

	(void)state;
	assert_true(clock_now_s() > 1577836800); /* 2020 */
	assert_true(clock_monotonic_ms() >= before);
}

static int told;

static void count(void *to)
{
	(void)to;
	told++;
}

/* As it is for a server whose clock is set an hour back, and then seen to. */
static void stands_still_where_the_clock_goes_back(void **state)
{
	int64_t now_s = clock_now_s();

	(void)state;
	clock_on_jump(count, NULL);
	assert_in_range(clock_now_s(), now_s, now_s + 10);
	assert_int_equal(clock_behind_s(), 0);
	assert_int_equal(told, 0);
	clock_hold(now_s + CLOCK_STILL_S);
	assert_int_equal(clock_now_s(), now_s + CLOCK_STILL_S); /* not worth more than waiting */
	assert_int_equal(clock_behind_s(), 0);
	clock_hold(now_s + 3600);
	clock_hold(now_s + 1800); /* less than was told */
	for (int i = 0; i < 3; i++)
		assert_int_equal(clock_now_s(), now_s + 3600);
	assert_int_equal(told, 1);
	assert_in_range(clock_behind_s(), 3590, 3600);
	clock_unsure();
	clock_go_back(now_s);
	assert_in_range(clock_now_s(), now_s, now_s + 10);
	assert_int_equal(told, 1);
	clock_unsure();
	clock_go_back(now_s - CLOCK_LEAP_S - 1);
	assert_in_range(clock_now_s(), now_s, now_s + 10);
	assert_int_equal(told, 2); /* a leap */
	clock_on_jump(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(writes_rfc_3339), cmocka_unit_test(tells_the_time),
		cmocka_unit_test(stands_still_where_the_clock_goes_back) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
