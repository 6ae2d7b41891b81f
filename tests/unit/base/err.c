/* The list of errors: no answer but OK reads as a yes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

static void has_a_status_word_name_and_text_for_each(void **state)
{
	(void)state;
	for (int i = OK + 1; i < ERR_COUNT; i++) {
		enum err err = (enum err)i;
		assert_in_range(err_status(err), 400, 599);
		assert_true(err_word(err)[0] && err_name(err)[0]);
		for (enum locale locale = 0; locale < LOCALE_COUNT; locale++)
			assert_true(strlen(lang_text(locale, err_message(err))) > 5);
	}
	assert_int_equal(err_status(OK), 200);
	assert_string_equal(err_word(OK), "ok");
	assert_string_equal(err_name(ERR_CODE_REFUSED), "CODE_REFUSED");
	assert_int_equal(err_message(ERR_STORE), MSG_ERROR_STORE);
}

static void refuses_what_is_not_in_the_list(void **state)
{
	static const int values[] = { -1, ERR_COUNT, ERR_COUNT + 1, INT32_MAX, INT32_MIN };
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		int value = values[i];
		enum err err;
		memcpy(&err, &value, sizeof(err)); /* forgotten memory, not a conversion */
		assert_int_equal(err_status(err), 503);
		assert_string_equal(err_word(err), "unavailable");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_a_status_word_name_and_text_for_each),
		cmocka_unit_test(refuses_what_is_not_in_the_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
