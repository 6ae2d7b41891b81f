/* Fields that tell whether they were given, lists, and forms in forms: from JSON and from urlencoded bodies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base.h"
#include "made_call.h"

struct part {
	const char *path;
	struct texts methods;
	struct number age;
};
static const struct field part_fields[] = {
	FIELD(part, path, FIELD_TEXT),
	FIELD(part, methods, FIELD_TEXTS),
	FIELD(part, age, FIELD_NUMBER),
};
static const struct form part_form = FORM(part, part_fields);

struct whole {
	struct switched on;
	struct number count;
	struct texts words;
	const void *part;
	struct list parts;
};
static const struct field whole_fields[] = {
	FIELD(whole, on, FIELD_SWITCH),
	FIELD(whole, count, FIELD_NUMBER),
	{ "words", FIELD_TEXTS, offsetof(struct whole, words), 8, NULL },
	FIELD_OF(whole, part, FIELD_OBJECT, &part_form),
	FIELD_OF(whole, parts, FIELD_LIST, &part_form),
};
static const struct form whole_form = FORM(whole, whole_fields);

static void show_texts(struct buf *out, const struct texts *texts)
{
	if (!texts->given && (texts->text || texts->count))
		fail_msg("texts that nobody gave");
	if (!texts->given)
		return;
	buf_text(out, " [");
	for (size_t i = 0; i < texts->count; i++)
		buf_printf(out, "%s%s", i ? "|" : "", texts->text[i]);
	buf_text(out, "]");
}

static void show_number(struct buf *out, const struct number *number)
{
	if (number->given)
		buf_printf(out, " %" PRId64, number->value);
	else
		assert_int_equal(number->value, 0);
}

static void show_part(struct buf *out, const struct part *part)
{
	buf_printf(out, " {%s", part->path);
	show_texts(out, &part->methods);
	show_number(out, &part->age);
	buf_text(out, "}");
}

/* What was given, in the order of the fields: "on 5 [a|b] {/x} <{/y [GET] 60}>". */
static void show(struct buf *out, const struct whole *whole)
{
	const struct part *parts = whole->parts.items;

	if (whole->on.given)
		buf_text(out, whole->on.on ? " on" : " off");
	else
		assert_false(whole->on.on);
	show_number(out, &whole->count);
	show_texts(out, &whole->words);
	if (whole->part)
		show_part(out, whole->part);
	if (whole->parts.given) {
		buf_text(out, " <");
		for (size_t i = 0; i < whole->parts.count; i++)
			show_part(out, &parts[i]);
		buf_text(out, ">");
	}
}

struct row {
	const char *body;
	enum err err;
	const char *wrong; /* with ERR_INVALID */
	const char *shown; /* with OK */
};

static void read_row(const struct row *row, bool json)
{
	SCOPED(buf_done) struct buf text = { 0 };
	SCOPED(buf_done) struct buf shown = { 0 };
	SCOPED(made_call_done) struct made_call made;
	enum err err;

	buf_printf(&text, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/%s\r\nContent-Length: %zu\r\n\r\n%s",
	           json ? "json" : "x-www-form-urlencoded", strlen(row->body), row->body);
	made_call(&made, text.bytes, text.length);
	made.surface.json = json;
	err = json ? form_read_json(&made.call, &whole_form) : form_read_urlencoded(&made.call, &whole_form);
	if (err != row->err)
		fail_msg("%.200s: %s", row->body, err_name(err));
	if (strcmp(made.call.wrong ? made.call.wrong : "", row->wrong ? row->wrong : ""))
		fail_msg("%.200s: blames %s", row->body, made.call.wrong ? made.call.wrong : "nothing");
	if (err) {
		assert_null(made.call.form);
		return;
	}
	show(&shown, made.call.form);
	if (strcmp(buf_string(&shown), row->shown))
		fail_msg("%.200s: filled with%s", row->body, buf_string(&shown));
}

static void read_rows(const struct row *rows, size_t count, bool json)
{
	for (size_t i = 0; i < count; i++)
		read_row(&rows[i], json);
}

