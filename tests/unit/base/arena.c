/* Memory that lives as long as a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

static void gives_zeroed_aligned_pieces_that_do_not_overlap(void **state)
{
	SCOPED(arena_done) struct arena arena = { 0 };

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t length = 0; length < 20000; length = length * 2 + 1) {
			uint8_t *piece = arena_alloc(&arena, length);
			assert_non_null(piece);
			assert_int_equal((uintptr_t)piece % _Alignof(max_align_t), 0);
			for (size_t i = 0; i < length; i++)
				assert_int_equal(piece[i], 0); /* also where a reset gave it back full */
			memset(piece, 0xff, length);
		}
		arena_reset(&arena);
		assert_int_equal(arena.used_bytes, 0);
	}
}

static void holds_no_more_than_its_limit(void **state)
{
	SCOPED(arena_done) struct arena arena = { .limit_bytes = 4096 };

	(void)state;
	assert_null(arena_alloc(&arena, 4097));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 8));
	assert_null(arena_copy(&arena, "", SIZE_MAX));
	assert_non_null(arena_alloc(&arena, 4096));
	assert_null(arena_alloc(&arena, 1));
	arena_reset(&arena);
	for (int i = 0; i < 256; i++)
		assert_non_null(arena_alloc(&arena, 16));
	assert_null(arena_alloc(&arena, 0)); /* nothing, too, is a piece of its own */
}

static void holds_four_mebibytes_where_nothing_was_said(void **state)
{
	SCOPED(arena_done) struct arena arena = { 0 };

	(void)state;
	assert_non_null(arena_alloc(&arena, ARENA_LIMIT_BYTES));
	assert_null(arena_alloc(&arena, 1));
}

static void copies_text(void **state)
{
	SCOPED(arena_done) struct arena arena = { 0 };

	(void)state;
	assert_string_equal(arena_copy(&arena, "abcdef", 3), "abc");
	assert_string_equal(arena_copy(&arena, NULL, 0), "");
	assert_string_equal(arena_text(&arena, "text"), "text");
	assert_string_equal(arena_printf(&arena, "%d of %s", 3, "ten"), "3 of ten");
}

/* What was made of pieces of which one is missing is not whole: a reader of the flag need not have looked at each. */
static void tells_that_something_was_not_to_be_had(void **state)
{
	SCOPED(arena_done) struct arena arena = { .limit_bytes = 64 };
	SCOPED(buf_done) struct buf whole = { 0 };
	SCOPED(buf_done) struct buf cut = { .limit = 4 };

	(void)state;
	buf_text(&whole, "whole");
	buf_text(&cut, "too much");
	assert_string_equal(arena_buf(&arena, &whole), "whole");
	assert_false(arena.failed);
	assert_null(arena_buf(&arena, &cut));
	assert_true(arena.failed);
	assert_non_null(arena_text(&arena, "fits"));
	assert_true(arena.failed);

	arena_reset(&arena);
	assert_false(arena.failed);
	assert_null(arena_printf(&arena, "%070d", 1));
	assert_true(arena.failed);
	arena_reset(&arena);
	assert_null(arena_copy(&arena, "", SIZE_MAX));
	assert_true(arena.failed);
}

static void wipes_on_reset(void **state)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	char *secret = arena_text(&arena, "secret");

	(void)state;
	arena_reset(&arena);
	assert_memory_equal(secret, "\0\0\0\0\0\0", 6);
	arena_done(&arena);
	arena_done(&arena);
	assert_null(arena.first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_aligned_pieces_that_do_not_overlap),
		cmocka_unit_test(holds_no_more_than_its_limit),
		cmocka_unit_test(holds_four_mebibytes_where_nothing_was_said),
		cmocka_unit_test(copies_text),
		cmocka_unit_test(tells_that_something_was_not_to_be_had),
		cmocka_unit_test(wipes_on_reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
