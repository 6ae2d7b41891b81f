/* What gen/templates.c makes of fixture/everything.html, with writers that say their names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "assets.h"
#include "base/buf.h"
#include "fixture.h"
#include "pages/template.h"

static char written[8192];
static size_t written_length;

void buf_add(struct buf *buf, const void *bytes, size_t length)
{
	(void)buf;
	if (written_length + length >= sizeof(written))
		fail_msg("more than was foreseen");
	memcpy(written + written_length, bytes, length);
	written_length += length;
	written[written_length] = '\0';
}

void buf_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_int(struct buf *buf, int64_t value)
{
	char text[32];
	snprintf(text, sizeof(text), "%lld", (long long)value);
	buf_text(buf, text);
}

static void say(const char *writer, const char *value)
{
	char text[256];
	snprintf(text, sizeof(text), "[%s %s]", writer, value ? value : "NULL");
	buf_text(NULL, text);
}

void template_text(struct buf *out, const char *value) { (void)out; say("text", value); }
void template_attribute(struct buf *out, const char *value) { (void)out; say("attribute", value); }
void template_url(struct buf *out, const char *value) { (void)out; say("url", value); }
void template_url_part(struct buf *out, const char *value) { (void)out; say("part", value); }

void template_message(struct buf *out, enum locale locale, enum msg msg, const struct lang_arg *args, size_t count)
{
	(void)out, (void)locale;
	say("message", msg == MSG_HELLO ? "hello" : "plain");
	for (size_t i = 0; i < count; i++)
		say(args[i].name, args[i].value);
}

void template_message_attribute(struct buf *out, enum locale locale, enum msg msg, const struct lang_arg *args, size_t count)
{
	template_message(out, locale, msg, args, count);
}

const char *template_number(char out[static TEMPLATE_NUMBER], int64_t value)
{
	snprintf(out, TEMPLATE_NUMBER, "%lld", (long long)value);
	return out;
}

const char *locale_tag(enum locale locale)
{
	return locale == LOCALE_KO ? "ko" : "en";
}

static void expect(const char *part)
{
	if (!strstr(written, part))
		fail_msg("no %s in:\n%s", part, written);
}

static void each_place_gets_its_writer(void **state)
{
	static const struct part_owner owner = { "Kim" };
	static const struct part_item items[] = { { "a/b", 7, "/x", &owner }, { "c", -1, "https://c.example", &owner } };
	const struct page_everything page = {
		.title = "Title", .back = "/back", .wrong = true, .left = 3, .notice = MSG_PLAIN, .items = items, .items_count = 2,
	};
	(void)state;
	written_length = 0;
	page_everything(NULL, LOCALE_KO, &page);

	expect("<html lang=\"[attribute ko]\">");
	expect("<title>[text Title]</title>");
	expect("<link rel=\"stylesheet\" href=\"/assets/app-");
	expect("<a href=\"[url /back]\">[message plain]</a>");
	expect("<p title=\"[attribute Title]\">[message plain]: 3</p>");
	expect("[message hello][name Title][count 3][word <two> words]");
	expect("<b>wrong</b>");
	expect("<li class=\"item owned\"><a href=\"[url /x]\">[text a/b]</a>\n<a href=\"/items/[part a/b]?size=7\">[text Kim]</a></li>");
	expect("[url https://c.example]");
	expect("<label for=\"one\">[message plain]</label><input id=\"one\" value=\"[attribute Title]\" aria-invalid=\"true\">");
	expect("<pre>\n  kept\n</pre>");
	expect("action=\"/posted\"><input type=\"hidden\" name=\"by\" value=\"[attribute Title]\">");
	expect("action=\"/asked\" class=\"post\"><button>");
	expect("action=\"[url /back]\"><input type=\"hidden\" name=\"by\" value=\"[attribute Title]\">");
	assert_null(strstr(written, "<i>right</i>"));
	assert_null(strstr(written, "none"));
}

static void the_other_branch_is_taken(void **state)
{
	const struct page_everything page = { .title = "Title" };
	(void)state;
	written_length = 0;
	page_everything(NULL, LOCALE_EN, &page);
	expect("<i>right</i>");
	expect("<p>none</p>");
	assert_null(strstr(written, "<li "));
}

static void assets_are_named_by_their_content(void **state)
{
	static const char squeezed[] = "p{margin:0;}a{color:red;}/* this one stays */";
	(void)state;
	assert_int_equal(ASSETS, 1);
	assert_string_equal(assets[0].type, "text/css; charset=utf-8");
	assert_int_equal(assets[0].length, sizeof(squeezed) - 1);
	assert_memory_equal(assets[0].bytes, squeezed, sizeof(squeezed) - 1);
	assert_string_equal(assets[0].path, ASSET_APP_CSS);
	assert_int_equal(strlen(ASSET_APP_CSS), strlen("/assets/app-0123456789abcdef.css"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_place_gets_its_writer),
		cmocka_unit_test(the_other_branch_is_taken),
		cmocka_unit_test(assets_are_named_by_their_content),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