static void tells_what_was_given(void **state)
{
	static const struct row rows[] = {
		{ "{}", OK, NULL, "" },
		{ "{\"on\":null,\"count\":null,\"words\":null,\"part\":null,\"parts\":null}", OK, NULL, "" },
		{ "{\"on\":true}", OK, NULL, " on" },
		{ "{\"on\":false}", OK, NULL, " off" },
		{ "{\"on\":\"on\"}", ERR_INVALID, "on", NULL },
		{ "{\"on\":\"off\"}", ERR_INVALID, "on", NULL },
		{ "{\"on\":1}", ERR_INVALID, "on", NULL },
		{ "{\"on\":[true]}", ERR_INVALID, "on", NULL },
		{ "{\"count\":0}", OK, NULL, " 0" },
		{ "{\"count\":-7}", OK, NULL, " -7" },
		{ "{\"count\":9223372036854775807}", OK, NULL, " 9223372036854775807" },
		{ "{\"count\":9223372036854775808}", ERR_MALFORMED, NULL, NULL },
		{ "{\"count\":1.0}", ERR_INVALID, "count", NULL },
		{ "{\"count\":1e2}", ERR_INVALID, "count", NULL },
		{ "{\"count\":\"1\"}", ERR_INVALID, "count", NULL },
		{ "{\"count\":true}", ERR_INVALID, "count", NULL },
		{ "{\"count\":{}}", ERR_INVALID, "count", NULL },
	};
	(void)state;
	read_rows(rows, COUNT(rows), true);
}

static void reads_lists_of_texts(void **state)
{
	static const struct row rows[] = {
		{ "{\"words\":[]}", OK, NULL, " []" },
		{ "{\"words\":[\"a\",\"\",\" b c,d\"]}", OK, NULL, " [a|| b c,d]" },
		{ "{\"words\":[\"\\ud55c\\uad6d\"]}", OK, NULL, " [\ud55c\uad6d]" },
		{ "{\"words\":[\"12345678\"]}", OK, NULL, " [12345678]" },
		{ "{\"words\":[\"a\",\"123456789\"]}", ERR_INVALID, "words", NULL },
		{ "{\"words\":\"a\"}", ERR_INVALID, "words", NULL },
		{ "{\"words\":\"\"}", ERR_INVALID, "words", NULL },
		{ "{\"words\":{}}", ERR_INVALID, "words", NULL },
		{ "{\"words\":{\"0\":\"a\"}}", ERR_INVALID, "words", NULL },
		{ "{\"words\":[null]}", ERR_INVALID, "words", NULL },
		{ "{\"words\":[1]}", ERR_INVALID, "words", NULL },
		{ "{\"words\":[[\"a\"]]}", ERR_INVALID, "words", NULL },
		{ "{\"words\":[{}]}", ERR_INVALID, "words", NULL },
		{ "{\"words\":[\"a\\u0000\"]}", ERR_INVALID, "words", NULL },
		{ "{\"words\":true}", ERR_INVALID, "words", NULL },
		{ "{\"words\":5}", ERR_INVALID, "words", NULL },
	};
	(void)state;
	read_rows(rows, COUNT(rows), true);
}

static void reads_forms_in_forms(void **state)
{
	static const struct row rows[] = {
		{ "{\"part\":{\"path\":\"/x\"}}", OK, NULL, " {/x}" },
		{ "{\"part\":{\"path\":\"/x\",\"methods\":[],\"age\":5,\"more\":[1]}}", OK, NULL, " {/x [] 5}" },
		{ "{\"part\":{}}", ERR_INVALID, "part.path", NULL },
		{ "{\"part\":{\"path\":1}}", ERR_INVALID, "part.path", NULL },
		{ "{\"part\":{\"path\":\"/x\",\"age\":\"5\"}}", ERR_INVALID, "part.age", NULL },
		{ "{\"part\":{\"path\":\"/x\",\"methods\":[1]}}", ERR_INVALID, "part.methods", NULL },
		{ "{\"part\":[]}", ERR_INVALID, "part", NULL },
		{ "{\"part\":[{\"path\":\"/x\"}]}", ERR_INVALID, "part", NULL },
		{ "{\"part\":\"/x\"}", ERR_INVALID, "part", NULL },
		{ "{\"part\":true}", ERR_INVALID, "part", NULL },
		{ "{\"parts\":[]}", OK, NULL, " <>" },
		{ "{\"parts\":[{\"path\":\"/x\"},{\"age\":60,\"path\":\"/y\",\"methods\":[\"GET\",\"PUT\"]}]}", OK, NULL,
		  " < {/x} {/y [GET|PUT] 60}>" },
		{ "{\"on\":true,\"count\":1,\"words\":[\"a\"],\"part\":{\"path\":\"\"},\"parts\":[{\"path\":\"/x\"}]}", OK, NULL,
		  " on 1 [a] {} < {/x}>" },
		{ "{\"parts\":[{}]}", ERR_INVALID, "parts.path", NULL },
		{ "{\"parts\":[{\"path\":\"/x\"},{\"path\":null}]}", ERR_INVALID, "parts.path", NULL },
		{ "{\"parts\":[{\"path\":\"/x\",\"methods\":\"GET\"}]}", ERR_INVALID, "parts.methods", NULL },
		{ "{\"parts\":[{\"path\":\"/x\",\"age\":1.5}]}", ERR_INVALID, "parts.age", NULL },
		{ "{\"parts\":{\"path\":\"/x\"}}", ERR_INVALID, "parts", NULL },
		{ "{\"parts\":[null]}", ERR_INVALID, "parts", NULL },
		{ "{\"parts\":[\"/x\"]}", ERR_INVALID, "parts", NULL },
		{ "{\"parts\":[[]]}", ERR_INVALID, "parts", NULL },
		{ "{\"parts\":\"/x\"}", ERR_INVALID, "parts", NULL },
		{ "{\"parts\":[{\"path\":\"/x\",\"path\":\"/y\"}]}", ERR_MALFORMED, NULL, NULL },
	};
	(void)state;
	read_rows(rows, COUNT(rows), true);
}

