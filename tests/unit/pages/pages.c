/* Pages as their templates write them, and the places that a redirect may lead to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assets.h"
#include "base/base.h"
#include "base/buf.h"
#include "pages/page.h"
#include "pages/pages.h"

#define FIRST_PAGE_BYTES_MAX (10 * 1024) /* the page that people see first, with all that it loads, as it is sent: files compressed */

static const struct part_frame frame = { .product = "twostep", .here = "/login", .other_tag = "ko", .other_name = "한국어" };

static void knows_places_of_ours(void **state)
{
	static const struct { const char *place; bool ours; } cases[] = {
		{ "/", true }, { "/account", true }, { "/a?b=c%20d&e=/f", true }, { "/a:b@c", true },
		{ NULL, false }, { "", false }, { "account", false }, { "//evil.example", false }, { "/\\evil.example", false },
		{ "https://evil.example", false }, { "javascript:alert(1)", false }, { "/a\r\nSet-Cookie: x", false },
		{ "/a b", false }, { "/a;b", false }, { "/a\"b", false }, { "/\xc3\xa9", false }, { "/\x7f", false },
	};
	char long_one[4000]; /* longer than fits a cookie */
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (page_is_local(cases[i].place) != cases[i].ours)
			fail_msg("%s", cases[i].place ? cases[i].place : "NULL");
	memset(long_one, '/', sizeof(long_one));
	long_one[1] = 'a', long_one[sizeof(long_one) - 1] = '\0';
	assert_false(page_is_local(long_one));
}

/* Text of a visitor comes back as text, wherever it stands. */
static void writes_no_markup_of_others(void **state)
{
	static const char evil[] = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;";
	const struct part_frame hostile = { .product = evil, .person = evil, .email = evil, .here = evil, .other_tag = "ko",
		.other_name = "x", .problem = evil, .problem_at = evil, .notice = evil };
	const struct part_kept kept = { evil, evil };
	const struct part_confirm confirm = { .password = true, .code = true, .password_error = evil, .code_error = evil,
		.other = "javascript:alert(1)" };
	const struct page_confirm page = { .frame = &hostile, .confirm = &confirm, .email = evil, .action = "javascript:alert(1)",
		.kept = &kept, .kept_count = 1 };
	SCOPED(buf_done) struct buf out = { 0 };
	(void)state;

	page_confirm(&out, LOCALE_EN, &page);
	assert_false(out.failed);
	assert_null(strstr(buf_string(&out), "<script>"));
	assert_null(strstr(buf_string(&out), "<img src=x"));
	assert_null(strstr(buf_string(&out), "javascript:"));
	assert_null(strstr(buf_string(&out), "\"'>"));
	assert_non_null(strstr(buf_string(&out), "&lt;script&gt;"));
}

static void says_the_language_and_the_error(void **state)
{
	static const struct { enum locale locale; const char *lang, *title; } cases[] = {
		{ LOCALE_EN, "<html lang=\"en\">", "<title>Error: Sign in – twostep</title>" },
		{ LOCALE_KO, "<html lang=\"ko\">", "<title>오류: 로그인 – twostep</title>" },
	};
	struct part_frame wrong = frame;
	const struct page_login page = { .frame = &wrong, .email = "kim@example.com", .password_error = "No." };
	(void)state;
	wrong.problem = "No.", wrong.problem_at = "password";
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(buf_done) struct buf out = { 0 };
		page_login(&out, cases[i].locale, &page);
		if (!strstr(buf_string(&out), cases[i].lang) || !strstr(buf_string(&out), cases[i].title))
			fail_msg("%s", buf_string(&out));
		assert_non_null(strstr(buf_string(&out), "aria-describedby=\"password-error\""));
		assert_non_null(strstr(buf_string(&out), "href=\"#password\""));
		assert_non_null(strstr(buf_string(&out), "value=\"kim@example.com\""));
	}
}

static void the_first_page_is_small(void **state)
{
	const struct page_login page = { .frame = &frame };
	(void)state;
	for (int locale = LOCALE_EN; locale < LOCALE_COUNT; locale++) {
		SCOPED(buf_done) struct buf out = { 0 };
		page_login(&out, (enum locale)locale, &page);
		size_t bytes = out.length;
		for (size_t i = 0; i < ASSETS; i++)
			bytes += assets[i].gzip_length ? assets[i].gzip_length : assets[i].length;
		if (bytes > FIRST_PAGE_BYTES_MAX)
			fail_msg("%zu bytes", bytes);
	}
}

static void serves_assets_from_memory(void **state)
{
	static const struct { enum method method; const char *path; int status; } cases[] = {
		{ GET, ASSET_APP_CSS, 200 }, { HEAD, ASSET_APP_JS, 200 }, { POST, ASSET_ICON_SVG, 405 },
		{ GET, "/assets/app.css", -1 }, { GET, "/assets/", -1 }, { GET, "/login", -1 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct request request = { .method = cases[i].method, .path = { cases[i].path, strlen(cases[i].path) } };
		SCOPED(answer_done) struct answer answer = { .status = 0 };
		int status = pages_fast(&request, &answer) ? answer.status ? answer.status : 200 : -1;
		if (status != cases[i].status || answer.cacheable != (status == 200))
			fail_msg("%s: %d", cases[i].path, status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_places_of_ours),
		cmocka_unit_test(writes_no_markup_of_others),
		cmocka_unit_test(says_the_language_and_the_error),
		cmocka_unit_test(the_first_page_is_small),
		cmocka_unit_test(serves_assets_from_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
