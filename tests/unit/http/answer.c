/* What leaves: JSON, HTML, URLs, header lines, and the head of an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base.h"
#include "http/reply.h"

static void writes_json(void **state)
{
	static const char *const list[] = { "a", "b" };
	const struct id id = { { 1, 2, 3 } };
	char id_as_text[ID_TEXT], expected[512];
	SCOPED(answer_done) struct answer out = { 0 };
	(void)state;

	json_open(&out, NULL);
	json_text(&out, "text", "\"\\/\b\f\n\r\t\x01\x7f<\ud55c\xff.");
	json_text(&out, "null", NULL);
	json_texts(&out, "texts", list, 2);
	json_list(&out, "empty");
	json_list_close(&out);
	json_open(&out, "inside");
	json_int(&out, "least", INT64_MIN);
	json_bool(&out, "yes", true);
	json_bool(&out, "no", false);
	json_close(&out);
	json_list(&out, "rows");
	json_open(&out, NULL);
	json_time(&out, "at", 1764033947);
	json_close(&out);
	json_open(&out, NULL);
	json_time(&out, "at", 0);
	json_none(&out, "none");
	json_close(&out);
	json_list_close(&out);
	json_id(&out, "id", &id);
	json_close(&out);

	snprintf(expected, sizeof(expected),
	         "{\"text\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u007f<\ud55c\ufffd.\",\"null\":null,\"texts\":[\"a\",\"b\"],\"empty\":[],"
	         "\"inside\":{\"least\":-9223372036854775808,\"yes\":true,\"no\":false},"
	         "\"rows\":[{\"at\":\"2025-11-25T01:25:47Z\"},{\"at\":null,\"none\":null}],\"id\":\"%s\"}",
	         id_text(&id, id_as_text));
	assert_string_equal(buf_string(&out.body), expected);
	assert_string_equal(out.content_type, "application/json");
	assert_int_equal(buf_check(&out.body), OK);
}

static void json_that_is_none_fails(void **state)
{
	SCOPED(answer_done) struct answer deep = { 0 };
	SCOPED(answer_done) struct answer twice = { 0 };
	SCOPED(answer_done) struct answer closed = { 0 };
	(void)state;

	for (int i = 0; i < JSON_DEPTH; i++)
		json_list(&deep, NULL);
	assert_int_equal(buf_check(&deep.body), OK);
	json_list(&deep, NULL);
	assert_int_equal(buf_check(&deep.body), ERR_MEMORY);
	json_bool(&twice, NULL, true);
	assert_int_equal(buf_check(&twice.body), OK);
	json_bool(&twice, NULL, true);
	assert_int_equal(buf_check(&twice.body), ERR_MEMORY);
	json_close(&closed);
	assert_int_equal(buf_check(&closed.body), ERR_MEMORY);
}

static void writes_html(void **state)
{
	SCOPED(buf_done) struct buf out = { 0 };
	(void)state;

	html_text(&out, "a & <b> \"c\" 'd' \ud55c");
	assert_string_equal(buf_string(&out), "a &amp; &lt;b&gt; &quot;c&quot; &#39;d&#39; \ud55c");
}

static void lets_only_urls_of_ours_out(void **state)
{
	static const struct { const char *url, *written; } cases[] = {
		{ "/", "/" },
		{ "/a?b=c&d='", "/a?b=c&amp;d=&#39;" },
		{ "https://a.example/", "https://a.example/" },
		{ "http://a.example/", "http://a.example/" },
		{ "otpauth://totp/a?secret=b", "otpauth://totp/a?secret=b" },
		{ "data:image/svg+xml;base64,AA==", "data:image/svg+xml;base64,AA==" },
		{ "data:image/svg+xml,%3Csvg", "data:image/svg+xml,%3Csvg" },
		{ "", "#" },
		{ "a", "#" },
		{ "//evil.example", "#" },
		{ "/\\evil.example", "#" },
		{ "/\t/evil.example", "#" },
		{ "\t//evil.example", "#" },
		{ "\\/evil.example", "#" },
		{ " javascript:alert(1)", "#" },
		{ "javascript:alert(1)", "#" },
		{ "JaVaScRiPt:alert(1)", "#" },
		{ "data:text/html,x", "#" },
		{ "data:image/svg+xmlx,x", "#" },
		{ "https:evil.example", "#" },
		{ "https://a.example/\r\nX: y", "#" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(buf_done) struct buf out = { 0 };
		html_url(&out, cases[i].url);
		if (strcmp(buf_string(&out), cases[i].written) != 0)
			fail_msg("%s: %s", cases[i].url, buf_string(&out));
	}
}

static void encodes_a_part_of_a_url(void **state)
{
	SCOPED(buf_done) struct buf out = { 0 };
	(void)state;

	url_component(&out, "aZ09-._~ /?&=+%\ud55c\n");
	assert_string_equal(buf_string(&out), "aZ09-._~%20%2F%3F%26%3D%2B%25%ED%95%9C%0A");
}

static void a_header_takes_one_line(void **state)
{
	static const char *const wrong[] = { "a\r\nb", "a\nb", "a\rb", "a\x01", "\x7f", "a\tb", NULL };
	SCOPED(answer_done) struct answer right = { 0 };
	(void)state;

	answer_header(&right, "X", "a b");
	answer_redirect(&right, 303, "/a");
	assert_string_equal(buf_string(&right.head), "X: a b\r\nLocation: /a\r\n");
	assert_int_equal(right.status, 303);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		SCOPED(answer_done) struct answer out = { 0 };
		answer_header(&out, "X", wrong[i]);
		assert_int_equal(buf_check(&out.head), ERR_MEMORY);
		answer_reset(&out);
		assert_int_equal(buf_check(&out.head), OK);
	}
}

static void a_reset_leaves_nothing(void **state)
{
	SCOPED(answer_done) struct answer out = { .status = 201, .csp = "x", .cacheable = true };
	(void)state;

	answer_header(&out, "Set-Cookie", "a=b");
	json_open(&out, NULL);
	json_text(&out, "a", "secret");
	answer_reset(&out);
	assert_true(!out.status && !out.csp && !out.content_type && !out.cacheable && !out.json_depth);
	assert_true(!out.head.length && !out.body.length);
	assert_null(memmem(out.body.bytes, out.body.room, "secret", 6));
	json_open(&out, NULL);
	json_close(&out);
	assert_string_equal(buf_string(&out.body), "{}");
}

#define COMMON                                                                                                                  \
	"X-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n"            \
	"Cross-Origin-Resource-Policy: same-origin\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Request-Id: id\r\n"
#define STRICT "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n"

static void writes_the_head_of_an_answer(void **state)
{
	static const struct { struct answer answer; const char *body; bool https, keep_alive; const char *head; } cases[] = {
		{ { .content_type = "text/plain" }, "hello", false, true,
		  "HTTP/1.1 200 OK\r\n" COMMON STRICT "Cache-Control: no-store\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n" },
		{ { .status = 404, .content_type = "text/plain", .csp = "default-src 'none'" }, "", true, false,
		  "HTTP/1.1 404 Not Found\r\n" COMMON "Strict-Transport-Security: max-age=31536000\r\nConnection: close\r\n"
		  "Content-Security-Policy: default-src 'none'\r\nCache-Control: no-store\r\nContent-Type: text/plain\r\n"
		  "Content-Length: 0\r\n\r\n" },
		{ { .cacheable = true, .content_type = "text/css" }, "a", false, true,
		  "HTTP/1.1 200 OK\r\n" COMMON STRICT "Cache-Control: public, max-age=31536000, immutable\r\nContent-Type: text/css\r\n"
		  "Content-Length: 1\r\n\r\n" },
		{ { .cacheable = true, .content_type = "text/plain", .body.failed = true }, "", false, true,
		  "HTTP/1.1 503 Service Unavailable\r\n" COMMON STRICT "Cache-Control: no-store\r\nContent-Length: 0\r\n\r\n" },
		{ { .status = 204, .content_type = "text/plain" }, "no", false, true,
		  "HTTP/1.1 204 No Content\r\n" COMMON STRICT "Cache-Control: no-store\r\n\r\n" },
		{ { .status = 303 }, "", false, true,
		  "HTTP/1.1 303 See Other\r\n" COMMON STRICT "Cache-Control: no-store\r\nContent-Length: 0\r\n\r\n" },
		{ { .content_type = "text/plain", .head.failed = true }, "hello", false, true,
		  "HTTP/1.1 503 Service Unavailable\r\n" COMMON STRICT "Cache-Control: no-store\r\nContent-Length: 0\r\n\r\n" },
	};
	char date[DATE_TEXT];
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct reply reply = { date_text(784111777, date), "id", cases[i].https, cases[i].keep_alive, true };
		SCOPED(buf_done) struct buf head = { 0 };
		struct answer answer = cases[i].answer;

		buf_text(&answer.body, cases[i].body);
		reply_head(&head, &answer, &reply);
		if (strcmp(buf_string(&head), cases[i].head) != 0)
			fail_msg("row %zu: %s", i, buf_string(&head));
		answer_done(&answer);
	}
}

/* A status without its words would look as if somebody had forgotten it. */
static void has_words_for_every_status(void **state)
{
	(void)state;
	for (enum err err = OK; err < ERR_COUNT; err++)
		if (!*reply_reason(err_status(err)))
			fail_msg("%s: %d", err_name(err), err_status(err));
}

static void writes_dates(void **state)
{
	static const struct { int64_t at_s; const char *text; } cases[] = {
		{ 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
		{ 1709208000, "Thu, 29 Feb 2024 12:00:00 GMT" },
		{ INT64_MAX, "Thu, 01 Jan 1970 00:00:00 GMT" },
	};
	char text[DATE_TEXT];
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(date_text(cases[i].at_s, text), cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_json),
		cmocka_unit_test(json_that_is_none_fails),
		cmocka_unit_test(writes_html),
		cmocka_unit_test(lets_only_urls_of_ours_out),
		cmocka_unit_test(encodes_a_part_of_a_url),
		cmocka_unit_test(a_header_takes_one_line),
		cmocka_unit_test(a_reset_leaves_nothing),
		cmocka_unit_test(writes_the_head_of_an_answer),
		cmocka_unit_test(has_words_for_every_status),
		cmocka_unit_test(writes_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