static void reads_them_from_pages(void **state)
{
	static const struct row rows[] = {
		{ "", OK, NULL, "" },
		{ "on=on", OK, NULL, " on" },
		{ "on=true", OK, NULL, " on" },
		{ "on=1", OK, NULL, " on" },
		{ "on=off", OK, NULL, " off" },
		{ "on=false", OK, NULL, " off" },
		{ "on=0", OK, NULL, " off" },
		{ "on=", ERR_INVALID, "on", NULL },
		{ "on=ON", ERR_INVALID, "on", NULL },
		{ "count=", OK, NULL, "" },
		{ "count=+++", OK, NULL, "" },
		{ "count=0", OK, NULL, " 0" },
		{ "count=+42+", OK, NULL, " 42" },
		{ "count=-42", OK, NULL, " -42" },
		{ "count=007", OK, NULL, " 7" },
		{ "count=999999999999999999", OK, NULL, " 999999999999999999" },
		{ "count=9999999999999999999", ERR_INVALID, "count", NULL },
		{ "count=-", ERR_INVALID, "count", NULL },
		{ "count=%2b1", ERR_INVALID, "count", NULL },
		{ "count=1.5", ERR_INVALID, "count", NULL },
		{ "count=1e3", ERR_INVALID, "count", NULL },
		{ "count=0x10", ERR_INVALID, "count", NULL },
		{ "count=%d9%a1", ERR_INVALID, "count", NULL },
		{ "words=", OK, NULL, " []" },
		{ "words=+,+;%0d%0a%09", OK, NULL, " []" },
		{ "words=a", OK, NULL, " [a]" },
		{ "words=a,b;c+d%0d%0ae%09f,,g", OK, NULL, " [a|b|c|d|e|f|g]" },
		{ "words=12345678+%ed%95%9c", OK, NULL, " [12345678|\ud55c]" },
		{ "words=a+123456789", ERR_INVALID, "words", NULL },
		{ "words=a%00b", ERR_INVALID, "words", NULL },
		{ "part=x", ERR_INVALID, "part", NULL },
		{ "parts=", ERR_INVALID, "parts", NULL },
	};
	(void)state;
	read_rows(rows, COUNT(rows), false);
}

/* FORM_ITEMS_MAX of them, and one more. */
static void bounds_the_items(void **state)
{
	static const struct { const char *open, *item, *between, *close, *wrong; bool json; } cases[] = {
		{ "{\"words\":[", "\"a\"", ",", "]}", "words", true },
		{ "{\"parts\":[", "{\"path\":\"/\"}", ",", "]}", "parts", true },
		{ "{\"part\":{\"path\":\"/\",\"methods\":[", "\"a\"", ",", "]}}", "part.methods", true },
		{ "words=", "a", "+", "", "words", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (int count = FORM_ITEMS_MAX; count <= FORM_ITEMS_MAX + 1; count++) {
			SCOPED(buf_done) struct buf body = { 0 };
			SCOPED(buf_done) struct buf text = { 0 };
			SCOPED(made_call_done) struct made_call made;
			enum err err;

			buf_text(&body, cases[i].open);
			for (int n = 0; n < count; n++)
				buf_printf(&body, "%s%s", n ? cases[i].between : "", cases[i].item);
			buf_text(&body, cases[i].close);
			buf_printf(&text, "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/%s\r\nContent-Length: %zu\r\n\r\n%s",
			           cases[i].json ? "json" : "x-www-form-urlencoded", body.length, buf_string(&body));
			made_call(&made, text.bytes, text.length);
			made.surface.json = cases[i].json;
			err = cases[i].json ? form_read_json(&made.call, &whole_form) : form_read_urlencoded(&made.call, &whole_form);
			if (count == FORM_ITEMS_MAX ? err != OK : err != ERR_INVALID || strcmp(made.call.wrong, cases[i].wrong))
				fail_msg("%s with %d: %s", cases[i].open, count, err_name(err));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_was_given),
		cmocka_unit_test(reads_lists_of_texts),
		cmocka_unit_test(reads_forms_in_forms),
		cmocka_unit_test(reads_them_from_pages),
		cmocka_unit_test(bounds_the_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
