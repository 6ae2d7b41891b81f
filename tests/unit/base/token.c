/* Tokens: what the browser holds and what the database keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/codec.h"
#include "base/token.h"

/* sha256sum of 32 zero bytes, and of the bytes 0 to 31. */
static void digests_by_sha_256(void **state)
{
	static const struct { const char *token, *digest; } cases[] = {
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925" },
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct token_digest digest;
		char hex[2 * TOKEN_DIGEST_BYTES + 1];
		assert_int_equal(token_parse(cases[i].token, &digest), OK);
		hex_encode(digest.bytes, sizeof(digest.bytes), hex);
		assert_string_equal(hex, cases[i].digest);
	}
}

static void makes_what_it_reads(void **state)
{
	struct token a, b;
	struct token_digest made, read;

	(void)state;
	assert_int_equal(token_new(&a, &made), OK);
	assert_int_equal(strlen(a.text), TOKEN_TEXT - 1);
	assert_int_equal(token_parse(a.text, &read), OK);
	assert_memory_equal(&made, &read, sizeof(read));
	assert_int_equal(token_new(&b, &made), OK);
	assert_string_not_equal(a.text, b.text);
	token_wipe(&a);
	assert_int_equal(a.text[0], 0);
}

static void refuses_what_is_not_exactly_one(void **state)
{
	static const char *const cases[] = {
		"", "A", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", /* the same bytes, spelt another way */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+A",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA A", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct token_digest digest = { { 7 } };
		if (token_parse(cases[i], &digest) != ERR_NOT_FOUND)
			fail_msg("takes \"%s\"", cases[i]);
		assert_int_equal(digest.bytes[0], 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_by_sha_256),
		cmocka_unit_test(makes_what_it_reads),
		cmocka_unit_test(refuses_what_is_not_exactly_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
