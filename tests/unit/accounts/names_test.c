#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "accounts/account.h"

static void reads_addresses(void **state)
{
	static const struct {
		const char *typed, *read; /* NULL: refused */
	} cases[] = {
		{ "kim@example.com", "kim@example.com" },
		{ "  Kim@Example.COM\t", "kim@example.com" },
		{ "a.b+c_d@mail.example.co.kr", "a.b+c_d@mail.example.co.kr" },
		{ "o'hara@example.com", "o'hara@example.com" },
		{ "x@xn--9t4b11yi5a.com", "x@xn--9t4b11yi5a.com" },
		{ "", NULL },
		{ " ", NULL },
		{ "kim", NULL },
		{ "kim@", NULL },
		{ "@example.com", NULL },
		{ "kim@example", NULL },
		{ "kim@example..com", NULL },
		{ "kim@example.com.", NULL },
		{ "kim@.example.com", NULL },
		{ "kim@-example.com", NULL },
		{ "kim@exam_ple.com", NULL },
		{ ".kim@example.com", NULL },
		{ "kim.@example.com", NULL },
		{ "k..im@example.com", NULL },
		{ "kim@lee@example.com", NULL },
		{ "kim kim@example.com", NULL },
		{ "\"kim\"@example.com", NULL },
		{ "kim@[127.0.0.1]", NULL },
		{ "kim@example.com\r\nBcc: x@example.com", NULL },
		{ "김@example.com", NULL },
		{ "kim@예시.com", NULL },
		{ "kim<kim@example.com>", NULL },
		{ "kim,lee@example.com", NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char read[EMAIL_TEXT] = "";
		enum err err = email_read(cases[i].typed, read);
		bool right = cases[i].read ? !err && !strcmp(read, cases[i].read) : err == ERR_EMAIL;
		if (!right)
			fail_msg("%s: err %s, read %s", cases[i].typed, err_name(err), read);
	}
}

static void bounds_addresses(void **state)
{
	char typed[600], read[EMAIL_TEXT];
	(void)state;
	memset(typed, 'a', sizeof(typed));
	memcpy(typed + 64, "@", 1);
	for (size_t i = 65; i < 248; i++)
		typed[i] = (i - 65) % 50 == 49 ? '.' : 'b';
	memcpy(typed + 248, ".com", 5);
	assert_int_equal(email_read(typed, read), OK);
	memcpy(typed + 248, ".commun", 8);
	assert_int_equal(strlen(typed), 255);
	assert_int_equal(email_read(typed, read), ERR_EMAIL);
	memset(typed, 'a', 65);
	memcpy(typed + 65, "@example.com", 13);
	assert_int_equal(email_read(typed, read), ERR_EMAIL);
}

static void reads_names(void **state)
{
	static const struct {
		const char *typed;
		enum err err;
	} cases[] = {
		{ "Kim", OK },
		{ "  Kim Min-jun ", OK },
		{ "김민준", OK },
		{ "O'Hara, Jr.", OK },
		{ "\xF0\x9F\x99\x82", OK },
		{ "", ERR_NAME },
		{ "   ", ERR_NAME },
		{ "http://x", ERR_NAME },
		{ "a/b", ERR_NAME },
		{ "a\\b", ERR_NAME },
		{ "a@b", ERR_NAME },
		{ "WwW.example.com", ERR_NAME },
		{ "a\nb", ERR_NAME },
		{ "a\x7F", ERR_NAME },
		{ "a\xC2\x85", ERR_NAME },     /* C1 */
		{ "a\xE2\x80\xAE", ERR_NAME }, /* right-to-left override */
		{ "a\xE2\x80\xA8", ERR_NAME }, /* line separator */
		{ "\xE2\x80\x8B", ERR_NAME },                     /* zero width space */
		{ "\xEF\xBB\xBF", ERR_NAME },                     /* byte order mark */
		{ "\xE2\x81\xA0\xC2\xAD", ERR_NAME },             /* word joiner, soft hyphen */
		{ "\xE2\x80\x8D\xE2\x80\x8C", ERR_NAME },         /* joiner, non-joiner */
		{ "\xE3\x80\x80 \xC2\xA0", ERR_NAME },            /* ideographic space, no-break space */
		{ "\xE3\x85\xA4", ERR_NAME },                     /* Hangul filler: a letter */
		{ "\xE1\x85\x9F\xE1\x85\xA0", ERR_NAME },         /* fillers of lead and vowel */
		{ "\xE2\xA0\x80", ERR_NAME },                     /* Braille without a dot: a symbol */
		{ "\xCC\x81", ERR_NAME },                         /* an accent on nothing */
		{ "\xEF\xB8\x8F", ERR_NAME },                     /* variation selector */
		{ "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB", OK }, /* joined emoji */
		{ "\xE0\xA4\x95\xE0\xA5\x8D\xE2\x80\x8D\xE0\xA4\xB7", OK }, /* KA, virama, joiner, SSA */
		{ "\xE2\x80\x8BKim", OK },
		{ "7", OK },
		{ "!", OK },
		{ "\xFF", ERR_NAME },
		{ "\xED\xA0\x80", ERR_NAME },  /* surrogate */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char read[NAME_TEXT];
		enum err err = name_read(cases[i].typed, read);
		if (err != cases[i].err)
			fail_msg("%s: err %s", cases[i].typed, err_name(err));
	}
}

static void counts_characters_of_names(void **state)
{
	char typed[500] = "", read[NAME_TEXT];
	(void)state;
	for (int i = 0; i < NAME_CHARACTERS_MAX; i++)
		memcpy(typed + 3 * i, "\xEA\xB9\x80", 4);
	assert_int_equal(name_read(typed, read), OK);
	memcpy(typed + 300, "a", 2);
	assert_int_equal(name_read(typed, read), ERR_NAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_addresses),
		cmocka_unit_test(bounds_addresses),
		cmocka_unit_test(reads_names),
		cmocka_unit_test(counts_characters_of_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
