/* One spelling for each host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/base.h"
#include "organizations/hostname.h"

static void reads_hosts(void **state)
{
	static const struct {
		const char *typed;
		bool https;
		const char *read; /* NULL: refused */
	} cases[] = {
		{ "app.example.com", true, "app.example.com" },
		{ " APP.Example.COM.\t", true, "app.example.com" },
		{ "app.example.com:443", true, "app.example.com" },
		{ "app.example.com.:443", true, "app.example.com" },
		{ "app.example.com:443", false, "app.example.com:443" },
		{ "app.example.com:80", true, "app.example.com:80" },
		{ "app.example.com:80", false, "app.example.com" },
		{ "app.example.com:65535", true, "app.example.com:65535" },
		{ "app.example.com:65536", true, NULL },
		{ "app.example.com:0443", true, NULL },
		{ "app.example.com:0", true, NULL },
		{ "app.example.com:", true, NULL },
		{ "app.example.com:4 43", true, NULL },
		{ "app.example.com..", true, NULL },
		{ ".", true, NULL },
		{ "", true, NULL },
		{ " ", true, NULL },
		{ "localhost", true, "localhost" },
		{ "XN--9T4B11YI5A.example", true, "xn--9t4b11yi5a.example" },
		{ "\xed\x95\x9c.example", true, NULL },
		{ "xn--.example", true, NULL },
		{ "xn--app-.example", true, NULL },        /* "app" with a coat on */
		{ "10.0.0.1", true, "10.0.0.1" },
		{ "10.0.0.1.", true, "10.0.0.1" },
		{ "010.0.0.1", true, NULL },
		{ "10.0.1", true, NULL },
		{ "0x0a.0.0.1", true, NULL },
		{ "167772161", true, NULL },
		{ "0xa000001", true, NULL },
		{ "1.2.3.4.5", true, NULL },
		{ "1.2.3.0x4", true, NULL },
		{ "example.0x", true, NULL },
		{ "example.0xfe", true, NULL },
		{ "example.09", true, NULL },
		{ "2fa", true, "2fa" },                    /* letters behind a digit make no number */
		{ "App.2FA:8443", true, "app.2fa:8443" },
		{ "1e100", true, "1e100" },
		{ "4f2ac9d1", true, "4f2ac9d1" },
		{ "1x2", true, "1x2" },
		{ "example.0xg", true, "example.0xg" },
		{ "00x1", true, "00x1" },
		{ "[2001:DB8:0::1]", true, "[2001:db8::1]" },
		{ "[2001:0db8:0:0:0:0:0:1]:443", true, "[2001:db8::1]" },
		{ "[2001:db8::1].", true, NULL },          /* browsers take no dot there */
		{ "[2001:db8::1].:443", true, NULL },
		{ "[2001:db8::1]x", true, NULL },
		{ "[::ffff:10.0.0.1]:8443", true, "[::ffff:10.0.0.1]:8443" },
		{ "[::ffff:a00:1]", true, "[::ffff:10.0.0.1]" },
		{ "[::0a00:0001]", true, "[::10.0.0.1]" },
		{ "[::1%25eth0]", true, NULL },
		{ "[::1", true, NULL },
		{ "::1", true, NULL },
		{ "2001:db8::1", true, NULL },
		{ "[]", true, NULL },
		{ "a]:80", true, NULL },
		{ "user@app.example.com", true, NULL },
		{ "https://app.example.com", true, NULL },
		{ "app.example.com/x", true, NULL },
		{ "*.example.com", true, NULL },
		{ "a_b.example", true, NULL },
		{ "a%2eb.example", true, NULL },
		{ "a,b", true, NULL },
		{ "a b", true, NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char read[HOSTNAME_TEXT] = "untouched";
		enum err err = hostname_read(cases[i].typed, cases[i].https, read);
		bool right = cases[i].read ? !err && !strcmp(read, cases[i].read) : err == ERR_INVALID && !strcmp(read, "untouched");

		if (!right)
			fail_msg("%s: err %s, read %s", cases[i].typed, err_name(err), read);
	}
}

static void claims_are_what_a_check_asks_for(void **state)
{
	static const struct {
		const char *typed;
		bool https;
		const char *read; /* NULL: refused */
	} cases[] = {
		{ "App.example.com", true, "app.example.com" },
		{ "app.example.com:443", true, "app.example.com" },
		{ "app.example.com:80", false, "app.example.com" },
		{ "app.example.com:80", true, NULL },
		{ "app.example.com.:443", false, NULL },
		{ "[2001:db8::1]:80", true, NULL },
		{ "[2001:db8::1]:8080", true, "[2001:db8::1]:8080" },
		{ "app.example.com:8443", false, "app.example.com:8443" },
		{ "app.example.com:8080", true, "app.example.com:8080" },
		{ "a b", true, NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char read[HOSTNAME_TEXT] = "untouched", asked[HOSTNAME_TEXT];
		enum err err = hostname_claim(cases[i].typed, cases[i].https, read);

		if (cases[i].read ? err || strcmp(read, cases[i].read) != 0 : err != ERR_INVALID || strcmp(read, "untouched") != 0)
			fail_msg("%s: err %s, read %s", cases[i].typed, err_name(err), read);
		for (int https = 0; cases[i].read && https < 2; https++)
			if (hostname_read(read, https, asked) || strcmp(asked, read) != 0)
				fail_msg("%s, asked for as %s", read, asked);
	}
}

static void bounds_hosts(void **state)
{
	char typed[300], read[HOSTNAME_TEXT];

	(void)state;
	for (size_t i = 0; i < 253; i++)
		typed[i] = i % 50 == 49 ? '.' : 'a';
	memcpy(typed + 253, ".:65535", 8);
	assert_int_equal(hostname_read(typed, true, read), OK);
	assert_int_equal(strlen(read), 253 + 6);
	memcpy(typed + 253, "a:65535", 8);
	assert_int_equal(hostname_read(typed, true, read), ERR_INVALID);
	memset(typed, 'a', 64);
	memcpy(typed + 63, ".com", 5);
	assert_int_equal(hostname_read(typed, true, read), OK);
	memcpy(typed + 63, "a.com", 6);
	assert_int_equal(hostname_read(typed, true, read), ERR_INVALID);
}

static void ports_do_not_tell_hosts_apart(void **state)
{
	static const struct { const char *a, *b; bool same; } cases[] = {
		{ "a.example", "a.example", true },
		{ "a.example:8443", "a.example", true },
		{ "a.example:1", "a.example:2", true },
		{ "a.example", "a.example.com", false },
		{ "[::1]:80", "[::1]", true },
		{ "[::1]", "[::2]", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (hostname_same(cases[i].a, cases[i].b) != cases[i].same || hostname_same(cases[i].b, cases[i].a) != cases[i].same)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_hosts),
		cmocka_unit_test(claims_are_what_a_check_asks_for),
		cmocka_unit_test(bounds_hosts),
		cmocka_unit_test(ports_do_not_tell_hosts_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
