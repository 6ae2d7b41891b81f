/* The shapes that several routes answer with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "api/json_views.h"
#include "base/base.h"

static const struct caller kim = {
	.session = {
		.id = { { 1 } }, .account = { { 2 } }, .methods = USED_PASSWORD | USED_OTP, .signed_in_at = 1764033947,
		.confirmed_at = 1764033948, .second_step_at = 1764033949, .last_seen_at = 1764033950,
		.ends_at = 1764033947 + SESSION_S,
	},
	.account = { .id = { { 2 } }, .email = "kim@example.com", .name = "Kim \"K\"", .locale = LOCALE_KO },
};

#define ACCOUNT "{\"id\":\"AgAAAAAAAAAAAAAAAAAAAA\",\"email\":\"kim@example.com\"," \
	"\"name\":\"Kim \\\"K\\\"\",\"locale\":\"ko\"}"
#define SESSION_BEGIN "{\"id\":\"AQAAAAAAAAAAAAAAAAAAAA\",\"account\":" ACCOUNT ","
#define SESSION SESSION_BEGIN "\"methods\":[\"pwd\",\"otp\"],\"signed_in_at\":\"2025-11-25T01:25:47Z\"," \
	"\"confirmed_at\":\"2025-11-25T01:25:48Z\",\"second_step_at\":\"2025-11-25T01:25:49Z\",\"restricted\":false," \
	"\"remembered\":false,\"expires_at\":\"2025-12-02T01:25:50Z\""

static void assert_json(struct answer *out, const char *expected)
{
	json_t *got = json_loads(buf_string(&out->body), JSON_REJECT_DUPLICATES, NULL), *due = json_loads(expected, 0, NULL);

	assert_non_null(due);
	if (!got || !json_equal(got, due))
		fail_msg("%s\nshould be\n%s", buf_string(&out->body), expected);
	json_decref(got);
	json_decref(due);
	answer_done(out);
}

static void a_session_has_the_members_of_the_contract(void **state)
{
	struct answer out = { 0 };
	(void)state;

	json_session(&out, NULL, &kim, NULL);
	assert_json(&out, SESSION "}");
}

static void a_proof_that_was_never_given_is_null(void **state)
{
	struct answer out = { 0 };
	struct caller caller = kim;
	(void)state;

	caller.session.second_step_at = 0;
	caller.session.methods = USED_PASSWORD;
	caller.session.remembered = caller.restricted = true;
	json_session(&out, NULL, &caller, NULL);
	assert_json(&out, SESSION_BEGIN "\"methods\":[\"pwd\"],\"signed_in_at\":\"2025-11-25T01:25:47Z\","
	            "\"confirmed_at\":\"2025-11-25T01:25:48Z\",\"second_step_at\":null,\"restricted\":true,"
	            "\"remembered\":true,\"expires_at\":\"2025-12-02T01:25:50Z\"}");
}

/* What is demanded is looked up: tests/door/test_demand.py. */
static void a_sign_in_answers_by_its_status(void **state)
{
	static const struct token token = { "token-of-the-session" };
	const struct { const char *name; struct sign_in result; const char *json; } cases[] = {
		{ "done", { .status = SIGN_IN_DONE, .token = token, .caller = kim },
		  "{\"status\":\"signed_in\",\"session\":" SESSION "}}" },
		{ "bearer", { .status = SIGN_IN_DONE, .token = token, .caller = kim, .transport = TRANSPORT_BEARER },
		  "{\"status\":\"signed_in\",\"session\":" SESSION ",\"token\":\"token-of-the-session\"}}" },
		{ "recovery code", { .status = SIGN_IN_DONE, .caller = kim, .used_recovery = true, .recovery_codes_left = 9 },
		  "{\"status\":\"signed_in\",\"session\":" SESSION "},\"recovery_codes_left\":9}" },
		{ "by invitation",
		  { .status = SIGN_IN_DONE, .caller = kim, .joined = { { "o" }, "Alpha", ROLE_MEMBER } },
		  "{\"status\":\"signed_in\",\"session\":" SESSION "},\"organization\":{\"id\":\"bwAAAAAAAAAAAAAAAAAAAA\","
		  "\"name\":\"Alpha\"},\"role\":\"member\"}" },
		{ "second step, no recovery code left",
		  { .status = SIGN_IN_SECOND_STEP, .login = { "login" }, .token = token, .login_expires_at = 1764033947 },
		  "{\"status\":\"second_step\",\"login\":\"login\",\"methods\":[\"totp\"],\"expires_at\":\"2025-11-25T01:25:47Z\"}" },
		{ "second step",
		  { .status = SIGN_IN_SECOND_STEP, .login = { "login" }, .token = token, .login_expires_at = 1764033947, .has_recovery = true },
		  "{\"status\":\"second_step\",\"login\":\"login\",\"methods\":[\"totp\",\"recovery_code\"],"
		  "\"expires_at\":\"2025-11-25T01:25:47Z\"}" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct answer out = { 0 };

		if (json_sign_in(&(struct call){ .out = &out }, &cases[i].result))
			fail_msg("%s: refused", cases[i].name);
		assert_json(&out, cases[i].json);
	}
}

static void forgotten_memory_does_not_sign_in(void **state)
{
	struct answer out = { 0 };
	struct sign_in result = { 0 };
	(void)state;

	assert_int_equal(json_sign_in(&(struct call){ .out = &out }, &result), ERR_CREDENTIALS);
	assert_int_equal(out.body.length, 0);
	answer_done(&out);
}

static void recovery_codes_are_ten_texts(void **state)
{
	struct answer out = { 0 };
	struct recovery_set codes = { 0 };
	(void)state;

	for (size_t i = 0; i < RECOVERY_CODES; i++)
		codes.code[i][0] = (char)('A' + i);
	json_open(&out, NULL);
	json_recovery_codes(&out, &codes);
	json_close(&out);
	assert_json(&out, "{\"recovery_codes\":[\"A\",\"B\",\"C\",\"D\",\"E\",\"F\",\"G\",\"H\",\"I\",\"J\"]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_has_the_members_of_the_contract),
		cmocka_unit_test(a_proof_that_was_never_given_is_null),
		cmocka_unit_test(a_sign_in_answers_by_its_status),
		cmocka_unit_test(forgotten_memory_does_not_sign_in),
		cmocka_unit_test(recovery_codes_are_ten_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
