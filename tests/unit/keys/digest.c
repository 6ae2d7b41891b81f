/* Keyed digests, and that what version 1 wrote is read for ever (tests/vectors/keyring-1.txt). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/codec.h"
#include "sandbox.h"

static const char *vectors; /* the folder */
static struct keyring *keys;

static int open_all(void **state)
{
	if (sandbox_open(state))
		return -1;
	keys = sandbox_keyring((const uint32_t[]){ 1 }, (const uint8_t[]){ 0x11 }, 1);
	return 0;
}

static int close_all(void **state)
{
	keyring_free(keys);
	return sandbox_close(state);
}

#define PART(text) { (text), sizeof(text) - 1 }

/* No two rows are the same input, though all of some say the same letters. */
static void tells_inputs_apart(void **state)
{
	static const struct { enum digest purpose; struct digest_part parts[3]; size_t count; } cases[] = {
		{ DIGEST_EMAIL_CODE, { PART("abc") }, 1 },
		{ DIGEST_RECOVERY_CODE, { PART("abc") }, 1 },
		{ DIGEST_ADDRESS, { PART("abc") }, 1 },
		{ DIGEST_REMEMBERED_DEVICE, { PART("abc") }, 1 },
		{ DIGEST_KNOWN_DEVICE, { PART("abc") }, 1 },
		{ DIGEST_ADDRESS, { PART("abC") }, 1 },
		{ DIGEST_ADDRESS, { PART("a"), PART("bc") }, 2 },
		{ DIGEST_ADDRESS, { PART("ab"), PART("c") }, 2 },
		{ DIGEST_ADDRESS, { PART("abc"), PART("") }, 2 },
		{ DIGEST_ADDRESS, { PART(""), PART("abc") }, 2 },
		{ DIGEST_ADDRESS, { PART("a"), PART("b"), PART("c") }, 3 },
		{ DIGEST_ADDRESS, { PART("") }, 1 },
		{ DIGEST_ADDRESS, { PART("") }, 0 },
		{ DIGEST_ADDRESS, { PART("abc\0") }, 1 },
	};
	uint8_t digests[COUNT(cases)][DIGEST_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(keyring_digest(keys, cases[i].purpose, cases[i].parts, cases[i].count, digests[i]), OK);
		for (size_t j = 0; j < i; j++)
			if (!memcmp(digests[i], digests[j], DIGEST_BYTES))
				fail_msg("rows %zu and %zu have one digest", j, i);
	}
}

static void refuses_a_purpose_that_is_none(void **state)
{
	static const int purposes[] = { -1, DIGEST_NONE, DIGEST_COUNT, 257 };
	const struct digest_part part = PART("abc");
	uint8_t digest[DIGEST_BYTES] = { 7 };

	(void)state;
	for (size_t i = 0; i < COUNT(purposes); i++)
		assert_int_equal(keyring_digest(keys, (enum digest)purposes[i], &part, 1, digest), ERR_CRYPTO);
	assert_int_equal(digest[0], 7);
}

/* By the oldest key, whichever came after: a digest cannot be made anew from what is stored. */
static void digests_by_the_oldest_key(void **state)
{
	struct keyring *both = sandbox_keyring((const uint32_t[]){ 1, 2 }, (const uint8_t[]){ 0x11, 0x22 }, 2);
	struct keyring *other = sandbox_keyring((const uint32_t[]){ 1 }, (const uint8_t[]){ 0x22 }, 1);
	const struct digest_part part = PART("abc");
	uint8_t of_one[DIGEST_BYTES], of_both[DIGEST_BYTES], of_other[DIGEST_BYTES];

	(void)state;
	assert_int_equal(keyring_digest(keys, DIGEST_ADDRESS, &part, 1, of_one), OK);
	assert_int_equal(keyring_digest(both, DIGEST_ADDRESS, &part, 1, of_both), OK);
	assert_int_equal(keyring_digest(other, DIGEST_ADDRESS, &part, 1, of_other), OK);
	assert_memory_equal(of_one, of_both, DIGEST_BYTES);
	assert_memory_not_equal(of_one, of_other, DIGEST_BYTES);
	keyring_free(both);
	keyring_free(other);
}

static void check_mark(const char *hex)
{
	uint8_t mark[16];
	char text[33];

	assert_int_equal(keyring_mark(keys, mark), OK);
	hex_encode(mark, sizeof(mark), text);
	assert_string_equal(text, hex);
}

static void check_digest(int purpose, const char *hex)
{
	const struct digest_part parts[] = { PART("first part"), PART(""), PART("third") };
	uint8_t digest[DIGEST_BYTES];
	char text[2 * DIGEST_BYTES + 1];

	assert_int_equal(keyring_digest(keys, (enum digest)purpose, parts, COUNT(parts), digest), OK);
	hex_encode(digest, sizeof(digest), text);
	assert_string_equal(text, hex);
}

static void check_seal(int purpose, const char *hex)
{
	const struct id owner = { "owner's 16 bytes" }, item = { "16 bytes of item" };
	uint8_t sealed[20 + SEAL_EXTRA_BYTES], out[20];

	assert_true(hex_decode(hex, strlen(hex), sealed, sizeof(sealed)));
	assert_int_equal(keyring_open_seal(keys, (enum seal)purpose, &owner, &item, sealed, sizeof(sealed), out, sizeof(out)), OK);
	assert_memory_equal(out, "a secret of 20 bytes", sizeof(out));
}

static void reads_what_version_1_wrote(void **state)
{
	char path[4096], line[512], hex[512];
	int purpose, digests = 0, seals = 0, marks = 0;
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/keyring-1.txt", vectors);
	assert_non_null(file = fopen(path, "r"));
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "digest %d %511s", &purpose, hex) == 2)
			check_digest(purpose, hex), digests++;
		else if (sscanf(line, "seal %d %511s", &purpose, hex) == 2)
			check_seal(purpose, hex), seals++;
		else if (sscanf(line, "mark %511s", hex) == 1)
			check_mark(hex), marks++;
		else
			assert_int_equal(line[0], '#');
	}
	fclose(file);
	assert_int_equal(marks, 1);
	assert_int_equal(digests, 3);
	assert_int_equal(seals, 6);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_inputs_apart),
		cmocka_unit_test(refuses_a_purpose_that_is_none),
		cmocka_unit_test(digests_by_the_oldest_key),
		cmocka_unit_test(reads_what_version_1_wrote),
	};
	vectors = argc > 1 ? argv[1] : "tests/vectors";
	return cmocka_run_group_tests(tests, open_all, close_all);
}
