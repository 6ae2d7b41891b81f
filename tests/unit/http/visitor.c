/* Who asks: cookies, address, language, browser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base.h"
#include "http/weighted.h"
#include "made_call.h"

static void make(struct made_call *made, const char *fields)
{
	SCOPED(buf_done) struct buf text = { 0 };

	buf_printf(&text, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
	made_call(made, text.bytes, text.length);
}

static void reads_cookies(void **state)
{
	static const struct { const char *fields; bool https; const char *value; bool any; } cases[] = {
		{ "", false, NULL, false },
		{ "Cookie: twostep=abc\r\n", false, "abc", true },
		{ "cookie: a=b;twostep=a=b ;c\r\n", false, "a=b", true },
		{ "Cookie: a=b\r\nCookie: twostep=abc\r\n", false, "abc", true },
		{ "Cookie: twostep=abc; twostep=abc\r\n", false, NULL, true },
		{ "Cookie: twostep=abc\r\nCookie: twostep=def\r\n", false, NULL, true },
		{ "Cookie: Twostep=abc\r\n", false, NULL, false },
		{ "Cookie: xtwostep=abc; twostepx=abc\r\n", false, NULL, false },
		{ "Cookie: twostep=\r\n", false, NULL, true },
		{ "Cookie: twostep\r\n", false, NULL, true },
		{ "Cookie: =abc; ;;\r\n", false, NULL, false },
		{ "Cookie: twostep=\"abc\"\r\n", false, NULL, true },
		{ "Cookie: twostep=a b\r\n", false, NULL, true },
		{ "Cookie: twostep=a\\b\r\n", false, NULL, true },
		{ "Cookie: twostep=\xff\r\n", false, NULL, true },
		{ "Cookie: __Host-twostep=abc\r\n", false, NULL, false },
		{ "Cookie: __Host-twostep=abc\r\n", true, "abc", true },
		{ "Cookie: twostep=abc\r\n", true, NULL, false },
		{ "Cookie: __host-twostep=abc\r\n", true, NULL, false },
		{ "Cookie: twostep=x; __Host-twostep=abc\r\n", true, "abc", true },
		{ "Cookie: twostep-locale=ko\r\n", false, NULL, true },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(made_call_done) struct made_call made;
		const char *value;

		make(&made, cases[i].fields);
		made.settings.https = cases[i].https;
		value = cookie_get(&made.call, COOKIE_SESSION);
		if (!value != !cases[i].value || (value && strcmp(value, cases[i].value) != 0) || cookie_any(&made.call) != cases[i].any)
			fail_msg("%s: %s", cases[i].fields, value ? value : "-");
	}
}

static void a_cookie_that_is_too_long_is_none(void **state)
{
	for (size_t length = COOKIE_VALUE_BYTES; length <= COOKIE_VALUE_BYTES + 1; length++) {
		SCOPED(made_call_done) struct made_call made;
		char fields[COOKIE_VALUE_BYTES + 100], value[COOKIE_VALUE_BYTES + 2];

		memset(value, 'x', length);
		value[length] = '\0';
		snprintf(fields, sizeof(fields), "Cookie: twostep=%s\r\n", value);
		make(&made, fields);
		assert_int_equal(cookie_get(&made.call, COOKIE_SESSION) != NULL, length == COOKIE_VALUE_BYTES);
	}
	(void)state;
}

static void sets_and_clears_cookies(void **state)
{
	static const struct { enum cookie cookie; bool https; const char *value; int64_t max_age_s; const char *line; } cases[] = {
		{ COOKIE_SESSION, false, "abc", 0, "Set-Cookie: twostep=abc; Path=/; SameSite=Lax; HttpOnly\r\n" },
		{ COOKIE_SESSION, true, "abc", 60, "Set-Cookie: __Host-twostep=abc; Max-Age=60; Path=/; SameSite=Lax; HttpOnly; Secure\r\n" },
		{ COOKIE_LOCALE, true, "ko", 60, "Set-Cookie: __Host-twostep-locale=ko; Max-Age=60; Path=/; SameSite=Lax; Secure\r\n" },
		{ COOKIE_DEVICE, false, NULL, 0, "Set-Cookie: twostep-device=; Max-Age=0; Path=/; SameSite=Lax; HttpOnly\r\n" },
		{ COOKIE_KNOWN, true, NULL, 0, "Set-Cookie: __Host-twostep-known=; Max-Age=0; Path=/; SameSite=Lax; HttpOnly; Secure\r\n" },
		{ COOKIE_RETURN, false, "a;b", 0, NULL },
		{ COOKIE_RETURN, false, "a b", 0, NULL },
		{ COOKIE_RETURN, false, "a\r\nb", 0, NULL },
		{ COOKIE_RETURN, false, "\ud55c", 0, NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(made_call_done) struct made_call made;

		make(&made, "");
		made.settings.https = cases[i].https;
		if (cases[i].value)
			cookie_set(&made.call, cases[i].cookie, cases[i].value, cases[i].max_age_s);
		else
			cookie_clear(&made.call, cases[i].cookie);
		if (cases[i].line ? strcmp(buf_string(&made.answer.head), cases[i].line) != 0 : !made.answer.head.failed)
			fail_msg("row %zu: %s", i, buf_string(&made.answer.head));
	}
}

/* ---- addresses ---- */

