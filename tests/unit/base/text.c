/* UTF-8 as people write it: the ranges of the Unicode standard (table 3-7), NFC, controls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/text.h"

/* First and last of each range that table 3-7 allows, and the neighbours that it does not. */
static void takes_well_formed_utf8_alone(void **state)
{
	static const struct { const char *text; bool good; } cases[] = {
		{ "", true },                  { "a", true },                 { "\x7f", true },
		{ "\xc2\x80", true },          { "\xdf\xbf", true },
		{ "\xe0\xa0\x80", true },      { "\xe0\xbf\xbf", true },      { "\xec\xbf\xbf", true },
		{ "\xed\x9f\xbf", true },      { "\xee\x80\x80", true },      { "\xef\xbf\xbf", true },
		{ "\xf0\x90\x80\x80", true },  { "\xf1\x80\x80\x80", true },  { "\xf4\x8f\xbf\xbf", true },
		{ "한국어", true },            { "ни", true },                { "😀", true },
		{ "\x80", false },             { "\xbf", false },             { "\xc0\x80", false },
		{ "\xc1\xbf", false },         { "\xc2", false },             { "\xc2\x7f", false },
		{ "\xc2\xc0", false },         { "\xe0\x9f\xbf", false },     { "\xe0\xa0", false },
		{ "\xe1\x80\x7f", false },     { "\xed\xa0\x80", false },     { "\xed\xbf\xbf", false },
		{ "\xf0\x8f\xbf\xbf", false }, { "\xf4\x90\x80\x80", false }, { "\xf5\x80\x80\x80", false },
		{ "\xf8\x88\x80\x80\x80", false }, { "\xfe", false },         { "\xff", false },
		{ "\xf0\x90\x80", false },     { "a\xe2\x82", false },        { "\xe2\x82" "a", false },
		{ "\xed\xa0\xbd\xed\xb8\x80", false }, /* a pair of surrogates, each encoded */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (text_is_utf8(cases[i].text, strlen(cases[i].text)) != cases[i].good)
			fail_msg("row %zu is %s", i, cases[i].good ? "refused" : "taken");
}

static void refuses_nul(void **state)
{
	(void)state;
	assert_false(text_is_utf8("a\0b", 3));
	assert_false(text_is_utf8("\0", 1));
	assert_true(text_is_utf8("a\0b", 1));
}

static void counts_code_points(void **state)
{
	static const struct { const char *text; size_t characters; } cases[] = {
		{ "", 0 }, { "abc", 3 }, { "비밀번호", 4 }, { "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 3 }, { "e\xcc\x81", 2 }, { "😀!", 2 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(text_characters(cases[i].text), cases[i].characters);
}

static void steps_from_character_to_character(void **state)
{
	static const uint32_t right[] = { 'a', 0xe9, 0xd55c, 0x1f600 };
	const char *text = "aé한😀";
	size_t left = strlen(text), taken;
	uint32_t character = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(right); i++, text += taken, left -= taken) {
		taken = text_next(text, left, &character);
		assert_int_equal(taken, i + 1);
		assert_int_equal(character, right[i]);
	}
	assert_int_equal(text_next(text, left, &character), 0);
	assert_int_equal(text_next("\xff", 1, &character), 0);
	assert_int_equal(text_next("\xe2\x82\xac", 2, &character), 0); /* what lies behind the length is not read */
	assert_int_equal(character, 0x1f600);
}

static void finds_controls(void **state)
{
	static const struct { const char *text; bool controls; } cases[] = {
		{ "", false },            { "Kim Minji", false },      { "김민지", false },       { "O’Brien–Smith", false },
		{ "👩‍💻", false },          { "नमस्ते", false },           { "\u05d0\u05d1", false }, { "\u00a0", false },
		{ "a\tb", true },         { "a\nb", true },            { "\r", true },            { "\x01", true },
		{ "\x1f", true },         { "\x7f", true },            { "\xc2\x80", true },        { "\xc2\x9f", true },
		{ "\u2028", true },       { "\u2029", true },          { "\u202a", true },        { "\u202b", true },
		{ "\u202c", true },       { "\u202d", true },          { "\u202e", true },        { "\u2066", true },
		{ "\u2067", true },       { "\u2068", true },          { "\u2069", true },        { "\u0378", false },
		{ "\uffff", true },       { "\U000e0fff", true },      { "\U0010ffff", true },    { "abc\u202e", true },
		{ "\U0001fae8", false },  { "\U00031350", false },    { "\ufdd0", true },        { "\U0001fffe", true },
		{ "\u2065", true },       { "\ue000", false },        { "\ufff0", true },        { "\ufffd", false },
		{ "\u2027", false },      { "\u202f", false },         { "\u00a1", false },       { "~", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (text_has_controls(cases[i].text) != cases[i].controls)
			fail_msg("row %zu (%s)", i, cases[i].text);
	assert_true(text_has_controls("a\xff")); /* what cannot be read is not trusted */
}

static void composes(void **state)
{
	static const struct { const char *text, *nfc; } cases[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "e\xcc\x81", "\xc3\xa9" },
		{ "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x80\xe1\x85\xae\xe1\x86\xa8", "한국" },
		{ "한국", "한국" },
		{ "\xe2\x84\xab", "\xc3\x85" },                      /* ANGSTROM SIGN */
		{ "a\xcc\x81\xcc\xa3", "\xe1\xba\xa1\xcc\x81" },     /* marks are put in order */
		{ "\xf0\x9d\x85\x9e", "\xf0\x9d\x85\x97\xf0\x9d\x85\xa5" }, /* excluded from composition: longer than before */
		{ "\xef\xac\x81", "\xef\xac\x81" },                  /* a ligature stays: NFC, not NFKC */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char out[64];
		enum err err = text_nfc(cases[i].text, out, sizeof(out));
		if (err || strcmp(out, cases[i].nfc))
			fail_msg("row %zu: err %d, \"%s\"", i, err, err ? "" : out);
	}
}

/* For each size of the room: what fits with its NUL is given, all else is refused and nothing is left of it. */
static void fits_or_refuses(void **state)
{
	static const char *const texts[] = { "abcdef", "e\xcc\x81!e\xcc\x81", "한국어", "\xf0\x9d\x85\x9e\xf0\x9d\x85\x9e" };
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		char whole[64], out[64];
		assert_int_equal(text_nfc(texts[i], whole, sizeof(whole)), OK);
		for (size_t room = 0; room <= strlen(whole) + 2; room++) {
			memset(out, 'x', sizeof(out));
			enum err err = text_nfc(texts[i], out, room);
			assert_int_equal(err, strlen(whole) < room ? OK : ERR_INVALID);
			if (!err)
				assert_string_equal(out, whole);
			for (size_t at = room; at < sizeof(out); at++)
				assert_int_equal(out[at], 'x');
		}
	}
}

static void refuses_to_compose_what_is_no_utf8(void **state)
{
	static const char *const texts[] = { "\xff", "a\xc0\x80", "\xed\xa0\x80", "\xe2\x82" };
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_int_equal(text_nfc(texts[i], out, sizeof(out)), ERR_INVALID);
}

/* For each size of the room: as much as fits of whole characters, and nothing behind it. */
static void folds_or_cuts(void **state)
{
	static const struct { const char *text, *folded; } cases[] = {
		{ "Kim", "kim" },   { "E\u0301LODIE", "\u00e9lodie" },   { "\u1112\u1161\u11ab", "한" },
		{ "straße", "strasse" }, { "\u0390\u0390", "\u0390\u0390" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t room = 2; room <= strlen(cases[i].folded) + 2; room++) {
			char out[64];
			memset(out, 'x', sizeof(out));
			assert_int_equal(text_fold(cases[i].text, out, room), OK);
			if (strncmp(out, cases[i].folded, strlen(out)) != 0)
				fail_msg("%s in %zu: %s", cases[i].text, room, out);
			assert_true(text_is_utf8(out, strlen(out)));
			if (strlen(cases[i].folded) < room)
				assert_string_equal(out, cases[i].folded);
			for (size_t at = room; at < sizeof(out); at++)
				assert_int_equal(out[at], 'x');
		}
}

static void lowers_ascii_letters_alone(void **state)
{
	char text[] = "AZaz09@[`{É";

	(void)state;
	text_ascii_lower(text);
	assert_string_equal(text, "azaz09@[`{É");
}

static void compares_without_ascii_case(void **state)
{
	static const struct { const char *a, *b; bool same; } cases[] = {
		{ "", "", true },          { "Host", "hOST", true },  { "host", "hosts", false }, { "hosts", "host", false },
		{ "É", "é", false },       { "@", "`", false },       { "[", "{", false },        { "a", "", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (text_ascii_same(cases[i].a, cases[i].b) != cases[i].same)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
}

static void trims_the_white_space_around(void **state)
{
	static const struct { const char *typed, *is; size_t room; } cases[] = {
		{ "", "", 1 },         { " \t\r\n", "", 1 },  { "a", "a", 2 },          { " a b\t", "a b", 4 }, { "\va\f", "a", 2 },
		{ "a", NULL, 1 },      { " a b ", NULL, 3 },  { "\xc2\xa0", "\xc2\xa0", 3 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char out[8] = "before";
		assert_int_equal(text_trim(cases[i].typed, out, cases[i].room), cases[i].is != NULL);
		assert_string_equal(out, cases[i].is ? cases[i].is : "before");
	}
}

static void knows_a_label_of_a_host_name(void **state)
{
	static const char longest[] = "123456789012345678901234567890123456789012345678901234567890abcd";
	static const struct { const char *text; bool good; } cases[] = {
		{ "a", true },   { "0", true },   { "a-b", true }, { "xn--fsq", true }, { "A9", true },
		{ "", false },   { "-a", false }, { "a-", false }, { "-", false },      { "a_b", false },
		{ "a.b", false }, { "\xc3\xa9", false }, { "a b", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (text_is_host_label(cases[i].text, strlen(cases[i].text)) != cases[i].good)
			fail_msg("%s", cases[i].text);
	assert_true(text_is_host_label(longest, 63));
	assert_false(text_is_host_label(longest, 64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_well_formed_utf8_alone), cmocka_unit_test(refuses_nul),
		cmocka_unit_test(counts_code_points),           cmocka_unit_test(steps_from_character_to_character),
		cmocka_unit_test(finds_controls),               cmocka_unit_test(composes),
		cmocka_unit_test(fits_or_refuses),              cmocka_unit_test(refuses_to_compose_what_is_no_utf8),
		cmocka_unit_test(folds_or_cuts),                cmocka_unit_test(lowers_ascii_letters_alone),
		cmocka_unit_test(compares_without_ascii_case),  cmocka_unit_test(trims_the_white_space_around),
		cmocka_unit_test(knows_a_label_of_a_host_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
