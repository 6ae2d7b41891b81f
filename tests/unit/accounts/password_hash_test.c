#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

#include "accounts/password_hash.h"

/* What the code under test gets of the system, and gives back (--wrap). */
void *__real_mmap64(void *address, size_t length, int protection, int flags, int file, off_t at);
void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int file, off_t at);
int __real_munmap(void *address, size_t length);
int __wrap_munmap(void *address, size_t length);

static struct {
	unsigned char *bytes;
	size_t length;
	unsigned got, given;
	bool fails;
} memory;

void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int file, off_t at)
{
	if (memory.fails) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	memory.got++;
	memory.length = length;
	memory.bytes = __real_mmap64(address, length, protection, flags, file, at);
	return memory.bytes;
}

int __wrap_munmap(void *address, size_t length)
{
	memory.given++;
	return __real_munmap(address, length);
}

static int begin_empty(void **state)
{
	(void)state;
	password_hash_rest();
	memset(&memory, 0, sizeof(memory));
	return 0;
}

/* Hashes that libsodium made open; and libsodium reads ours. */
static void are_texts_as_libsodium_writes_them(void **state)
{
	char theirs[HASH_TEXT], ours[HASH_TEXT] = "", other[HASH_TEXT], nobodys[HASH_TEXT];
	static const char right[] = "Correct-Horse7-Staple", wrong[] = "Correct-Horse7-Stable";
	(void)state;

	assert_int_equal(crypto_pwhash_argon2id_str(theirs, right, strlen(right), HASH_PASSES, HASH_MEMORY_BYTES), 0);
	assert_int_equal(password_hash_compare(theirs, right), OK);
	assert_int_equal(password_hash_compare(theirs, wrong), ERR_CREDENTIALS);
	assert_false(password_hash_outdated(theirs));

	assert_int_equal(password_hash_make(right, ours), OK);
	assert_int_equal(crypto_pwhash_argon2id_str_verify(ours, right, strlen(right)), 0);
	assert_int_equal(crypto_pwhash_argon2id_str_verify(ours, wrong, strlen(wrong)), -1);

	assert_int_equal(crypto_pwhash_argon2id_str(other, right, strlen(right), HASH_PASSES + 1, HASH_MEMORY_BYTES / 2), 0);
	assert_int_equal(password_hash_compare(other, right), OK);
	assert_true(password_hash_outdated(other));

	password_hash_of_nobody(nobodys);
	assert_int_equal(password_hash_compare(nobodys, right), ERR_CREDENTIALS);
	assert_false(password_hash_outdated(nobodys));
}

static void assert_wiped(void)
{
	for (size_t i = 0; i < memory.length; i++)
		if (memory.bytes[i])
			fail_msg("byte %zu of %zu was left", i, memory.length);
}

/* One piece for all hashes of a thread, with nothing of a password in it. */
static void memory_is_kept_wiped_and_given_back(void **state)
{
	static const char right[] = "Correct-Horse7-Staple";
	char made[HASH_TEXT];
	(void)state;

	assert_int_equal(password_hash_make(right, made), OK);
	assert_true(memory.length >= HASH_MEMORY_BYTES);
	assert_wiped();
	assert_int_equal(password_hash_compare(made, right), OK);
	assert_int_equal(password_hash_compare(made, "Correct-Horse7-Stable"), ERR_CREDENTIALS);
	assert_wiped();
	assert_int_equal(memory.got, 1);
	assert_int_equal(memory.given, 0);
	password_hash_rest();
	password_hash_rest();
	assert_int_equal(memory.given, 1);
	assert_int_equal(password_hash_compare(made, right), OK);
	assert_int_equal(memory.got, 2);
}

/* A hash of other settings wants more: there is never less than it asks for. */
static void memory_grows_with_the_settings(void **state)
{
	static const char right[] = "Correct-Horse7-Staple";
	char large[HASH_TEXT], made[HASH_TEXT];
	(void)state;

	assert_int_equal(crypto_pwhash_argon2id_str(large, right, strlen(right), 1, 2 * HASH_MEMORY_BYTES), 0);
	memset(&memory, 0, sizeof(memory));
	assert_int_equal(password_hash_make(right, made), OK);
	assert_int_equal(password_hash_compare(large, right), OK);
	assert_true(memory.length >= 2 * HASH_MEMORY_BYTES);
	assert_int_equal(memory.got, 2);
	assert_int_equal(memory.given, 1);
	assert_int_equal(password_hash_compare(made, right), OK);
	assert_int_equal(memory.got, 2);
}

static void without_memory_nobody_can_tell(void **state)
{
	static const char right[] = "Correct-Horse7-Staple";
	char made[HASH_TEXT];
	(void)state;

	assert_int_equal(password_hash_make(right, made), OK);
	password_hash_rest();
	memory.fails = true;
	assert_int_equal(password_hash_compare(made, right), ERR_CRYPTO);
	assert_int_equal(password_hash_make(right, made), ERR_CRYPTO);
	memory.fails = false;
	assert_int_equal(password_hash_compare(made, right), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(are_texts_as_libsodium_writes_them, begin_empty),
		cmocka_unit_test_setup(memory_is_kept_wiped_and_given_back, begin_empty),
		cmocka_unit_test_setup(memory_grows_with_the_settings, begin_empty),
		cmocka_unit_test_setup(without_memory_nobody_can_tell, begin_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
