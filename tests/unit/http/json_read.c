/* The n-th allocation fails, for n = 1, 2, 3 … until none is left: a text is read whole, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "http/json_read.h"

static int left; /* allocations until one fails; 0: none does */

void *__real_malloc(size_t length);
void *__wrap_malloc(size_t length);

void *__wrap_malloc(size_t length)
{
	return left && !--left ? NULL : __real_malloc(length);
}

#define PASSWORD "correct horse battery staple, and some more of it so that it has to grow twice over and again"

/* Reads it without memory for the n-th allocation, for each n: so often there was none. What comes of it in the end is *out. */
static int starved(const char *text, json_t **out)
{
	int failed = 0;
	enum err err = ERR_MEMORY;

	for (int n = 1; err; n++) {
		*out = NULL;
		left = n;
		err = json_read(text, strlen(text), 0, out);
		left = 0;
		if (err) {
			assert_int_equal(err, ERR_MEMORY);
			assert_null(*out);
			failed++;
		}
	}
	return failed;
}

static void reads_a_password_whole_or_not_at_all(void **state)
{
	static const char text[] = "{\"email\":\"kim@example.com\",\"password\":\"" PASSWORD "\",\"codes\":[\"" PASSWORD "\"]}";
	json_t *json;
	(void)state;

	assert_in_range(starved(text, &json), 10, 200);
	assert_string_equal(json_string_value(json_object_get(json, "password")), PASSWORD);
	assert_string_equal(json_string_value(json_array_get(json_object_get(json, "codes"), 0)), PASSWORD);
	json_decref(json);
}

/* Where its buffer could not grow for the very quote at a text's end, jansson looks for that quote behind the buffer. */
static void does_not_read_on_behind_a_text(void **state)
{
	(void)state;

	for (int length = 0; length < 140; length++) {
		char text[160];
		json_t *json;

		snprintf(text, sizeof(text), "[\"%0*d\"]", length, 0);
		assert_in_range(starved(text, &json), 3, 20);
		assert_int_equal(json_string_length(json_array_get(json, 0)), length ? length : 1);
		json_decref(json);
	}
}

static void refuses_what_is_no_json(void **state)
{
	static const char *const wrong[] = { "", " ", "{", "{\"a\":1,\"a\":2}", "{} x", "\xff", "'a'", "1", "\"a\"", "null", "{},{}", "{},",
		",{}", "{}]", "1],[2", "]", "{}],[{}", "/{}" };
	(void)state;

	for (size_t i = 0; i < COUNT(wrong); i++) {
		json_t *json = NULL;

		if (json_read(wrong[i], strlen(wrong[i]), 0, &json) != ERR_MALFORMED || json)
			fail_msg("%s", wrong[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_password_whole_or_not_at_all),
		cmocka_unit_test(does_not_read_on_behind_a_text),
		cmocka_unit_test(refuses_what_is_no_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
