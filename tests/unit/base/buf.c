/* Bytes that grow, with one sticky failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/buf.h"

static void appends(void **state)
{
	SCOPED(buf_done) struct buf buf = { 0 };

	(void)state;
	assert_string_equal(buf_string(&buf), "");
	buf_text(&buf, "a");
	buf_char(&buf, 'b');
	buf_add(&buf, "c\0d", 3);
	buf_int(&buf, INT64_MIN);
	buf_printf(&buf, "%s-%03d", "e", 7);
	assert_int_equal(buf_check(&buf), OK);
	assert_memory_equal(buf_string(&buf), "abc\0d-9223372036854775808e-007", buf.length + 1);
	assert_int_equal(buf.length, 30);
}

static void grows_by_every_length(void **state)
{
	(void)state;
	for (size_t step = 1; step < 700; step += 13) {
		SCOPED(buf_done) struct buf buf = { 0 };
		char piece[700];
		memset(piece, 'p', sizeof(piece));
		while (buf.length < 5000) {
			buf_add(&buf, piece, step);
			assert_int_equal(buf_string(&buf)[buf.length], '\0');
		}
		assert_int_equal(buf_check(&buf), OK);
		assert_int_equal(strlen(buf_string(&buf)), buf.length);
	}
}

/* Exactly the limit is taken; one more is a failure that stays, and what was there before is still whole. */
static void stops_at_its_limit_for_good(void **state)
{
	(void)state;
	for (size_t limit = 1; limit < 600; limit += 37) {
		SCOPED(buf_done) struct buf buf = { .limit = limit };
		for (size_t i = 0; i < limit; i++)
			buf_char(&buf, 'x');
		assert_int_equal(buf_check(&buf), OK);
		assert_int_equal(buf.length, limit);
		buf_add(&buf, "", 0);
		assert_int_equal(buf_check(&buf), OK);
		buf_char(&buf, 'y');
		assert_int_equal(buf_check(&buf), ERR_MEMORY);
		assert_int_equal(buf.length, limit);
		assert_null(strchr(buf_string(&buf), 'y'));
		assert_null(buf_grow(&buf, 0));
		buf_reset(&buf);
		buf_char(&buf, 'z');
		assert_int_equal(buf_check(&buf), OK);
		assert_string_equal(buf_string(&buf), "z");
	}
}

static void refuses_absurd_lengths(void **state)
{
	SCOPED(buf_done) struct buf buf = { 0 };

	(void)state;
	buf_text(&buf, "abc");
	assert_null(buf_grow(&buf, SIZE_MAX));
	assert_null(buf_grow(&buf, SIZE_MAX - 2));
	assert_int_equal(buf_check(&buf), ERR_MEMORY);
	buf_reset(&buf);
	assert_null(buf_grow(&buf, BUF_LIMIT_BYTES + 1));
}

static void takes_what_was_written_into_its_room(void **state)
{
	SCOPED(buf_done) struct buf buf = { 0 };
	char *to;

	(void)state;
	assert_non_null(to = buf_grow(&buf, 300));
	memset(to, 'r', 300);
	buf_grown(&buf, 300);
	assert_int_equal(strlen(buf_string(&buf)), 300);
}

static void wipes_on_reset(void **state)
{
	SCOPED(buf_done) struct buf buf = { 0 };

	(void)state;
	buf_text(&buf, "secret");
	buf_reset(&buf);
	for (size_t i = 0; i < buf.room; i++)
		assert_int_equal(buf.bytes[i], 0);
	buf_done(&buf);
	assert_null(buf.bytes);
	buf_text(&buf, "again");
	assert_string_equal(buf_string(&buf), "again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends),
		cmocka_unit_test(grows_by_every_length),
		cmocka_unit_test(stops_at_its_limit_for_good),
		cmocka_unit_test(refuses_absurd_lengths),
		cmocka_unit_test(takes_what_was_written_into_its_room),
		cmocka_unit_test(wipes_on_reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
