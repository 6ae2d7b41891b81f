/* 128 bits that name a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/id.h"

static void has_one_spelling(void **state)
{
	static const struct { const char *text; enum err err; } cases[] = {
		{ "AAAAAAAAAAAAAAAAAAAAAA", OK },             { "-_9zAAAAAAAAAAAAAAAAAQ", OK },
		{ "", ERR_NOT_FOUND },                        { "AAAAAAAAAAAAAAAAAAAAA", ERR_NOT_FOUND },
		{ "AAAAAAAAAAAAAAAAAAAAAAA", ERR_NOT_FOUND }, { "AAAAAAAAAAAAAAAAAAAAAB", ERR_NOT_FOUND },
		{ "AAAAAAAAAAAAAAAAAAAAA=", ERR_NOT_FOUND },  { "AAAAAAAAAA AAAAAAAAAAA", ERR_NOT_FOUND },
		{ "AAAAAAAAAA/AAAAAAAAAAA", ERR_NOT_FOUND },  { " AAAAAAAAAAAAAAAAAAAAAA", ERR_NOT_FOUND },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct id id = { { 9 } };
		char text[ID_TEXT];
		enum err err = id_parse(cases[i].text, &id);
		if (err != cases[i].err)
			fail_msg("%s: err %d", cases[i].text, err);
		if (err)
			assert_int_equal(id.bytes[0], 9);
		else
			assert_string_equal(id_text(&id, text), cases[i].text);
	}
}

static void tells_ids_apart(void **state)
{
	struct id a, b, none = { { 0 } };

	(void)state;
	assert_int_equal(id_new(&a), OK);
	assert_int_equal(id_new(&b), OK);
	assert_false(id_same(&a, &b));
	b = a;
	assert_true(id_same(&a, &b));
	for (size_t bit = 0; bit < ID_BYTES * 8; bit++) {
		b = a;
		b.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(id_same(&a, &b));
	}
	assert_true(id_empty(&none));
	assert_false(id_empty(&a));
}

static void none_is_written_as_a_flag_is(void **state)
{
	char text[ID_TEXT];
	struct id id;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		assert_int_equal(id_new(&id), OK);
		assert_int_not_equal(id_text(&id, text)[0], '-');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_one_spelling),
		cmocka_unit_test(tells_ids_apart),
		cmocka_unit_test(none_is_written_as_a_flag_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
