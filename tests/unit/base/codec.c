/* base64url, base32 and hex: the vectors of RFC 4648 section 10 without padding, and one spelling for each value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/codec.h"

typedef void encoder(const uint8_t *bytes, size_t length, char *text);
typedef bool decoder(const char *text, size_t text_length, uint8_t *bytes, size_t length);

static const struct codec {
	const char *name;
	encoder *encode;
	decoder *decode;
} codecs[] = {
	{ "base64url", base64url_encode, base64url_decode },
	{ "base32", base32_encode, base32_decode },
	{ "hex", hex_encode, hex_decode },
};
enum { BASE64URL, BASE32, HEX };

static void speaks_rfc_4648(void **state)
{
	static const struct { const char *bytes, *text[3]; } cases[] = {
		{ "", { "", "", "" } },
		{ "f", { "Zg", "MY", "66" } },
		{ "fo", { "Zm8", "MZXQ", "666f" } },
		{ "foo", { "Zm9v", "MZXW6", "666f6f" } },
		{ "foob", { "Zm9vYg", "MZXW6YQ", "666f6f62" } },
		{ "fooba", { "Zm9vYmE", "MZXW6YTB", "666f6f6261" } },
		{ "foobar", { "Zm9vYmFy", "MZXW6YTBOI", "666f6f626172" } },
		{ "\xfb\xff\xfe", { "-__-", "7P774", "fbfffe" } },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t c = 0; c < COUNT(codecs); c++) {
			size_t length = strlen(cases[i].bytes);
			char text[32];
			uint8_t bytes[8];
			codecs[c].encode((const uint8_t *)cases[i].bytes, length, text);
			if (strcmp(text, cases[i].text[c]))
				fail_msg("%s of row %zu: %s, expected %s", codecs[c].name, i, text, cases[i].text[c]);
			if (!codecs[c].decode(text, strlen(text), bytes, length) || memcmp(bytes, cases[i].bytes, length))
				fail_msg("%s of row %zu does not come back", codecs[c].name, i);
		}
}

static void refuses_every_other_spelling(void **state)
{
	static const struct { int codec; const char *text; size_t length; } cases[] = {
		{ BASE64URL, "Zg==", 1 },  { BASE64URL, "Zh", 1 },    { BASE64URL, "Zm9=", 2 },  { BASE64URL, "Zm9", 2 },
		{ BASE64URL, "+__-", 3 },  { BASE64URL, "-/_-", 3 },  { BASE64URL, "Zm 9v", 3 }, { BASE64URL, "Zm9v\n", 3 },
		{ BASE64URL, "Zm9", 3 },   { BASE64URL, "Zm9vY", 3 }, { BASE64URL, "Z", 1 },     { BASE64URL, "Z", 0 },
		{ BASE64URL, "Zm9\xc3", 3 },
		{ BASE32, "mzxw6", 3 },    { BASE32, "MZXW6===", 3 }, { BASE32, "MZ", 1 },       { BASE32, "MZXW0", 3 },
		{ BASE32, "MZXW1", 3 },    { BASE32, "MZXW8", 3 },    { BASE32, "MZXW", 3 },     { BASE32, "MZXW7", 3 },
		{ HEX, "666F", 2 },        { HEX, "66 f", 2 },        { HEX, "666", 2 },         { HEX, "666f6", 2 },
		{ HEX, "66g0", 2 },        { HEX, "", 1 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t bytes[8] = { 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa };
		const struct codec *codec = &codecs[cases[i].codec];
		if (codec->decode(cases[i].text, strlen(cases[i].text), bytes, cases[i].length))
			fail_msg("%s takes \"%s\" for %zu bytes", codec->name, cases[i].text, cases[i].length);
		if (bytes[0] != 0xaa)
			fail_msg("%s writes where it refuses \"%s\"", codec->name, cases[i].text);
	}
}

/* A NUL inside counts as a character that is none of the alphabet. */
static void refuses_nul(void **state)
{
	uint8_t bytes[3];

	(void)state;
	assert_false(base64url_decode("Zm\0v", 4, bytes, 3));
	assert_false(base32_decode("MZ\0W6", 5, bytes, 3));
	assert_false(hex_decode("66\0f6f", 6, bytes, 3));
}

/* The two characters of one byte: of all pairs exactly 256 are taken, and each is written back as it was. */
static void takes_one_spelling_for_each_byte(void **state)
{
	(void)state;
	for (size_t c = 0; c < COUNT(codecs); c++) {
		int taken = 0;
		for (int pair = 0; pair < 0x10000; pair++) {
			const char text[2] = { (char)(pair >> 8), (char)pair };
			uint8_t byte;
			char again[4];
			if (!codecs[c].decode(text, 2, &byte, 1))
				continue;
			codecs[c].encode(&byte, 1, again);
			assert_memory_equal(again, text, 2);
			taken++;
		}
		assert_int_equal(taken, 256);
	}
}

static void sizes_hold_text_and_nul(void **state)
{
	uint8_t bytes[70] = { 0 };
	char text[200];

	(void)state;
	for (size_t length = 0; length <= sizeof(bytes); length++) {
		base64url_encode(bytes, length, text);
		assert_int_equal(strlen(text) + 1, BASE64URL_TEXT(length));
		base32_encode(bytes, length, text);
		assert_int_equal(strlen(text) + 1, BASE32_TEXT(length));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(speaks_rfc_4648),
		cmocka_unit_test(refuses_every_other_spelling),
		cmocka_unit_test(refuses_nul),
		cmocka_unit_test(takes_one_spelling_for_each_byte),
		cmocka_unit_test(sizes_hold_text_and_nul),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
