/* Texts for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/lang.h"
#include "base/text.h"

static void knows_its_languages(void **state)
{
	static const struct { const char *tag; int locale; } cases[] = {
		{ "en", LOCALE_EN },   { "ko", LOCALE_KO },    { "KO", LOCALE_KO },    { "ko-KR", LOCALE_KO }, { "en-GB-oxendict", LOCALE_EN },
		{ "En-us", LOCALE_EN }, { "", -1 },            { "e", -1 },            { "kok", -1 },          { "-", -1 },
		{ "fr", -1 },          { "k", -1 },            { "eng", -1 },          { "kr-ko", -1 },        { "*", -1 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum locale locale = LOCALE_COUNT;
		bool found = locale_from_tag(cases[i].tag, strlen(cases[i].tag), &locale);
		if (found != (cases[i].locale >= 0) || (int)locale != (found ? cases[i].locale : LOCALE_COUNT))
			fail_msg("%s: %d", cases[i].tag, (int)locale);
	}
	assert_string_equal(locale_tag(LOCALE_EN), "en");
	assert_string_equal(locale_tag(LOCALE_KO), "ko");
}

static void reads_no_further_than_the_tag(void **state)
{
	enum locale locale = LOCALE_EN;

	(void)state;
	assert_true(locale_from_tag("ko,en;q=0.5", 2, &locale));
	assert_int_equal(locale, LOCALE_KO);
	assert_false(locale_from_tag("ko", 1, &locale));
}

static void has_each_text_in_each_language(void **state)
{
	(void)state;
	for (enum locale locale = 0; locale < LOCALE_COUNT; locale++)
		for (int msg = 0; msg < MSG_COUNT; msg++) {
			const char *text = lang_text(locale, (enum msg)msg);
			if (!text || !*text || !text_is_utf8(text, strlen(text)))
				fail_msg("message %d in %s", msg, locale_tag(locale));
		}
}

static void fills_placeholders(void **state)
{
	SCOPED(buf_done) struct buf out = { 0 };
	const struct lang_arg args[] = { { "waiting", "no" }, { "wait", "5 minutes" } };

	(void)state;
	lang_fill(&out, LOCALE_EN, MSG_ERROR_TOO_MANY, args, COUNT(args));
	assert_string_equal(buf_string(&out), "Too many attempts. Try again in 5 minutes.");
}

/* A value that looks like a placeholder stays what it is; a placeholder without a value stays to be seen. */
static void looks_at_no_value_again(void **state)
{
	SCOPED(buf_done) struct buf out = { 0 };
	const struct lang_arg args[] = { { "wait", "{wait} {field}" } };

	(void)state;
	lang_fill(&out, LOCALE_EN, MSG_ERROR_TOO_MANY, args, COUNT(args));
	assert_string_equal(buf_string(&out), "Too many attempts. Try again in {wait} {field}.");
	buf_reset(&out);
	lang_fill(&out, LOCALE_EN, MSG_ERROR_TOO_MANY, NULL, 0);
	assert_string_equal(buf_string(&out), "Too many attempts. Try again in {wait}.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_its_languages),      cmocka_unit_test(reads_no_further_than_the_tag),
		cmocka_unit_test(has_each_text_in_each_language), cmocka_unit_test(fills_placeholders),
		cmocka_unit_test(looks_at_no_value_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
