/* Errors as problem+json: each of them, in each language. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "api/routes.h"
#include "base/base.h"

struct problem {
	struct answer out;
	struct settings settings;
	struct call call;
	json_t *json;
};

static void problem_begin(struct problem *problem)
{
	memset(problem, 0, sizeof(*problem));
	problem->settings.name = "twostep";
	problem->settings.public_url = "https://id.example.com";
	problem->settings.password_min = 15;
	problem->call.settings = &problem->settings;
	problem->call.out = &problem->out;
}

static void problem_make(struct problem *problem, enum err err)
{
	problem_write(&problem->call, err);
	assert_int_equal(buf_check(&problem->out.body), OK);
	problem->json = json_loads(buf_string(&problem->out.body), JSON_REJECT_DUPLICATES, NULL);
	if (!problem->json)
		fail_msg("%s: not JSON: %s", err_name(err), buf_string(&problem->out.body));
}

static void problem_end(struct problem *problem)
{
	json_decref(problem->json);
	answer_done(&problem->out);
}

static const char *text(const struct problem *problem, const char *name)
{
	const char *value = json_string_value(json_object_get(problem->json, name));

	return value ? value : "(none)";
}

static bool has_header(const struct problem *problem, const char *line)
{
	return strstr(buf_string(&problem->out.head), line);
}

static void every_error_has_every_member(void **state)
{
	(void)state;
	for (enum err err = OK + 1; err < ERR_COUNT; err++) {
		for (enum locale locale = 0; locale < LOCALE_COUNT; locale++) {
			struct problem problem;

			problem_begin(&problem);
			problem.call.locale = locale;
			problem_make(&problem, err);
			if (problem.out.status != err_status(err) ||
			    json_integer_value(json_object_get(problem.json, "status")) != err_status(err) ||
			    strcmp(text(&problem, "code"), err_word(err)) || strchr(text(&problem, "title"), '_') ||
			    strncmp(text(&problem, "type"), "https://id.example.com/api/v1/problems/", 39) ||
			    strcmp(text(&problem, "detail"), "(none)") == 0 || strchr(text(&problem, "detail"), '{') ||
			    strcmp(problem.out.content_type, "application/problem+json"))
				fail_msg("%s in %s: %s", err_name(err), locale_tag(locale), buf_string(&problem.out.body));
			if (has_header(&problem, "WWW-Authenticate: Bearer\r\n") != (err_status(err) == 401))
				fail_msg("%s: WWW-Authenticate", err_name(err));
			if (has_header(&problem, "Retry-After: ") != (err == ERR_TOO_MANY || err == ERR_BUSY))
				fail_msg("%s: Retry-After", err_name(err));
			problem_end(&problem);
		}
	}
}

static void too_many_says_how_long(void **state)
{
	struct problem problem;
	(void)state;

	problem_begin(&problem);
	problem.call.held_off.for_s = 90;
	problem_make(&problem, ERR_TOO_MANY);
	assert_true(has_header(&problem, "Retry-After: 90\r\n"));
	assert_non_null(strstr(text(&problem, "detail"), "2 minutes"));
	problem_end(&problem);
}

static void a_confirmation_says_what_it_needs(void **state)
{
	static const struct { enum err err; const char *needs; } cases[] = {
		{ ERR_NEEDS_PASSWORD, "password" }, { ERR_NEEDS_SECOND_STEP, "second_step" }, { ERR_FORBIDDEN, "(none)" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct problem problem;

		problem_begin(&problem);
		problem_make(&problem, cases[i].err);
		assert_string_equal(text(&problem, "needs"), cases[i].needs);
		problem_end(&problem);
	}
}

static void a_field_to_blame_is_named(void **state)
{
	struct problem problem;
	(void)state;

	problem_begin(&problem);
	problem.call.wrong = "email";
	problem_make(&problem, ERR_INVALID);
	assert_string_equal(text(&problem, "field"), "email");
	assert_non_null(strstr(text(&problem, "detail"), "email"));
	problem_end(&problem);
}

static void a_clock_that_is_off_is_told_by_how_much(void **state)
{
	struct problem problem;
	(void)state;

	problem_begin(&problem);
	problem.call.clock_off_s = -240;
	problem_make(&problem, ERR_CODE_CLOCK);
	assert_int_equal(json_integer_value(json_object_get(problem.json, "clock_off_s")), -240);
	assert_non_null(strstr(text(&problem, "detail"), "4 minutes"));
	problem_end(&problem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_every_member),
		cmocka_unit_test(too_many_says_how_long),
		cmocka_unit_test(a_confirmation_says_what_it_needs),
		cmocka_unit_test(a_field_to_blame_is_named),
		cmocka_unit_test(a_clock_that_is_off_is_told_by_how_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