#define IPV4(a, b, c, d) { .address = { [10] = 0xff, [11] = 0xff, a, b, c, d } }
#define IPV6(...)        { .address = { __VA_ARGS__ } }
#define F                "X-Forwarded-For: "

static void finds_the_visitor(void **state)
{
	/* trusted: 10.0.0.0/8, 192.0.2.1, fd00::/8, and Unix sockets */
	static const struct {
		struct peer_socket from;
		const char *fields, *address;
		bool counted, trusted;
		struct network network;
	} cases[] = {
		{ IPV4(203, 0, 113, 9), "", "203.0.113.9", true, false, { 4, { 203, 0, 113, 9 } } },
		{ IPV4(203, 0, 113, 9), F "198.51.100.1\r\n", "203.0.113.9", true, false, { 4, { 203, 0, 113, 9 } } },
		{ IPV4(127, 0, 0, 1), "", "127.0.0.1", false, false, { 0 } },
		{ IPV4(127, 0, 0, 1), F "198.51.100.1\r\n", "127.0.0.1", false, false, { 0 } },
		{ IPV4(192, 168, 1, 1), "", "192.168.1.1", false, false, { 0 } },
		{ IPV4(172, 31, 0, 1), "", "172.31.0.1", false, false, { 0 } },
		{ IPV4(172, 32, 0, 1), "", "172.32.0.1", true, false, { 4, { 172, 32, 0, 1 } } },
		{ IPV4(169, 254, 0, 1), "", "169.254.0.1", false, false, { 0 } },
		{ IPV4(100, 64, 0, 1), "", "100.64.0.1", true, false, { 4, { 100, 64, 0, 1 } } },
		{ IPV6([15] = 1), "", "::1", false, false, { 0 } },
		{ IPV6(0xfe, 0x80, [15] = 1), "", "fe80::1", false, false, { 0 } },
		{ IPV6(0xfc, 0, [15] = 1), "", "fc00::1", false, false, { 0 } },
		{ IPV6(0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, [15] = 1), "", "2001:db8:102:304::1", true, false,
		  { 6, { 0x20, 1, 0xd, 0xb8, 1, 2, 3, 4 } } },
		{ IPV4(10, 0, 0, 1), "", "10.0.0.1", false, true, { 0 } },
		{ IPV4(10, 0, 0, 1), F "198.51.100.1\r\n", "198.51.100.1", true, true, { 4, { 198, 51, 100, 1 } } },
		{ IPV4(10, 0, 0, 1), F "1.2.3.4, 198.51.100.1 ,10.0.0.2,192.0.2.1\r\n", "198.51.100.1", true, true, { 4, { 198, 51, 100, 1 } } },
		{ IPV4(10, 0, 0, 1), F "1.2.3.4\r\nX-Other: x\r\n" F "198.51.100.1\r\nx-forwarded-for: 10.0.0.2\r\n", "198.51.100.1", true,
		  true, { 4, { 198, 51, 100, 1 } } },
		{ IPV4(10, 0, 0, 1), F "198.51.100.1:443\r\n", "198.51.100.1", true, true, { 4, { 198, 51, 100, 1 } } },
		{ IPV4(10, 0, 0, 1), F "[2001:db8::1]:443\r\n", "2001:db8::1", true, true, { 6, { 0x20, 1, 0xd, 0xb8 } } },
		{ IPV4(10, 0, 0, 1), F "[2001:db8::1]\r\n", "2001:db8::1", true, true, { 6, { 0x20, 1, 0xd, 0xb8 } } },
		{ IPV4(10, 0, 0, 1), F "2001:db8::1\r\n", "2001:db8::1", true, true, { 6, { 0x20, 1, 0xd, 0xb8 } } },
		{ IPV4(10, 0, 0, 1), F "::ffff:198.51.100.1\r\n", "198.51.100.1", true, true, { 4, { 198, 51, 100, 1 } } },
		{ IPV4(10, 0, 0, 1), F "1.2.3.4, ::ffff:10.0.0.9\r\n", "1.2.3.4", true, true, { 4, { 1, 2, 3, 4 } } },
		{ IPV4(10, 0, 0, 1), F "192.168.7.7\r\n", "192.168.7.7", true, true, { 4, { 192, 168, 7, 7 } } },
		{ IPV4(10, 0, 0, 1), F "10.0.0.3, 10.0.0.2\r\n", "10.0.0.3", true, true, { 4, { 10, 0, 0, 3 } } },
		{ IPV4(10, 0, 0, 1), F "1.2.3.4, unknown, 10.0.0.2\r\n", "10.0.0.2", true, true, { 4, { 10, 0, 0, 2 } } },
		{ IPV4(10, 0, 0, 1), F "1.2.3.4\r\n" F "x\r\n", "10.0.0.1", false, true, { 0 } },
		{ IPV4(10, 0, 0, 1), F "1.2.3.4,\r\n", "10.0.0.1", false, true, { 0 } },
		{ IPV4(10, 0, 0, 1), F "1.2.3\r\n", "10.0.0.1", false, true, { 0 } },
		{ IPV4(10, 0, 0, 1), F "1.2.3.4:\r\n", "10.0.0.1", false, true, { 0 } },
		{ IPV4(10, 0, 0, 1), F "1.2.3.4:123456\r\n", "10.0.0.1", false, true, { 0 } },
		{ IPV4(10, 0, 0, 1), F "[::1\r\n", "10.0.0.1", false, true, { 0 } },
		{ IPV4(10, 0, 0, 1), F "[::1]x\r\n", "10.0.0.1", false, true, { 0 } },
		{ IPV4(10, 0, 0, 1), F "fe80::1%eth0\r\n", "10.0.0.1", false, true, { 0 } },
		{ IPV4(10, 0, 0, 1), F "1.2.3.4 5.6.7.8\r\n", "10.0.0.1", false, true, { 0 } },
		{ IPV6(0xfd, [15] = 1), F "198.51.100.1\r\n", "198.51.100.1", true, true, { 4, { 198, 51, 100, 1 } } },
		{ { .is_unix = true }, "", "unix", false, true, { 0 } },
		{ { .is_unix = true }, F "198.51.100.1\r\n", "198.51.100.1", true, true, { 4, { 198, 51, 100, 1 } } },
	};
	static const struct cidr trusted[] = {
		{ { [10] = 0xff, [11] = 0xff, 10 }, 104 },
		{ { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 }, 128 },
		{ { 0xfd }, 8 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(made_call_done) struct made_call made;
		struct peer peer;

		make(&made, cases[i].fields);
		made.settings.trusted_proxies = trusted;
		made.settings.trusted_proxies_count = COUNT(trusted);
		made.settings.trust_unix = true;
		peer_find(&peer, &cases[i].from, &made.request, &made.settings);
		if (strcmp(peer.address, cases[i].address) != 0 || peer.counted != cases[i].counted || peer.trusted != cases[i].trusted ||
		    memcmp(&peer.network, &cases[i].network, sizeof(peer.network)) != 0)
			fail_msg("row %zu, %s: %s %d %d, family %d", i, cases[i].fields, peer.address, peer.counted, peer.trusted,
			         peer.network.family);
	}
}

static void believes_a_unix_socket_only_where_it_is_told_to(void **state)
{
	const struct peer_socket from = { .is_unix = true };
	SCOPED(made_call_done) struct made_call made;
	struct peer peer;
	(void)state;

	make(&made, F "198.51.100.1\r\n");
	peer_find(&peer, &from, &made.request, &made.settings);
	assert_string_equal(peer.address, "unix");
	assert_false(peer.trusted || peer.counted);
}

/* ---- language and browser ---- */

static void chooses_the_language(void **state)
{
	static const struct { const char *accepted; enum locale setting, chosen; } cases[] = {
		{ "ko", LOCALE_EN, LOCALE_KO },
		{ "ko-KR", LOCALE_EN, LOCALE_KO },
		{ "KO-kr", LOCALE_EN, LOCALE_KO },
		{ "en", LOCALE_KO, LOCALE_EN },
		{ "ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", LOCALE_EN, LOCALE_KO },
		{ "en-US,en;q=0.9,ko;q=0.8", LOCALE_KO, LOCALE_EN },
		{ "en;q=0.5, ko;q=0.51", LOCALE_EN, LOCALE_KO },
		{ "en;q=0.5, ko;q=0.5", LOCALE_KO, LOCALE_EN },
		{ "fr, de;q=0.9, ko;q=0.1", LOCALE_EN, LOCALE_KO },
		{ "fr", LOCALE_KO, LOCALE_KO },
		{ "*", LOCALE_KO, LOCALE_KO },
		{ "fr, *;q=0.5, en;q=0.1", LOCALE_KO, LOCALE_KO },
		{ "en;q=0, ko;q=0.001", LOCALE_EN, LOCALE_KO },
		{ "ko;q=0", LOCALE_EN, LOCALE_EN },
		{ "ko;q=2", LOCALE_EN, LOCALE_EN },
		{ "ko;q=1.001", LOCALE_EN, LOCALE_EN },
		{ "ko;q=x, ko;q=, ko;q=0.1234, ko;x=1", LOCALE_EN, LOCALE_EN },
		{ "ko;q=1.000", LOCALE_EN, LOCALE_KO },
		{ "korean, -ko, k", LOCALE_EN, LOCALE_EN },
		{ "", LOCALE_KO, LOCALE_KO },
		{ ",,;,", LOCALE_KO, LOCALE_KO },
		{ "fr\r\nAccept-Language: ko", LOCALE_EN, LOCALE_KO },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(made_call_done) struct made_call made;
		char fields[256];

		snprintf(fields, sizeof(fields), "Accept-Language: %s\r\n", cases[i].accepted);
		make(&made, fields);
		made.settings.locale = cases[i].setting;
		if (call_language(&made.request, made.settings.locale) != cases[i].chosen)
			fail_msg("%s: not %s", cases[i].accepted, locale_tag(cases[i].chosen));
	}
}

static void sends_gzip_to_whom_takes_it(void **state)
{
	static const struct { const char *fields; bool takes; } cases[] = {
		{ "", false },
		{ "Accept-Encoding: gzip\r\n", true },
		{ "Accept-Encoding: GZip\r\n", true },
		{ "Accept-Encoding: br, gzip;q=0.1, deflate\r\n", true },
		{ "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n", true },
		{ "Accept-Encoding: br\r\n", false },
		{ "Accept-Encoding: gzip;q=0\r\n", false },
		{ "Accept-Encoding: gzip;q=0, *\r\n", false },
		{ "Accept-Encoding: *, gzip;q=0.000\r\n", false },
		{ "Accept-Encoding: *;q=0.5\r\n", true },
		{ "Accept-Encoding: *;q=0\r\n", false },
		{ "Accept-Encoding: gzip;q=x\r\n", false },
		{ "Accept-Encoding: xgzip, gzipped, identity\r\n", false },
		{ "Accept-Encoding: \r\n", false },
		{ "Accept: gzip\r\n", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(made_call_done) struct made_call made;

		make(&made, cases[i].fields);
		if (takes_gzip(&made.request) != cases[i].takes)
			fail_msg("%s: not %d", cases[i].fields, cases[i].takes);
	}
}

static void shows_a_page_to_whom_takes_it(void **state)
{
	static const struct { const char *fields; bool takes; } cases[] = {
		{ "", false },
		{ "Accept: text/html\r\n", true },
		{ "Accept: application/xml, Text/HTML;q=0.9\r\n", true },
		{ "Accept: text/html\r\nAccept: */*\r\n", true },
		{ "Accept: */*\r\naccept: text/html\r\n", true },
		{ "Accept: */*\r\nAccept: application/json\r\n", false },
		{ "Accept: */*\r\nX-Accept: text/html\r\n", false },
		{ "Accept: text/htm\r\nAccept: l\r\n", false },
		{ "Accept: \r\n", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(made_call_done) struct made_call made;

		make(&made, cases[i].fields);
		if (request_takes_pages(&made.request) != cases[i].takes)
			fail_msg("%s: not %d", cases[i].fields, cases[i].takes);
	}
}

static void names_the_browser(void **state)
{
#define MOZILLA "Mozilla/5.0 "
#define WEBKIT  " AppleWebKit/537.36 (KHTML, like Gecko) "
	static const struct { const char *agent, *name; } cases[] = {
		{ MOZILLA "(X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux" },
		{ MOZILLA "(Windows NT 10.0; Win64; x64)" WEBKIT "Chrome/126.0.0.0 Safari/537.36", "Chrome on Windows" },
		{ MOZILLA "(Windows NT 10.0; Win64; x64)" WEBKIT "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge on Windows" },
		{ MOZILLA "(Windows NT 10.0; Win64; x64)" WEBKIT "Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0", "Opera on Windows" },
		{ MOZILLA "(Windows NT 10.0; Win64; x64)" WEBKIT "Chrome/124.0.0.0 Whale/3.26.244.21 Safari/537.36", "Whale on Windows" },
		{ MOZILLA "(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
		  "Safari on macOS" },
		{ MOZILLA "(iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 "
		          "Safari/604.1", "Safari on iOS" },
		{ MOZILLA "(iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 Mobile/15E148 "
		          "Safari/604.1", "Chrome on iOS" },
		{ MOZILLA "(iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/127.0 Mobile/15E148 Safari/605.1",
		  "Firefox on iPadOS" },
		{ MOZILLA "(Linux; Android 14; SM-S921N)" WEBKIT "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
		  "Samsung Internet on Android" },
		{ MOZILLA "(Linux; Android 14; SM-S921N; wv)" WEBKIT "Version/4.0 Chrome/126.0 Mobile Safari/537.36;KAKAOTALK 2410810",
		  "KakaoTalk on Android" },
		{ MOZILLA "(X11; CrOS x86_64 14541.0.0)" WEBKIT "Chrome/126.0.0.0 Safari/537.36", "Chrome on ChromeOS" },
		{ MOZILLA "(X11; Linux x86_64)" WEBKIT "HeadlessChrome/126.0.0.0 Safari/537.36", "Chrome on Linux" },
		{ "curl/7.88.1", "curl" },
		{ "python-requests/2.31.0", "Python" },
		{ "Python-urllib/3.11", "Python" },
		{ "Wget/1.21 (linux-gnu)", "Wget" },
		{ MOZILLA "(Windows NT 10.0)", "Unknown browser on Windows" },
		{ "<script>alert(1)</script>", "Unknown browser" },
		{ "", "Unknown browser" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(made_call_done) struct made_call made;
		char fields[512];

		snprintf(fields, sizeof(fields), "User-Agent: %s\r\n", cases[i].agent);
		make(&made, fields);
		if (strcmp(call_browser(&made.arena, &made.request), cases[i].name) != 0)
			fail_msg("%s: %s", cases[i].agent, call_browser(&made.arena, &made.request));
	}
}

/* "Firefox on Linux" as each language says it; what an older version kept may be anything. */
static void says_the_browser_in_the_readers_language(void **state)
{
	static const struct { const char *name, *said[LOCALE_COUNT]; } cases[] = {
		{ "Firefox on Linux", { [LOCALE_EN] = "Firefox on Linux", [LOCALE_KO] = "Firefox (Linux)" } },
		{ "Unknown browser on Windows", { [LOCALE_EN] = "Unknown browser on Windows", [LOCALE_KO] = "알 수 없는 브라우저 (Windows)" } },
		{ "Unknown browser", { [LOCALE_EN] = "Unknown browser", [LOCALE_KO] = "알 수 없는 브라우저" } },
		{ "curl", { [LOCALE_EN] = "curl", [LOCALE_KO] = "curl" } },
		{ "", { [LOCALE_EN] = "", [LOCALE_KO] = "" } },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (enum locale locale = 0; locale < LOCALE_COUNT; locale++) {
			SCOPED(buf_done) struct buf said = { 0 };

			browser_say(&said, locale, cases[i].name);
			if (strcmp(buf_string(&said), cases[i].said[locale]) != 0)
				fail_msg("%s: %s", cases[i].name, buf_string(&said));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_cookies),
		cmocka_unit_test(a_cookie_that_is_too_long_is_none),
		cmocka_unit_test(sets_and_clears_cookies),
		cmocka_unit_test(finds_the_visitor),
		cmocka_unit_test(believes_a_unix_socket_only_where_it_is_told_to),
		cmocka_unit_test(chooses_the_language),
		cmocka_unit_test(sends_gzip_to_whom_takes_it),
		cmocka_unit_test(shows_a_page_to_whom_takes_it),
		cmocka_unit_test(names_the_browser),
		cmocka_unit_test(says_the_browser_in_the_readers_language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
