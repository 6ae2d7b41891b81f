/* Bytes and numbers from the system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/random.h"

/* 64 runs of 64 bytes: each byte was something else than zero once, and no bit is stuck. */
static void fills_all_of_it(void **state)
{
	uint8_t ones[64] = { 0 }, zeros[64] = { 0 }, bytes[64 + 1];

	(void)state;
	for (int run = 0; run < 64; run++) {
		bytes[64] = 0x5a;
		assert_int_equal(random_bytes(bytes, 64), OK);
		for (size_t i = 0; i < 64; i++) {
			ones[i] |= bytes[i];
			zeros[i] |= (uint8_t)~bytes[i];
		}
	}
	assert_int_equal(bytes[64], 0x5a);
	for (size_t i = 0; i < 64; i++) {
		assert_int_equal(ones[i], 0xff);
		assert_int_equal(zeros[i], 0xff);
	}
	assert_int_equal(random_bytes(bytes, 0), OK);
}

/* getrandom gives at most so much at once where the bytes are many. */
static void fills_a_large_piece(void **state)
{
	static uint8_t bytes[(1 << 20) + 3];
	size_t zeros = 0;

	(void)state;
	assert_int_equal(random_bytes(bytes, sizeof(bytes)), OK);
	for (size_t i = sizeof(bytes) - 4096; i < sizeof(bytes); i++)
		zeros += !bytes[i];
	assert_in_range(zeros, 1, 60); /* 16 expected */
}

static void stays_below_its_bound_and_reaches_all(void **state)
{
	static const uint32_t bounds[] = { 1, 2, 3, 7, 10 };
	(void)state;
	for (size_t i = 0; i < COUNT(bounds); i++) {
		uint32_t seen[10] = { 0 };
		for (int run = 0; run < 2000; run++) {
			uint32_t value = UINT32_MAX;
			assert_int_equal(random_below(bounds[i], &value), OK);
			assert_true(value < bounds[i]);
			seen[value]++;
		}
		for (uint32_t value = 0; value < bounds[i]; value++)
			assert_in_range(seen[value], 1000 / bounds[i], 4000 / bounds[i]);
	}
}

/* 3 × 2^30: without rejection the lowest third would come twice as often as each other third. */
static void has_no_bias(void **state)
{
	const uint32_t bound = UINT32_C(3) << 30;
	int lowest = 0, runs = 30000;

	(void)state;
	for (int run = 0; run < runs; run++) {
		uint32_t value = 0;
		assert_int_equal(random_below(bound, &value), OK);
		assert_true(value < bound);
		lowest += value < bound / 3;
	}
	assert_in_range(lowest, runs / 3 - 600, runs / 3 + 600); /* 82 is one standard deviation; biased: runs / 2 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_all_of_it),
		cmocka_unit_test(fills_a_large_piece),
		cmocka_unit_test(stays_below_its_bound_and_reaches_all),
		cmocka_unit_test(has_no_bias),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
