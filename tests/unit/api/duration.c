/* How long, in a person's words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "http/duration.h"

static void says_a_duration_in_its_largest_unit_rounded_up(void **state)
{
	static const struct { int64_t s; const char *en, *ko; } cases[] = {
		{ 1, "1 second", "1초" },       { 30, "30 seconds", "30초" },    { 59, "59 seconds", "59초" },
		{ 60, "1 minute", "1분" },      { 61, "2 minutes", "2분" },      { 120, "2 minutes", "2분" },
		{ 3540, "59 minutes", "59분" }, { 3541, "1 hour", "1시간" },     { 3600, "1 hour", "1시간" },
		{ 3601, "2 hours", "2시간" },   { 86400, "24 hours", "24시간" }, { 0, "1 second", "1초" },
		{ -90, "2 minutes", "2분" },    { INT64_MIN, "876000 hours", "876000시간" },
		{ INT64_MAX, "876000 hours", "876000시간" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(buf_done) struct buf en = { 0 };
		SCOPED(buf_done) struct buf ko = { 0 };

		duration_fill(&en, LOCALE_EN, cases[i].s);
		duration_fill(&ko, LOCALE_KO, cases[i].s);
		if (strcmp(buf_string(&en), cases[i].en) || strcmp(buf_string(&ko), cases[i].ko))
			fail_msg("%" PRId64 " s: %s, %s", cases[i].s, buf_string(&en), buf_string(&ko));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(says_a_duration_in_its_largest_unit_rounded_up) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
