/* Forms from JSON and from urlencoded bodies: types, presence, length, bytes that nobody means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base.h"
#include "made_call.h"

struct test_form {
	const char *text, *maybe, *code, *code_maybe;
	bool truth;
	enum transport transport;
};

static const struct field fields[] = {
	FIELD(test_form, text, FIELD_TEXT),
	FIELD(test_form, maybe, FIELD_OPTIONAL),
	FIELD(test_form, code, FIELD_CODE),
	{ "short", FIELD_CODE_OPTIONAL, offsetof(struct test_form, code_maybe), 4, NULL },
	FIELD(test_form, truth, FIELD_BOOL),
	FIELD(test_form, transport, FIELD_TRANSPORT),
};
static const struct form form = FORM(test_form, fields);

struct row {
	const char *body;
	enum err err;
	const char *wrong;       /* with ERR_INVALID */
	struct test_form filled; /* with OK */
};

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void read_bytes(const struct row *row, size_t length, bool json, const char *type)
{
	SCOPED(buf_done) struct buf text = { 0 };
	SCOPED(made_call_done) struct made_call made;
	const struct test_form *filled;
	enum err err;

	buf_printf(&text, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", type, length);
	buf_add(&text, row->body, length);
	made_call(&made, text.bytes, text.length);
	made.surface.json = json;
	err = json ? form_read_json(&made.call, &form) : form_read_urlencoded(&made.call, &form);
	if (err != row->err || !same(made.call.wrong, row->wrong))
		fail_msg("%s: %s %s", row->body, err_name(err), made.call.wrong ? made.call.wrong : "-");
	if (err) {
		assert_null(made.call.form);
		return;
	}
	filled = made.call.form;
	if (!same(filled->text, row->filled.text) || !same(filled->maybe, row->filled.maybe) || !same(filled->code, row->filled.code) ||
	    !same(filled->code_maybe, row->filled.code_maybe) || filled->truth != row->filled.truth ||
	    filled->transport != row->filled.transport)
		fail_msg("%s: filled with %s %s %s %s %d %d", row->body, filled->text, filled->maybe, filled->code, filled->code_maybe,
		         filled->truth, filled->transport);
}

static void read_row(const struct row *row, bool json, const char *type)
{
	read_bytes(row, strlen(row->body), json, type);
}

#define A "\"text\":\"a\",\"code\":\"1\""

static void reads_json(void **state)
{
	static const struct row rows[] = {
		{ "{" A "}", OK, NULL, { .text = "a", .code = "1" } },
		{ "\t{ " A " }\r\n", OK, NULL, { .text = "a", .code = "1" } },
		{ "{" A ",\"maybe\":\"\",\"truth\":true,\"transport\":\"bearer\",\"short\":\"1 2-3\"}", ERR_INVALID, "short", { 0 } },
		{ "{" A ",\"maybe\":\"\",\"truth\":true,\"transport\":\"bearer\",\"short\":\"1-3\"}", OK, NULL,
		  { "a", "", "1", "13", true, TRANSPORT_BEARER } },
		{ "{" A ",\"maybe\":null,\"truth\":null,\"transport\":null,\"short\":null}", OK, NULL, { .text = "a", .code = "1" } },
		{ "{" A ",\"truth\":false,\"transport\":\"cookie\"}", OK, NULL, { .text = "a", .code = "1" } },
		{ "{" A ",\"more\":{\"deep\":[1,[2,[3.5e300]]]},\"\":null}", OK, NULL, { .text = "a", .code = "1" } },
		{ "{\"text\":\"\\ud55c\\uD83D\\uDE00\",\"code\":\" 12\u00a034-\u20105\u30006\u2015 \\t\\r\\n\"}", OK, NULL,
		  { .text = "\ud55c\U0001F600", .code = "123456" } },
		{ "{\"text\":\"a\",\"code\":\"\u0661\u0662\"}", OK, NULL, { .text = "a", .code = "\u0661\u0662" } },
		{ "{\"text\":\"\",\"code\":\"--\"}", OK, NULL, { .text = "", .code = "" } },
		{ "{}", ERR_INVALID, "text", { 0 } },
		{ "{\"text\":null,\"code\":\"1\"}", ERR_INVALID, "text", { 0 } },
		{ "{\"text\":\"a\"}", ERR_INVALID, "code", { 0 } },
		{ "{\"text\":1,\"code\":\"1\"}", ERR_INVALID, "text", { 0 } },
		{ "{\"text\":[\"a\"],\"code\":\"1\"}", ERR_INVALID, "text", { 0 } },
		{ "{\"text\":{},\"code\":\"1\"}", ERR_INVALID, "text", { 0 } },
		{ "{\"text\":true,\"code\":\"1\"}", ERR_INVALID, "text", { 0 } },
		{ "{" A ",\"maybe\":false}", ERR_INVALID, "maybe", { 0 } },
		{ "{" A ",\"truth\":\"true\"}", ERR_INVALID, "truth", { 0 } },
		{ "{" A ",\"truth\":1}", ERR_INVALID, "truth", { 0 } },
		{ "{" A ",\"transport\":\"pigeon\"}", ERR_INVALID, "transport", { 0 } },
		{ "{" A ",\"transport\":true}", ERR_INVALID, "transport", { 0 } },
		{ "{\"text\":\"a\\u0000b\",\"code\":\"1\"}", ERR_INVALID, "text", { 0 } },
		{ "{" A ",\"more\":\"a\\u0000b\"}", OK, NULL, { .text = "a", .code = "1" } },
		{ "{\"te\\u0000xt\":1}", ERR_MALFORMED, NULL, { 0 } },
		{ "{\"text\":\"\\ud800\",\"code\":\"1\"}", ERR_MALFORMED, NULL, { 0 } },
		{ "{\"text\":\"\\udc00\\ud800\",\"code\":\"1\"}", ERR_MALFORMED, NULL, { 0 } },
		{ "{\"text\":\"\xff\",\"code\":\"1\"}", ERR_MALFORMED, NULL, { 0 } },
		{ "{\"text\":\"\xed\xa0\x80\",\"code\":\"1\"}", ERR_MALFORMED, NULL, { 0 } },
		{ "{\"text\":\"\xc0\x80\",\"code\":\"1\"}", ERR_MALFORMED, NULL, { 0 } },
		{ "{" A "," A "}", ERR_MALFORMED, NULL, { 0 } },
		{ "{" A ",\"x\":{\"y\":1,\"y\":1}}", ERR_MALFORMED, NULL, { 0 } },
		{ "{" A ",}", ERR_MALFORMED, NULL, { 0 } },
		{ "{" A "}{}", ERR_MALFORMED, NULL, { 0 } },
		{ "{" A "}x", ERR_MALFORMED, NULL, { 0 } },
		{ "{" A, ERR_MALFORMED, NULL, { 0 } },
		{ "\xef\xbb\xbf{" A "}", ERR_MALFORMED, NULL, { 0 } },
		{ "{'text':'a'}", ERR_MALFORMED, NULL, { 0 } },
		{ "{\"text\":\"a\nb\"}", ERR_MALFORMED, NULL, { 0 } },
		{ "{\"text\":NaN}", ERR_MALFORMED, NULL, { 0 } },
		{ "[]", ERR_MALFORMED, NULL, { 0 } },
		{ "\"a\"", ERR_MALFORMED, NULL, { 0 } },
		{ "null", ERR_MALFORMED, NULL, { 0 } },
		{ "true", ERR_MALFORMED, NULL, { 0 } },
		{ " ", ERR_MALFORMED, NULL, { 0 } },
		{ "text=a&code=1", ERR_MALFORMED, NULL, { 0 } },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		read_row(&rows[i], true, "application/json");
}

static void a_raw_nul_is_no_json(void **state)
{
	static const struct { const char *body; size_t length; } cases[] = {
#define BYTES(text) { text, sizeof(text) - 1 }
		BYTES("{" A "}\0"), BYTES("\0{" A "}"), BYTES("{" A ",\"x\":\"\0\"}"), BYTES("{" A ",\0\"x\":1}"),
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		read_bytes(&(struct row){ cases[i].body, ERR_MALFORMED, NULL, { 0 } }, cases[i].length, true, "application/json");
}

static void reads_urlencoded_forms(void **state)
{
	static const struct row rows[] = {
		{ "text=a&code=1", OK, NULL, { .text = "a", .code = "1" } },
		{ "&&text=a&&code=1&", OK, NULL, { .text = "a", .code = "1" } },
		{ "te%78t=a+b%2Bc%ed%95%9c&code=12+34%2d&truth=on", OK, NULL, { .text = "a b+c\ud55c", .code = "1234", .truth = true } },
		{ "text=a=b&code=&truth=1&transport=bearer&maybe=", OK, NULL,
		  { .text = "a=b", .maybe = "", .code = "", .truth = true, .transport = TRANSPORT_BEARER } },
		{ "text&code=1&truth=true&other=%ff", ERR_MALFORMED, NULL, { 0 } },
		{ "text&code=1&truth=true&other=%25", OK, NULL, { .text = "", .code = "1", .truth = true } },
		{ "code=1", ERR_INVALID, "text", { 0 } },
		{ "text=a&code=1&truth=off", ERR_INVALID, "truth", { 0 } },
		{ "text=a&code=1&transport=", ERR_INVALID, "transport", { 0 } },
		{ "text=a&code=1&short=12345", ERR_INVALID, "short", { 0 } },
		{ "text=a%00b&code=1", ERR_INVALID, "text", { 0 } },
		{ "text=a&text=a&code=1", ERR_MALFORMED, NULL, { 0 } },
		{ "text=a&te%78t=b&code=1", ERR_MALFORMED, NULL, { 0 } },
		{ "text=a&code=1&x=1&x=2", ERR_MALFORMED, NULL, { 0 } },
		{ "text=%&code=1", ERR_MALFORMED, NULL, { 0 } },
		{ "text=%4&code=1", ERR_MALFORMED, NULL, { 0 } },
		{ "text=%zz&code=1", ERR_MALFORMED, NULL, { 0 } },
		{ "text=a&code=1&%=x", ERR_MALFORMED, NULL, { 0 } },
		{ "text=%ff&code=1", ERR_MALFORMED, NULL, { 0 } },
		{ "text=\xff&code=1", ERR_MALFORMED, NULL, { 0 } },
		{ "text=%ed%a0%80&code=1", ERR_MALFORMED, NULL, { 0 } },
		{ "text=a&code=1&x%00=1", ERR_MALFORMED, NULL, { 0 } },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		read_row(&rows[i], false, "application/x-www-form-urlencoded");
}

/* An object with so many lists in each other, and brackets in a text, which do not count. */
static void nest(struct buf *out, int lists)
{
	buf_text(out, "{" A ",\"b\":\"[[[[\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\",\"x\":");
	for (int i = 0; i < lists; i++)
		buf_char(out, '[');
	for (int i = 0; i < lists; i++)
		buf_char(out, ']');
	buf_char(out, '}');
}

static void bounds_what_a_stranger_can_make_us_hold(void **state)
{
	SCOPED(buf_done) struct buf deep = { 0 };
	SCOPED(buf_done) struct buf deepest = { 0 };
	SCOPED(buf_done) struct buf deep_enough = { 0 };
	SCOPED(buf_done) struct buf wide = { 0 };
	SCOPED(buf_done) struct buf longest = { 0 };
	(void)state;

	nest(&deep_enough, 31);
	nest(&deep, 32);
	for (int i = 0; i < 60000; i++)
		buf_char(&deepest, '[');
	for (int i = 0; i < 161; i++)
		buf_printf(&wide, "x%d=&", i);
	buf_text(&longest, "{\"code\":\"1\",\"text\":\"");
	for (int i = 0; i < FIELD_BYTES_MAX + 1; i++)
		buf_char(&longest, 'x');
	buf_text(&longest, "\"}");

	read_row(&(struct row){ deepest.bytes, ERR_MALFORMED, NULL, { 0 } }, true, "application/json");
	read_row(&(struct row){ deep.bytes, ERR_MALFORMED, NULL, { 0 } }, true, "application/json");
	read_row(&(struct row){ deep_enough.bytes, OK, NULL, { .text = "a", .code = "1" } }, true, "application/json");
	read_row(&(struct row){ wide.bytes, ERR_MALFORMED, NULL, { 0 } }, false, "application/x-www-form-urlencoded");
	read_row(&(struct row){ longest.bytes, ERR_INVALID, "text", { 0 } }, true, "application/json");
}

static void looks_at_the_content_type(void **state)
{
	static const struct { bool json; const char *type; enum err err; } cases[] = {
		{ true, "application/json", OK },
		{ true, "Application/JSON", OK },
		{ true, "application/json; charset=utf-8", OK },
		{ true, "application/json;charset=UTF-8", OK },
		{ true, "application/json ; charset=\"utf-8\"", OK },
		{ true, "application/json;", OK },
		{ true, "application/json; charset=utf-8;", OK },
		{ true, "application/json;; ;charset=utf-8 ;\t; charset=\"utf-8\"", OK },
		{ true, "application/json; charset=latin1", ERR_MEDIA_TYPE },
		{ true, "application/json; charset=utf-8; x=y", ERR_MEDIA_TYPE },
		{ true, "application/json;; x=y", ERR_MEDIA_TYPE },
		{ true, "application/json; charset=utf-8; charset=latin1", ERR_MEDIA_TYPE },
		{ true, "", ERR_MEDIA_TYPE },
		{ true, "text/json", ERR_MEDIA_TYPE },
		{ true, "application/jsonx", ERR_MEDIA_TYPE },
		{ true, "xapplication/json", ERR_MEDIA_TYPE },
		{ true, "application/json, text/plain", ERR_MEDIA_TYPE },
		{ true, "application/json\r\nContent-Type: application/json", ERR_MEDIA_TYPE },
		{ true, "application/x-www-form-urlencoded", ERR_MEDIA_TYPE },
		{ false, "application/x-www-form-urlencoded", OK },
		{ false, "application/x-www-form-urlencoded; charset=UTF-8", OK },
		{ false, "application/json", ERR_MEDIA_TYPE },
		{ false, "multipart/form-data; boundary=x", ERR_MEDIA_TYPE },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct row row = { cases[i].json ? "{" A "}" : "text=a&code=1", cases[i].err, NULL, { .text = "a", .code = "1" } };
		read_row(&row, cases[i].json, cases[i].type);
	}
	read_row(&(struct row){ "", ERR_INVALID, "text", { 0 } }, true, "text/plain");
	read_row(&(struct row){ "", ERR_INVALID, "text", { 0 } }, false, "text/plain");
}

static void finds_values_of_the_query_and_the_body(void **state)
{
	static const char text[] = "POST /?a=1&b=%20+x&c=1&%63=2&d=%ff&f&=g HTTP/1.1\r\nHost: a\r\n"
	                           "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 11\r\n\r\na=2&h=%3d&i";
	static const struct { const char *name, *query, *body; } cases[] = {
		{ "a", "1", "2" }, { "b", "  x", NULL }, { "c", NULL, NULL }, { "d", NULL, NULL },
		{ "f", "", NULL }, { "", "g", NULL },    { "h", NULL, "=" },  { "i", NULL, "" },   { "j", NULL, NULL },
	};
	SCOPED(made_call_done) struct made_call made;
	(void)state;

	made_call(&made, text, sizeof(text) - 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *query = query_value(&made.call, cases[i].name), *body = form_value(&made.call, cases[i].name), *read = NULL;
		bool wrong = query_read(&made.call, cases[i].name, &read) == ERR_INVALID;
		if (!same(query, cases[i].query) || !same(body, cases[i].body) || !same(read, query))
			fail_msg("%s: %s, %s", cases[i].name, query ? query : "-", body ? body : "-");
		if (wrong != (strchr("cd", cases[i].name[0]) && cases[i].name[0]) || (wrong && !same(made.call.wrong, cases[i].name)))
			fail_msg("%s: %s", cases[i].name, wrong ? "wrong" : "not told to be wrong");
	}
}

static void list(void *to, const char *name, const char *value)
{
	buf_printf(to, "%s=%s;", name, value);
}

static void calls_back_for_each_pair(void **state)
{
	static const char text[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	                           "Content-Length: 14\r\n\r\nb=1+2&a=%26&c=";
	SCOPED(buf_done) struct buf seen = { 0 };
	SCOPED(made_call_done) struct made_call made;
	(void)state;

	made_call(&made, text, sizeof(text) - 1);
	assert_int_equal(form_each(&made.call, list, &seen), OK);
	assert_string_equal(buf_string(&seen), "b=1 2;a=&;c=;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_json),
		cmocka_unit_test(a_raw_nul_is_no_json),
		cmocka_unit_test(reads_urlencoded_forms),
		cmocka_unit_test(bounds_what_a_stranger_can_make_us_hold),
		cmocka_unit_test(looks_at_the_content_type),
		cmocka_unit_test(finds_values_of_the_query_and_the_body),
		cmocka_unit_test(calls_back_for_each_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
