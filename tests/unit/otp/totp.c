/* One-time codes: the vectors of RFC 4226 appendix D and RFC 6238 appendix B, and the edges of the window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "otp/totp.h"

static const struct totp_secret rfc_secret = { "12345678901234567890" };

static void counts_as_rfc_4226(void **state)
{
	static const char *const codes[] = {
		"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		char code[TOTP_DIGITS + 1];
		assert_int_equal(totp_code(&rfc_secret, (struct totp_step){ (int64_t)i }, code), OK);
		assert_string_equal(code, codes[i]);
	}
}

/* RFC 6238 appendix B, the SHA-1 column, cut to its last six digits. */
static void finds_the_codes_of_rfc_6238(void **state)
{
	static const struct { int64_t unix_s; const char *code; } cases[] = {
		{          59, "287082" }, { 1111111109, "081804" }, {  1111111111, "050471" },
		{  1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct totp_step now = totp_step_at(cases[i].unix_s), found = { -1 };
		enum err err = totp_find(&rfc_secret, cases[i].code, now, &found);
		if (err || found.n != now.n)
			fail_msg("%s at %" PRId64 ": err %d", cases[i].code, cases[i].unix_s, err);
	}
}

static void divides_time_into_periods(void **state)
{
	static const struct { int64_t unix_s, step; } cases[] = {
		{ 0, 0 }, { 29, 0 }, { 30, 1 }, { 59, 1 }, { 60, 2 }, { -1, -1 }, { -30, -1 }, { -31, -2 },
		{ 20000000000, 666666666 }, { INT64_MAX, INT64_MAX / 30 }, { INT64_MIN, INT64_MIN / 30 - 1 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (totp_step_at(cases[i].unix_s).n != cases[i].step)
			fail_msg("%" PRId64 " s: step %" PRId64, cases[i].unix_s, totp_step_at(cases[i].unix_s).n);
}

static void takes_one_step_each_side_and_no_more(void **state)
{
	const struct totp_step now = { 37037037 };

	(void)state;
	for (int64_t away = -30; away <= 30; away++) {
		struct totp_step found = { -7 };
		int64_t off_s = -7;
		char code[TOTP_DIGITS + 1];
		assert_int_equal(totp_code(&rfc_secret, (struct totp_step){ now.n + away }, code), OK);
		enum err err = totp_find(&rfc_secret, code, now, &found);
		bool near = away >= -1 && away <= 1, drifted = away >= -TOTP_DRIFT_STEPS && away <= TOTP_DRIFT_STEPS;
		if (err != (near ? OK : ERR_CODE_REFUSED) || found.n != (near ? now.n + away : -7))
			fail_msg("%" PRId64 " away: err %d, step %" PRId64, away, err, found.n);
		err = totp_drift(&rfc_secret, code, now, &off_s);
		if (err != (drifted ? OK : ERR_CODE_REFUSED) || off_s != (drifted ? away * TOTP_PERIOD_S : -7))
			fail_msg("%" PRId64 " away: err %d, off by %" PRId64 " s", away, err, off_s);
	}
}

/* Steps of the secret above whose codes happen to be the same. */
static void takes_the_nearest_of_two_then_the_newer(void **state)
{
	static const struct { int64_t now, found; const char *code, *why; } cases[] = {
		{ 153568, 153569, "468457", "the steps before and after" },
		{ 910737, 910737, "911617", "now and after" },
		{ 910738, 910738, "911617", "now and before" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct totp_step found = { 0 };
		enum err err = totp_find(&rfc_secret, cases[i].code, (struct totp_step){ cases[i].now }, &found);
		if (err || found.n != cases[i].found)
			fail_msg("%s: err %d, step %" PRId64, cases[i].why, err, found.n);
	}
}

static void refuses_what_is_no_code(void **state)
{
	static const char *const codes[] = {
		"", "2", "28708", "2870822", "287 082", " 287082", "287082 ", "287082\n", "28708a", "-87082", "+87082", "0x1234",
		"\u0662\u0668\u0667\u0660\u0668\u0662", "\uff12\uff18\uff17\uff10\uff18\uff12", "28708\xb2", "287083", "000000",
	};
	struct totp_step found = { -7 };
	int64_t off_s = -7;

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		if (totp_find(&rfc_secret, codes[i], (struct totp_step){ 1 }, &found) != ERR_CODE_REFUSED || found.n != -7)
			fail_msg("takes \"%s\"", codes[i]);
		if (totp_drift(&rfc_secret, codes[i], (struct totp_step){ 1 }, &off_s) != ERR_CODE_REFUSED || off_s != -7)
			fail_msg("takes \"%s\" for a drifted clock", codes[i]);
	}
}

static void stands_any_clock(void **state)
{
	static const int64_t steps[] = { 0, 1, -1, INT64_MAX, INT64_MAX - 1, INT64_MIN, INT64_MIN + 1 };
	struct totp_step found;
	int64_t off_s;

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		const struct totp_step now = { steps[i] };
		enum err err = totp_find(&rfc_secret, "111111", now, &found);
		assert_true(err == ERR_CODE_REFUSED);
		err = totp_drift(&rfc_secret, "111111", now, &off_s);
		assert_true(err == ERR_CODE_REFUSED);
	}
	/* The first minute of 1970: the step before it is no reason to refuse the code of the present one. */
	assert_int_equal(totp_find(&rfc_secret, "755224", (struct totp_step){ 0 }, &found), OK);
	assert_int_equal(found.n, 0);
}

static void makes_secrets(void **state)
{
	struct totp_secret a, b;

	(void)state;
	assert_int_equal(totp_secret_new(&a), OK);
	assert_int_equal(totp_secret_new(&b), OK);
	assert_memory_not_equal(&a, &b, sizeof(a));
	totp_secret_wipe(&a);
	memset(&b, 0, sizeof(b));
	assert_memory_equal(&a, &b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_as_rfc_4226),
		cmocka_unit_test(finds_the_codes_of_rfc_6238),
		cmocka_unit_test(divides_time_into_periods),
		cmocka_unit_test(takes_one_step_each_side_and_no_more),
		cmocka_unit_test(takes_the_nearest_of_two_then_the_newer),
		cmocka_unit_test(refuses_what_is_no_code),
		cmocka_unit_test(stands_any_clock),
		cmocka_unit_test(makes_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
