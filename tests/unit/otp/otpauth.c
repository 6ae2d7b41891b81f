/* The secret as apps take it: the URI and the key to type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "otp/otpauth.h"

static const struct totp_secret rfc_secret = { "12345678901234567890" };

#define KEY "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define END "&algorithm=SHA1&digits=6&period=30"

static void writes_the_uri(void **state)
{
	static const struct { const char *issuer, *email, *uri; } cases[] = {
		{ "twostep", "kim@example.com", "otpauth://totp/twostep:kim%40example.com?secret=" KEY "&issuer=twostep" END },
		{ "Acme Co", "a+b@example.com", "otpauth://totp/Acme%20Co:a%2Bb%40example.com?secret=" KEY "&issuer=Acme%20Co" END },
		{ "회사", "a@b.kr", "otpauth://totp/%ED%9A%8C%EC%82%AC:a%40b.kr?secret=" KEY "&issuer=%ED%9A%8C%EC%82%AC" END },
		{ "A:B&c=d?e#f/g%20", "-._~@x.y",
		  "otpauth://totp/A%3AB%26c%3Dd%3Fe%23f%2Fg%2520:-._~%40x.y?secret=" KEY "&issuer=A%3AB%26c%3Dd%3Fe%23f%2Fg%2520" END },
		{ "azAZ09@[`{", "a@b.c", "otpauth://totp/azAZ09%40%5B%60%7B:a%40b.c?secret=" KEY "&issuer=azAZ09%40%5B%60%7B" END },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(buf_done) struct buf out = { 0 };
		otpauth_uri(&out, cases[i].issuer, cases[i].email, &rfc_secret);
		assert_int_equal(buf_check(&out), OK);
		assert_string_equal(buf_string(&out), cases[i].uri);
	}
}

static void writes_the_key(void **state)
{
	char key[TOTP_SECRET_TEXT], grouped[OTPAUTH_GROUPED_TEXT];

	(void)state;
	otpauth_key(&rfc_secret, key);
	assert_string_equal(key, KEY);
	otpauth_key_grouped(&rfc_secret, grouped);
	assert_string_equal(grouped, "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
	assert_int_equal(strlen(grouped) + 1, OTPAUTH_GROUPED_TEXT);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(writes_the_uri), cmocka_unit_test(writes_the_key) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
