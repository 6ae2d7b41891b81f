/* Memory that the library of Unicode asks for is not there: nobody is told that the text was read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <unicase.h>
#include <uninorm.h>

#include "base/base.h"
#include "base/text.h"

uint8_t *__wrap_u8_normalize(uninorm_t form, const uint8_t *text, size_t length, uint8_t *out, size_t *room);
uint8_t *__wrap_u8_casefold(const uint8_t *text, size_t length, const char *language, uninorm_t form, uint8_t *out, size_t *room);

uint8_t *__wrap_u8_normalize(uninorm_t form UNUSED, const uint8_t *text UNUSED, size_t length UNUSED, uint8_t *out UNUSED,
                             size_t *room UNUSED)
{
	errno = ENOMEM;
	return NULL;
}

uint8_t *__wrap_u8_casefold(const uint8_t *text UNUSED, size_t length UNUSED, const char *language UNUSED, uninorm_t form UNUSED,
                            uint8_t *out UNUSED, size_t *room UNUSED)
{
	errno = ENOMEM;
	return NULL;
}

static void tells_that_it_could_not_compose(void **state)
{
	char out[16] = "before";

	(void)state;
	assert_int_equal(text_nfc("\xc3\xa9", out, sizeof(out)), ERR_MEMORY);
	assert_string_equal(out, "");
}

static void tells_that_it_could_not_fold(void **state)
{
	char out[16];

	(void)state;
	assert_int_equal(text_fold("Kim", out, sizeof(out)), ERR_MEMORY);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_that_it_could_not_compose),
		cmocka_unit_test(tells_that_it_could_not_fold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
