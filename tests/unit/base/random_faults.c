/* getrandom that gives little, is interrupted, gives nothing, or fails: all bytes or none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/types.h>

#include "base/base.h"
#include "base/id.h"
#include "base/random.h"
#include "base/token.h"

/* What the calls answer, one after the other: so many bytes at most, or an error as a negative number. The last one for ever. */
static const int *answers;
static size_t calls;

ssize_t __wrap_getrandom(void *out, size_t length, unsigned flags);

ssize_t __wrap_getrandom(void *out, size_t length, unsigned flags)
{
	int answer = answers[calls++];

	assert_int_equal(flags, 0);
	if (answer < 0) {
		errno = -answer;
		return -1;
	}
	if (length > (size_t)answer)
		length = (size_t)answer;
	memset(out, (int)calls, length);
	return (ssize_t)length;
}

static void is_all_or_nothing(void **state)
{
	static const struct { int answers[5]; enum err err; uint8_t bytes[8]; } cases[] = {
		{ { 8 }, OK, { 1, 1, 1, 1, 1, 1, 1, 1 } },
		{ { 3, 1, 4 }, OK, { 1, 1, 1, 2, 3, 3, 3, 3 } },
		{ { -EINTR, -EINTR, 5, -EINTR, 3 }, OK, { 3, 3, 3, 3, 3, 5, 5, 5 } },
		{ { -ENOSYS }, ERR_RANDOM, { 0 } },
		{ { 7, -EIO }, ERR_RANDOM, { 0 } },
		{ { 7, 0 }, ERR_RANDOM, { 0 } },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t bytes[8] = { 9, 9, 9, 9, 9, 9, 9, 9 };
		answers = cases[i].answers;
		calls = 0;
		if (random_bytes(bytes, sizeof(bytes)) != cases[i].err || memcmp(bytes, cases[i].bytes, sizeof(bytes)))
			fail_msg("row %zu", i);
	}
}

static void nothing_is_made_without(void **state)
{
	static const int failing[] = { -EIO };
	struct token token = { "untouched" };
	struct token_digest digest = { { 9 } };
	struct id id = { { 9 } };
	uint32_t number = 9;

	(void)state;
	answers = failing;
	calls = 0;
	assert_int_equal(id_new(&id), ERR_RANDOM);
	calls = 0;
	assert_int_equal(random_below(10, &number), ERR_RANDOM);
	assert_int_equal(number, 9);
	calls = 0;
	assert_int_equal(token_new(&token, &digest), ERR_RANDOM);
	assert_string_equal(token.text, "untouched");
	assert_int_equal(digest.bytes[0], 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(is_all_or_nothing), cmocka_unit_test(nothing_is_made_without) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
