/* Memory to compose a path or a rule with is not there: neither is taken for what it was before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/text.h"
#include "organizations/rule.h"

static bool none;

enum err __real_text_nfc(const char *text, char *out, size_t room);
enum err __wrap_text_nfc(const char *text, char *out, size_t room);

enum err __wrap_text_nfc(const char *text, char *out, size_t room)
{
	return none ? ERR_MEMORY : __real_text_nfc(text, out, room);
}

static void a_rule_is_not_read(void **state)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	struct rule rule;

	(void)state;
	none = true;
	assert_int_equal(rule_load(&arena, "/caf\xc3\xa9/*", "GET", 60, &rule), ERR_MEMORY);
	none = false;
	assert_int_equal(rule_load(&arena, "/caf\xc3\xa9/*", "GET", 60, &rule), OK);
}

static void a_path_is_held_to_no_rule_and_refused(void **state)
{
	static const char path[] = "/caf%C3%A9/x", get[] = "GET";
	SCOPED(arena_done) struct arena arena = { 0 };
	struct rule rule;
	int64_t age = 1;

	(void)state;
	assert_int_equal(rule_load(&arena, "/caf\xc3\xa9/*", "", 60, &rule), OK);
	none = true;
	assert_int_equal(rules_need(&rule, 1, (struct view){ get, 3 }, (struct view){ path, strlen(path) }, NULL, &age), ERR_MEMORY);
	none = false;
	assert_int_equal(age, 1);
	assert_int_equal(rules_need(&rule, 1, (struct view){ get, 3 }, (struct view){ path, strlen(path) }, NULL, &age), OK);
	assert_int_equal(age, 60);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_is_not_read),
		cmocka_unit_test(a_path_is_held_to_no_rule_and_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
