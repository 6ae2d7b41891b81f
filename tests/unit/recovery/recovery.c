/* Codes of Crockford's base32, and the digests of recovery codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "recovery/recovery.h"

static struct keyring *keys;

static int make_keyring(void **state)
{
	char folder[] = "/tmp/twostep-recovery-XXXXXX", path[64];
	const char *why = "";

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/keyring", folder);
	enum err err = keyring_open(path, true, &keys, &why);
	unlink(path);
	rmdir(folder);
	return err ? -1 : 0;
}

static int free_keyring(void **state)
{
	(void)state;
	keyring_free(keys);
	return 0;
}

static void reads_what_people_type(void **state)
{
	static const struct { const char *typed, *code; } cases[] = {
		{ "0123456789ABCDEF", "0123456789ABCDEF" }, { "GHJKMNPQRSTVWXYZ", "GHJKMNPQRSTVWXYZ" },
		{ "ghjkmnpqrstvwxyz", "GHJKMNPQRSTVWXYZ" }, { "OoIiLlOoIiLlOoIi", "0011110011110011" },
		{ "", NULL },                               { "0123456789ABCDE", NULL },
		{ "0123456789ABCDEF0", NULL },              { "0123-4567-89AB-CDEF", NULL },
		{ "0123456789ABCDE ", NULL },               { "U123456789ABCDEF", NULL },
		{ "u123456789ABCDEF", NULL },               { "@123456789ABCDEF", NULL },
		{ "[123456789ABCDEF", NULL },               { "`123456789ABCDEF", NULL },
		{ "{123456789ABCDEF", NULL },               { "/123456789ABCDEF", NULL },
		{ ":123456789ABCDEF", NULL },               { "\uff10123456789ABC", NULL },
		{ "0123456789ABCDE\xff", NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char code[RECOVERY_CODE_CHARS + 1] = "untouched";
		enum err err = crockford_read(cases[i].typed, code, RECOVERY_CODE_CHARS);
		if (err != (cases[i].code ? OK : ERR_CODE_REFUSED))
			fail_msg("\"%s\": err %d", cases[i].typed, err);
		assert_string_equal(code, cases[i].code ? cases[i].code : "untouched");
	}
}

static void groups_in_fours(void **state)
{
	static const size_t chars[] = { 4, 12, 16 };
	(void)state;
	for (size_t i = 0; i < COUNT(chars); i++) {
		char code[RECOVERY_CODE_TEXT + 1];
		memset(code, '#', sizeof(code));
		assert_int_equal(crockford_new(code, chars[i]), OK);
		assert_int_equal(strlen(code) + 1, chars[i] + chars[i] / 4);
		assert_int_equal(code[chars[i] + chars[i] / 4], '#'); /* nothing behind the room that the header names */
		for (size_t at = 0; code[at]; at++)
			assert_int_equal(code[at] == '-', at % 5 == 4);
	}
}

/* 20,000 characters: each of the 32 about 625 times, at each place of a code. */
static void uses_the_whole_alphabet_evenly(void **state)
{
	int seen[128] = { 0 }, kinds = 0;

	(void)state;
	for (int run = 0; run < 1250; run++) {
		char code[RECOVERY_CODE_TEXT];
		assert_int_equal(crockford_new(code, RECOVERY_CODE_CHARS), OK);
		for (size_t at = 0; code[at]; at++)
			seen[(unsigned char)code[at]]++;
	}
	for (int c = 0; c < 128; c++)
		if (seen[c] && c != '-') {
			kinds++;
			assert_non_null(strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", c));
			assert_in_range(seen[c], 450, 800);
		}
	assert_int_equal(kinds, 32);
}

static void makes_ten_different_codes(void **state)
{
	struct recovery_set set, again, none = { 0 };

	(void)state;
	assert_int_equal(recovery_set_new(&set), OK);
	assert_int_equal(recovery_set_new(&again), OK);
	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		assert_int_equal(strlen(set.code[i]), RECOVERY_CODE_TEXT - 1);
		assert_string_not_equal(set.code[i], again.code[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(set.code[i], set.code[j]);
	}
	recovery_set_wipe(&set);
	assert_memory_equal(&set, &none, sizeof(set));
}

static void digests_each_spelling_alike(void **state)
{
	static const char *const same[] = { "0123456789ABCDEF", "o123456789abcdef", "OI23456789AbCdEf", "0L23456789ABCDEF" };
	const struct id account = { { 1 } }, set = { { 2 } };
	uint8_t first[DIGEST_BYTES], digest[DIGEST_BYTES];

	(void)state;
	assert_int_equal(recovery_digest(keys, &account, &set, same[0], first), OK);
	for (size_t i = 1; i < COUNT(same); i++) {
		assert_int_equal(recovery_digest(keys, &account, &set, same[i], digest), OK);
		assert_memory_equal(first, digest, sizeof(first));
	}
	memset(digest, 7, sizeof(digest));
	assert_int_equal(recovery_digest(keys, &account, &set, "0123456789ABCDE", digest), ERR_CODE_REFUSED);
	assert_int_equal(digest[0], 7);
}

/* A digest moved to another account or set, or of another code, fits nothing. */
static void binds_account_set_and_code(void **state)
{
	static const struct { struct id account, set; const char *code; } others[] = {
		{ { { 3 } }, { { 2 } }, "0123456789ABCDEF" },
		{ { { 1 } }, { { 3 } }, "0123456789ABCDEF" },
		{ { { 2 } }, { { 1 } }, "0123456789ABCDEF" },
		{ { { 1 } }, { { 2 } }, "0123456789ABCDEG" },
		{ { { 1 } }, { { 2 } }, "1123456789ABCDEF" },
	};
	const struct id account = { { 1 } }, set = { { 2 } };
	uint8_t right[DIGEST_BYTES], other[DIGEST_BYTES];

	(void)state;
	assert_int_equal(recovery_digest(keys, &account, &set, "0123456789ABCDEF", right), OK);
	for (size_t i = 0; i < COUNT(others); i++) {
		assert_int_equal(recovery_digest(keys, &others[i].account, &others[i].set, others[i].code, other), OK);
		assert_memory_not_equal(right, other, sizeof(right));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_people_type),      cmocka_unit_test(groups_in_fours),
		cmocka_unit_test(uses_the_whole_alphabet_evenly), cmocka_unit_test(makes_ten_different_codes),
		cmocka_unit_test(digests_each_spelling_alike), cmocka_unit_test(binds_account_set_and_code),
	};
	return cmocka_run_group_tests(tests, make_keyring, free_keyring);
}
