#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "base/base.h"
#include "fixture.h"

/* RFC 7515 appendix A.3.1: the key, and the signature of A.3.1 over the bytes before its last dot. */
static const char d[] = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI", x[] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                  y[] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
static const char rfc7515_text[] = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                                   "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
static const char rfc7515_signature[] = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

static void point_of(const char *x_text, const char *y_text, struct es256_point *out)
{
	out->bytes[0] = 4;
	assert_true(base64url_decode(x_text, strlen(x_text), out->bytes + 1, 32));
	assert_true(base64url_decode(y_text, strlen(y_text), out->bytes + 33, 32));
}

static void the_verifier_of_these_tests_takes_the_signature_of_the_rfc(void **state)
{
	struct es256_point point;
	uint8_t signature[64];
	(void)state;

	point_of(x, y, &point);
	assert_true(base64url_decode(rfc7515_signature, strlen(rfc7515_signature), signature, sizeof(signature)));
	assert_true(verifies(point.bytes + 1, point.bytes + 33, rfc7515_text, strlen(rfc7515_text), signature));
	signature[63] ^= 1;
	assert_false(verifies(point.bytes + 1, point.bytes + 33, rfc7515_text, strlen(rfc7515_text), signature));
}

/* So many that some have a number with a zero byte in front, which DER leaves out (1 in 128). */
static void signs_with_the_key_of_the_rfc(void **state)
{
	struct es256_secret secret;
	struct es256_point point;
	EVP_PKEY *key = NULL;
	bool short_one = false;
	(void)state;

	point_of(x, y, &point);
	assert_true(base64url_decode(d, strlen(d), secret.bytes, sizeof(secret.bytes)));
	assert_int_equal(es256_open(&secret, &point, &key), OK);
	for (int i = 0; i < 200 || (!short_one && i < 10000); i++) {
		uint8_t signature[64] = { 0 };

		assert_int_equal(es256_sign(key, rfc7515_text, strlen(rfc7515_text), signature), OK);
		assert_true(verifies(point.bytes + 1, point.bytes + 33, rfc7515_text, strlen(rfc7515_text), signature));
		short_one = short_one || !signature[0] || !signature[32];
	}
	assert_true(short_one);
	EVP_PKEY_free(key);
}

static void thumbprints_are_those_of_the_rfcs(void **state)
{
	static const struct { const char *x, *y, *kid; } cases[] = {
		/* RFC 9449 sections 4.1 (the key) and 6.1 (its thumbprint) */
		{ "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
		  "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" },
		{ x, y, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U" }, /* RFC 7515's key; the value by Python's hashlib */
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct es256_point point;
		struct es256_jwk jwk;

		point_of(cases[i].x, cases[i].y, &point);
		assert_int_equal(es256_jwk_of(&point, &jwk), OK);
		assert_string_equal(jwk.kid, cases[i].kid);
		assert_string_equal(jwk.x, cases[i].x);
		assert_string_equal(jwk.y, cases[i].y);
	}
}

static void keys_differ_and_sign(void **state)
{
	struct es256_secret secret[2];
	struct es256_point point[2];
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		EVP_PKEY *key = NULL;
		uint8_t signature[64];

		assert_int_equal(es256_new(&secret[i], &point[i]), OK);
		assert_int_equal(es256_open(&secret[i], &point[i], &key), OK);
		assert_int_equal(es256_sign(key, "text", 4, signature), OK);
		assert_true(verifies(point[i].bytes + 1, point[i].bytes + 33, "text", 4, signature));
		assert_false(verifies(point[i].bytes + 1, point[i].bytes + 33, "next", 4, signature));
		EVP_PKEY_free(key);
	}
	assert_memory_not_equal(secret[0].bytes, secret[1].bytes, 32);
	es256_secret_wipe(&secret[0]);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(secret[0].bytes[i], 0);
}

static void a_point_off_the_curve_is_no_key(void **state)
{
	struct es256_secret secret;
	struct es256_point point;
	struct es256_jwk jwk;
	EVP_PKEY *key = NULL;
	(void)state;

	assert_int_equal(es256_new(&secret, &point), OK);
	point.bytes[64] ^= 1;
	assert_int_equal(es256_open(&secret, &point, &key), ERR_CRYPTO);
	assert_null(key);
	point.bytes[0] = 3;
	assert_int_equal(es256_jwk_of(&point, &jwk), ERR_CRYPTO);
}

static void short_numbers_are_padded_and_damaged_ones_refused(void **state)
{
	static const struct { const char *der; size_t length; enum err expected; uint8_t r, s; } cases[] = {
		{ "\x30\x06\x02\x01\x07\x02\x01\x09", 8, OK, 7, 9 },
		{ "\x30\x06\x02\x01\x07\x02\x01\x09\x00", 9, ERR_CRYPTO, 0, 0 }, /* more behind it */
		{ "\x30\x06\x02\x01\x87\x02\x01\x09", 8, ERR_CRYPTO, 0, 0 },     /* negative */
		{ "\x30\x06\x02\x01\x07\x02\x01", 7, ERR_CRYPTO, 0, 0 },
		{ "", 0, ERR_CRYPTO, 0, 0 },
	};
	static const uint8_t zeros[31];
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t raw[64];

		memset(raw, 0xa5, sizeof(raw));
		if (es256_raw((const uint8_t *)cases[i].der, cases[i].length, raw) != cases[i].expected)
			fail_msg("case %zu", i);
		if (cases[i].expected)
			continue;
		assert_memory_equal(raw, zeros, 31);
		assert_memory_equal(raw + 32, zeros, 31);
		assert_true(raw[31] == cases[i].r && raw[63] == cases[i].s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verifier_of_these_tests_takes_the_signature_of_the_rfc),
		cmocka_unit_test(signs_with_the_key_of_the_rfc),
		cmocka_unit_test(thumbprints_are_those_of_the_rfcs),
		cmocka_unit_test(keys_differ_and_sign),
		cmocka_unit_test(a_point_off_the_curve_is_no_key),
		cmocka_unit_test(short_numbers_are_padded_and_damaged_ones_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
