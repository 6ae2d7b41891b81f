/* The text of the keyring: one spelling, and nothing but all of it is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/base.h"
#include "keys/keyring_text.h"

/* Sums by sha256sum. */
static const char one_key[] =
        "twostep-keyring 1\n"
        "key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
        "check 4ypC3B6OepKLA_24NwNS4j9ePXOOJQ4Sn3uhSOrNWrM\n";
static const char two_keys[] =
        "twostep-keyring 1\n"
        "key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
        "key 8000000f __________________________________________8\n"
        "check tIqG7OiqPU9GfDxoTPN9YWHQzAShGoci_h78vpvb6xs\n";

static enum err read_text(const char *text, size_t length, struct keyring_keys *keys)
{
	const char *why = NULL;
	enum err err = keyring_text_read(text, length, keys, &why);

	if (err)
		assert_true(why && strlen(why) > 10);
	return err;
}

static void reads_and_writes_alike(void **state)
{
	static const struct { const char *text; size_t count; } cases[] = { { one_key, 1 }, { two_keys, 2 } };
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct keyring_keys keys;
		char text[KEYRING_TEXT_BYTES];
		assert_int_equal(read_text(cases[i].text, strlen(cases[i].text), &keys), OK);
		assert_int_equal(keys.count, cases[i].count);
		assert_int_equal(keys.key[0].number, 1);
		for (uint8_t at = 0; at < KEYRING_KEY_BYTES; at++)
			assert_int_equal(keys.key[0].bytes[at], at);
		assert_int_equal(keyring_text_write(&keys, text), strlen(cases[i].text));
		assert_memory_equal(text, cases[i].text, strlen(cases[i].text));
	}
}

static void holds_as_many_keys_as_it_says(void **state)
{
	struct keyring_keys keys = { .count = KEYRING_KEYS_MAX }, again;
	char text[KEYRING_TEXT_BYTES + 1];
	size_t length;

	(void)state;
	for (uint32_t i = 0; i < KEYRING_KEYS_MAX; i++)
		keys.key[i].number = i + 1;
	length = keyring_text_write(&keys, text);
	assert_true(length <= KEYRING_TEXT_BYTES);
	assert_int_equal(read_text(text, length, &again), OK);
	assert_memory_equal(&keys, &again, sizeof(keys));
}

static void refuses_a_cut_file(void **state)
{
	const char *const texts[] = { one_key, two_keys };
	struct keyring_keys keys = { .count = 77 };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		for (size_t length = 0; length < strlen(texts[i]); length++)
			if (!read_text(texts[i], length, &keys) || keys.count != 77)
				fail_msg("takes the first %zu bytes", length);
}

/* Each bit of each byte. */
static void refuses_a_changed_file(void **state)
{
	struct keyring_keys keys = { .count = 77 };
	size_t length = strlen(two_keys);

	(void)state;
	for (size_t bit = 0; bit < length * 8; bit++) {
		char text[sizeof(two_keys)];
		memcpy(text, two_keys, sizeof(text));
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		if (!read_text(text, length, &keys) || keys.count != 77)
			fail_msg("takes it with bit %zu turned", bit);
	}
}

/* The rest of each line is right, and so is the check where the row has one of its own. */
static void refuses_other_texts(void **state)
{
	static const char *const texts[] = {
		/* no key */
		"twostep-keyring 1\n"
		"check aFOGIh5SJ8gFvdt08w6uBRXU7QfTTUNJg9msa4WCEh4\n",
		/* in the wrong order */
		"twostep-keyring 1\n"
		"key 8000000f __________________________________________8\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check WqZ9hcenUmzjAQJ4S-RjOMtc1sqH0Mz-gG05KVxfvhE\n",
		/* one number twice */
		"twostep-keyring 1\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check KdDX935Fgx767acPagcokpHlPHRGG_M0MFTbfQ-Kcy0\n",
		/* number 0 */
		"twostep-keyring 1\n"
		"key 00000000 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check i65fM358NVVReFwMWhxWMsdVA0qQZvXFHWo3kni-k-k\n",
		/* a number too short */
		"twostep-keyring 1\n"
		"key 0000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check 930ttET4VF7EoQmDlD3AKsIQ_CEqJGR49Ziv772nHU4\n",
		/* an upper-case number */
		"twostep-keyring 1\n"
		"key 0000000F AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check T4y2nbvR-0uKtA7S2ikTrHrN31lH6bYT04-Qp1t-0vU\n",
		/* another spelling of the key */
		"twostep-keyring 1\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9\n"
		"check vHLIG1bXpaYzSA7lr_ApQSg3rl1WqMdOwl1Y16WF8EY\n",
		/* two spaces */
		"twostep-keyring 1\n"
		"key 00000001  AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check yzxwOeeu02jlfXxzgS0Fk-xSjec_ZhC2X02RoATgHHI\n",
		/* an empty line */
		"twostep-keyring 1\n"
		"\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check yMG-UFFrqViNgD6X5bIuVtAwLqer1-OdCJCZe7jQcbg\n",
		/* a comment */
		"twostep-keyring 1\n"
		"# comment\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check A_vR1fnedFyOdpwfT1y-XI4oILXvwSBWVLvTamcoJgg\n",
		/* CR LF */
		"twostep-keyring 1\r\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check ULko9PdQ_jtoCsuoz6Sh-9_OSXFywJZrN2T6WTZJTeg\n",
		/* CR LF */
		"twostep-keyring 1\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\r\n"
		"check XgyjQLNcsrASOGNiUs8rpbfVhsEWto5BDTQKC0YX6ag\n",
		/* a byte order mark */
		"\xef\xbb\xbftwostep-keyring 1\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check jeCZhmVz8PuP80AD4nZIEqheCVLQCTN4U3ga4jRtbMs\n",
		/* version 2 */
		"twostep-keyring 2\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check tOC6_7cUXkiCcRadFSe1eMpVLwfLsC0XLVLnXG0QiUU\n",
		/* version 10 */
		"twostep-keyring 10\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check mi9N1034V7mkclpM5admhoWveH1BP06spAUgFVYic5s\n",
		/* a line more */
		"twostep-keyring 1\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check 4ypC3B6OepKLA_24NwNS4j9ePXOOJQ4Sn3uhSOrNWrM\n"
		"\n",
		/* twice over */
		"twostep-keyring 1\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check 4ypC3B6OepKLA_24NwNS4j9ePXOOJQ4Sn3uhSOrNWrM\n"
		"twostep-keyring 1\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check 4ypC3B6OepKLA_24NwNS4j9ePXOOJQ4Sn3uhSOrNWrM\n",
		/* a space before */
		" twostep-keyring 1\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check 4ypC3B6OepKLA_24NwNS4j9ePXOOJQ4Sn3uhSOrNWrM\n",
		/* no check */
		"twostep-keyring 1\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n",
		/* the check of other lines */
		"twostep-keyring 1\n"
		"key 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
		"check aFOGIh5SJ8gFvdt08w6uBRXU7QfTTUNJg9msa4WCEh4\n",
		/* nothing */
		"\n",
		/* something else */
		"{}",
	};
	struct keyring_keys keys;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (!read_text(texts[i], strlen(texts[i]), &keys))
			fail_msg("takes row %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_alike), cmocka_unit_test(holds_as_many_keys_as_it_says),
		cmocka_unit_test(refuses_a_cut_file),     cmocka_unit_test(refuses_a_changed_file),
		cmocka_unit_test(refuses_other_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
