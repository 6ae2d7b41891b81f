/* Moments as RFC 3339 text. */
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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(writes_rfc_3339), cmocka_unit_test(tells_the_time) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
