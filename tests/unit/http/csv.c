/* Cells as RFC 4180 writes them, and none that a spreadsheet program would run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "http/csv.h"

static void cells(void **state UNUSED)
{
	static const struct { const char *text, *cell; } cases[] = {
		{ NULL, "" },
		{ "", "" },
		{ "plain", "plain" },
		{ "two words", "two words" },
		{ "김소라", "김소라" },
		{ "a,b", "\"a,b\"" },
		{ "a;b", "\"a;b\"" },
		{ "say \"so\"", "\"say \"\"so\"\"\"" },
		{ "\"", "\"\"\"\"" },
		{ "two\nlines", "\"two\nlines\"" },
		{ "two\r\nlines", "\"two\r\nlines\"" },
		{ " blank in front", "\" blank in front\"" },
		{ "=1+1", "\"'=1+1\"" },
		{ "+1", "\"'+1\"" },
		{ "-1", "\"'-1\"" },
		{ "@SUM(A1)", "\"'@SUM(A1)\"" },
		{ "\t=1", "\"'\t=1\"" },
		{ "\r=1", "\"'\r=1\"" },
		{ " =1", "\" =1\"" },
		{ "=\"a\",b", "\"'=\"\"a\"\",b\"" },
		{ "a=1", "a=1" },
		{ "1-2", "1-2" },
		{ "who@example.com", "who@example.com" },
		{ "'=1", "'=1" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		for (int last = 0; last < 2; last++) {
			SCOPED(buf_done) struct buf out = { 0 }, wanted = { 0 };

			csv_cell(&out, cases[i].text, last);
			buf_text(&wanted, cases[i].cell);
			buf_text(&wanted, last ? "\r\n" : ",");
			if (strcmp(buf_string(&out), buf_string(&wanted)) != 0)
				fail_msg("row %zu: expected %s, got %s", i, buf_string(&wanted), buf_string(&out));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(cells) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
