/* What an assertion says, read by jansson and OpenSSL's verifier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/base.h"
#include "fixture.h"
#include "signing/assertion.h"

static const struct id account = { "16 bytes of Kim." };
static const struct assertion full = {
	.issuer = "https://login.example.com", .audience = "app.example.com:8443", .account = &account, .email = "kim@example.com",
	.name = "Kim \"K\" 김", .groups = "org:AAAAAAAAAAAAAAAAAAAAAA:owner,service:BBBBBBBBBBBBBBBBBBBBBB:manager",
	.methods = "pwd,otp", .authenticated_at = NOW_S - 100, .second_step_at = NOW_S - 50,
};

/* Base64url of any length, as JSON. */
static json_t *part(const char *text, size_t length)
{
	char plain[ASSERTION_BYTES_MAX];
	size_t bytes = length * 3 / 4;

	assert_true(bytes < sizeof(plain));
	assert_true(base64url_decode(text, length, (uint8_t *)plain, bytes));
	return json_loadb(plain, bytes, JSON_REJECT_DUPLICATES, NULL);
}

/* Takes a token apart; fails the test where its signature is not of the one key that is published. */
static json_t *claims_of(struct signer *signer, const char *token)
{
	const char *dot = strchr(token, '.'), *last = strrchr(token, '.');
	struct signer_list list;
	uint8_t x[32], y[32], signature[64];
	json_t *header = part(token, (size_t)(dot - token));
	char *text;

	assert_int_equal(signer_published(signer, NOW_S, &list), OK);
	text = json_dumps(header, JSON_COMPACT | JSON_SORT_KEYS);
	char expected[200];
	snprintf(expected, sizeof(expected), "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}", list.jwk[0].kid);
	assert_string_equal(text, expected);
	free(text);
	json_decref(header);
	assert_true(base64url_decode(list.jwk[0].x, 43, x, 32) && base64url_decode(list.jwk[0].y, 43, y, 32));
	assert_true(base64url_decode(last + 1, strlen(last + 1), signature, sizeof(signature)));
	assert_true(verifies(x, y, token, (size_t)(last - token), signature));
	return part(dot + 1, (size_t)(last - dot - 1));
}

static void says(struct signer *signer, const struct assertion *assertion, const char *expected)
{
	SCOPED(buf_done) struct buf token = { 0 };
	json_t *claims, *wanted;

	assert_int_equal(assertion_sign(signer, assertion, NOW_S, &token), OK);
	claims = claims_of(signer, buf_string(&token));
	wanted = json_loads(expected, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(claims);
	assert_non_null(wanted);
	if (!json_equal(claims, wanted))
		fail_msg("%s", json_dumps(claims, JSON_INDENT(1)));
	json_decref(claims);
	json_decref(wanted);
}

static void says_what_the_headers_say(void **state)
{
	struct signer *signer = new_signer();
	struct assertion bare = full;
	(void)state;

	says(signer, &full,
	     "{\"iss\":\"https://login.example.com\",\"sub\":\"MTYgYnl0ZXMgb2YgS2ltLg\",\"aud\":\"app.example.com:8443\","
	     "\"iat\":1800000000,\"exp\":1800000060,\"email\":\"kim@example.com\",\"name\":\"Kim \\\"K\\\" 김\","
	     "\"groups\":[\"org:AAAAAAAAAAAAAAAAAAAAAA:owner\",\"service:BBBBBBBBBBBBBBBBBBBBBB:manager\"],"
	     "\"amr\":[\"pwd\",\"otp\"],\"auth_time\":1799999900,\"second_step_at\":1799999950}");
	bare.groups = "-";
	bare.methods = "pwd";
	bare.second_step_at = 0;
	says(signer, &bare,
	     "{\"iss\":\"https://login.example.com\",\"sub\":\"MTYgYnl0ZXMgb2YgS2ltLg\",\"aud\":\"app.example.com:8443\","
	     "\"iat\":1800000000,\"exp\":1800000060,\"email\":\"kim@example.com\",\"name\":\"Kim \\\"K\\\" 김\","
	     "\"groups\":[],\"amr\":[\"pwd\"],\"auth_time\":1799999900}");
	bare.groups = "";
	bare.methods = "-";
	bare.authenticated_at = 0;
	says(signer, &bare,
	     "{\"iss\":\"https://login.example.com\",\"sub\":\"MTYgYnl0ZXMgb2YgS2ltLg\",\"aud\":\"app.example.com:8443\","
	     "\"iat\":1800000000,\"exp\":1800000060,\"email\":\"kim@example.com\",\"name\":\"Kim \\\"K\\\" 김\","
	     "\"groups\":[],\"amr\":[]}");
	signer_free(signer);
}

/* One that says less would be taken for more: without audience, for any application. */
static void says_nothing_by_half(void **state)
{
	static const struct id nobody;
	struct signer *signer = new_signer();
	struct assertion cases[8];
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++)
		cases[i] = full;
	cases[0].audience = NULL;
	cases[1].audience = "";
	cases[2].issuer = "";
	cases[3].account = NULL;
	cases[4].account = &nobody;
	cases[5].email = NULL;
	cases[6].groups = NULL;
	cases[7].methods = NULL;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(buf_done) struct buf token = { 0 };

		if (assertion_sign(signer, &cases[i], NOW_S, &token) != ERR_INVALID || token.length)
			fail_msg("case %zu", i);
	}
	assert_int_equal(keys_stored(), 0);
	signer_free(signer);
}

/* Whole or not at all: a list that was cut would take a role away, or give one. */
static void is_never_longer_than_a_proxy_lets_through(void **state)
{
	struct signer *signer = new_signer();
	struct assertion assertion = full;
	char groups[6000];
	size_t longest = 0;
	(void)state;

	for (size_t count = 1; count < 150; count++) {
		SCOPED(buf_done) struct buf token = { 0 };
		size_t length = 0;

		for (size_t i = 0; i < count; i++)
			length += (size_t)snprintf(groups + length, sizeof(groups) - length, "%sorg:AAAAAAAAAAAAAAAAAAAAAA:owner", i ? "," : "");
		assertion.groups = groups;
		if (assertion_sign(signer, &assertion, NOW_S, &token)) {
			assert_int_equal(token.length, 0);
			break;
		}
		longest = token.length;
	}
	assert_in_range(longest, ASSERTION_BYTES_MAX - 60, ASSERTION_BYTES_MAX);
	memset(groups, 'x', 200);
	groups[200] = '\0';
	SCOPED(buf_done) struct buf token = { 0 };
	assert_int_equal(assertion_sign(signer, &assertion, NOW_S, &token), ERR_MEMORY); /* a word that is none of ours */
	assert_int_equal(token.length, 0);
	signer_free(signer);
}

static void appends_to_what_is_there(void **state)
{
	SCOPED(buf_done) struct buf head = { 0 };
	struct signer *signer = new_signer();
	json_t *claims;
	(void)state;

	buf_text(&head, "Remote-Assertion: ");
	assert_int_equal(assertion_sign(signer, &full, NOW_S, &head), OK);
	assert_memory_equal(head.bytes, "Remote-Assertion: ", 18);
	claims = claims_of(signer, head.bytes + 18);
	assert_non_null(claims);
	json_decref(claims);
	signer_free(signer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, signing_setup, signing_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(says_what_the_headers_say),
		TEST(says_nothing_by_half),
		TEST(is_never_longer_than_a_proxy_lets_through),
		TEST(appends_to_what_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
