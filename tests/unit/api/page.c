/* Which part of a list is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/page.h"

#define ID_A "AAAAAAAAAAAAAAAAAAAAAA"

static enum err ask(const char *query, struct page *page, const char **wrong)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	struct request request = { .query = { query, strlen(query) } };
	struct call call = { .request = &request, .arena = &arena };
	enum err err = page_read(&call, page);

	*wrong = call.wrong;
	return err;
}

static void reads_limit_and_after(void **state)
{
	static const struct { const char *query; enum err err; const char *wrong; size_t rows; int64_t at_s; } cases[] = {
		{ "", OK, NULL, 50, 0 },
		{ "limit=1", OK, NULL, 1, 0 },
		{ "limit=200", OK, NULL, 200, 0 },
		{ "limit=201", OK, NULL, 200, 0 },
		{ "limit=999999999999999999", OK, NULL, 200, 0 },
		{ "limit=99999999999999999999", OK, NULL, 200, 0 },
		{ "limit=0000000000000000000007", OK, NULL, 7, 0 },
		{ "limit=0000000000000000000000", ERR_INVALID, "limit", 0, 0 },
		{ "limit=0", ERR_INVALID, "limit", 0, 0 },
		{ "limit=-1", ERR_INVALID, "limit", 0, 0 },
		{ "limit=%2B5", ERR_INVALID, "limit", 0, 0 },
		{ "limit=", ERR_INVALID, "limit", 0, 0 },
		{ "limit=ten", ERR_INVALID, "limit", 0, 0 },
		{ "after=7." ID_A, OK, NULL, 50, 7 },
		{ "limit=3&after=7." ID_A, OK, NULL, 3, 7 },
		{ "after=" ID_A, ERR_INVALID, "after", 0, 0 },
		{ "after=7.", ERR_INVALID, "after", 0, 0 },
		{ "after=7." ID_A "A", ERR_INVALID, "after", 0, 0 },
		{ "after=7", ERR_INVALID, "after", 0, 0 },
		{ "after=", ERR_INVALID, "after", 0, 0 },
		{ "other=1", OK, NULL, 50, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct page page = { 0 };
		const char *wrong;
		enum err err = ask(cases[i].query, &page, &wrong);

		if (err != cases[i].err || page.rows != cases[i].rows || page.after.at_s != cases[i].at_s ||
		    !wrong != !cases[i].wrong || (wrong && strcmp(wrong, cases[i].wrong)))
			fail_msg("?%s: err %d, %zu rows, at %" PRId64 ", wrong %s", cases[i].query, err, page.rows, page.after.at_s,
			         wrong ? wrong : "-");
	}
}

static void goes_on_behind_the_last_row_though_it_is_gone(void **state)
{
	static const struct { int64_t at_s; uint8_t id; bool has; } cases[] = {
		{ 8, 5, false }, { 7, 4, false }, { 7, 5, false }, { 7, 6, true }, { 6, 1, true },
	};
	struct page page = { .rows = 50, .begun = true, .after = { 7, { { 5 } } } };
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct place place = { cases[i].at_s, { { cases[i].id } } };

		if (page_has(&page, &place) != cases[i].has)
			fail_msg("%" PRId64 ".%d: not %d", cases[i].at_s, cases[i].id, cases[i].has);
	}
	page.begun = false;
	assert_true(page_has(&page, &(struct place){ 9, { { 1 } } }));
}

static void its_next_is_read_back_as_after(void **state)
{
	struct answer out = { 0 };
	struct place last = { 1764033947, { { 1, 2, 255 } } };
	struct page page = { 0 };
	const char *wrong, *from;
	char query[128] = "after=";
	(void)state;

	json_open(&out, NULL);
	json_next(&out, &last);
	json_close(&out);
	from = strstr(buf_string(&out.body), "1764033947.");
	assert_non_null(from);
	memcpy(query + 6, from, strcspn(from, "\""));
	assert_int_equal(ask(query, &page, &wrong), OK);
	assert_true(page.begun && page.after.at_s == last.at_s && id_same(&page.after.id, &last.id));
	answer_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_limit_and_after),
		cmocka_unit_test(goes_on_behind_the_last_row_though_it_is_gone),
		cmocka_unit_test(its_next_is_read_back_as_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
