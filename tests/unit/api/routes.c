/* Who may call what, and how freshly: the contract's lists, compared with the tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/api.h"
#include "base/base.h"
#include "organizations/roles.h"

struct line {
	int method;
	const char *path; /* behind /api/v1 */
};

/* Contract 2.1: "A restricted session may". */
static const struct line restricted[] = {
	{ GET, "/session" },
	{ DELETE, "/session" },
	{ POST, "/session/confirm" },
	{ GET, "/account" },
	{ GET, "/account/two-step" },
	{ GET, "/account/two-step/setup" },
	{ POST, "/account/two-step/setup" },
	{ DELETE, "/account/two-step/setup" },
	{ POST, "/account/two-step/setup/email" },
	{ POST, "/account/two-step/setup/code" },
	{ POST, "/account/two-step/setup/complete" },
};

static const struct line anybody[] = {
	{ POST, "/signup" },
	{ POST, "/signup/verify" },
	{ POST, "/signup/resend" },
	{ POST, "/login" },
	{ POST, "/login/second-step" },
	{ POST, "/password-reset" },
	{ POST, "/password-reset/complete" },
	{ POST, "/account/email/undo" },
	{ GET, "/problems/{code}" },
};

static const struct line fresh_proofs[] = {
	{ POST, "/account/two-step/setup" },
	{ POST, "/organizations/{o}/members/{a}/two-step/reset" },
	{ POST, "/organizations/{o}/owner" },
	{ DELETE, "/organizations/{o}" },
	{ PATCH, "/organizations/{o}/security" },
	{ POST, "/organizations/{o}/services" },
	{ PATCH, "/organizations/{o}/services/{s}" },
	{ DELETE, "/organizations/{o}/services/{s}" },
	{ POST, "/account/email" },
	{ POST, "/account/close" },
};
/* Design section 5, by the route. */
static const struct {
	struct line line;
	enum right right;
} rights[] = {
	{ { GET, "/organizations/{o}/audit" }, RIGHT_SEE_AUDIT },
	{ { GET, "/organizations/{o}/members.csv" }, RIGHT_DOWNLOAD },
	{ { GET, "/organizations/{o}/audit.csv" }, RIGHT_DOWNLOAD },
	{ { POST, "/organizations/{o}/invitations" }, RIGHT_INVITE },
	{ { GET, "/organizations/{o}/invitations" }, RIGHT_SEE_MEMBERS },
	{ { DELETE, "/organizations/{o}/invitations/{i}" }, RIGHT_INVITE },
	{ { POST, "/organizations/{o}/invitations/{i}/resend" }, RIGHT_INVITE },
	{ { GET, "/organizations/{o}/members" }, RIGHT_SEE_MEMBERS },
	{ { GET, "/organizations/{o}/members/{a}" }, RIGHT_SEE_MEMBERS },
	{ { PATCH, "/organizations/{o}/members/{a}" }, RIGHT_CHANGE_MEMBERS },
	{ { DELETE, "/organizations/{o}/members/{a}" }, RIGHT_SEE },
	{ { POST, "/organizations/{o}/members/{a}/two-step/reset" }, RIGHT_RESET_SECOND_STEP },
	{ { POST, "/organizations/{o}/owner" }, RIGHT_HAND_OVER },
	{ { GET, "/organizations/{o}" }, RIGHT_SEE },
	{ { PATCH, "/organizations/{o}" }, RIGHT_RENAME },
	{ { DELETE, "/organizations/{o}" }, RIGHT_DELETE },
	{ { GET, "/organizations/{o}/security" }, RIGHT_SEE_MEMBERS },
	{ { PATCH, "/organizations/{o}/security" }, RIGHT_SET_SECURITY },
	{ { GET, "/organizations/{o}/services" }, RIGHT_SEE },
	{ { POST, "/organizations/{o}/services" }, RIGHT_CHANGE_SERVICES },
	{ { GET, "/organizations/{o}/services/{s}" }, RIGHT_SEE },
	{ { PATCH, "/organizations/{o}/services/{s}" }, RIGHT_CHANGE_SERVICES },
	{ { DELETE, "/organizations/{o}/services/{s}" }, RIGHT_CHANGE_SERVICES },
	{ { POST, "/organizations/{o}/services/{s}/test" }, RIGHT_SEE },
};

static const struct line fresh_second_step[] = { { POST, "/account/two-step/recovery-codes" } };

#define PREFIX "/api/v1"

static bool listed(const struct route *route, const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if ((route->method & ~HASHES) == lines[i].method && !strcmp(route->path + strlen(PREFIX), lines[i].path))
			return true;
	return false;
}

static enum access access_due(const struct route *route)
{
	for (size_t i = 0; i < COUNT(rights); i++)
		if (listed(route, &rights[i].line, 1))
			return ACCESS_RIGHT(rights[i].right);
	if (listed(route, restricted, COUNT(restricted)))
		return ACCESS_RESTRICTED;
	return listed(route, anybody, COUNT(anybody)) ? ACCESS_ANYBODY : ACCESS_SIGNED_IN;
}

static enum freshness freshness_due(const struct route *route)
{
	if (listed(route, fresh_proofs, COUNT(fresh_proofs)))
		return FRESH_PROOFS;
	return listed(route, fresh_second_step, COUNT(fresh_second_step)) ? FRESH_SECOND_STEP : FRESH_NOT;
}

static size_t each_route(void (*check)(const struct route *route))
{
	size_t count = 0;

	for (const struct route *const *table = api_surface.tables; *table; table++)
		for (const struct route *route = *table; route->path; route++, count++)
			check(route);
	return count;
}

static void check_rights(const struct route *route)
{
	if (route->access != access_due(route))
		fail_msg("%d %s: access %d", route->method, route->path, route->access);
	if (route->freshness != freshness_due(route))
		fail_msg("%d %s: freshness %d", route->method, route->path, route->freshness);
}

static void rights_are_those_of_the_contract(void **state)
{
	(void)state;
	assert_true(each_route(check_rights) >= COUNT(restricted) + COUNT(anybody));
}

static size_t seen;

static void count_same(const struct route *route)
{
	static const struct route *all[200];

	assert_true(seen < COUNT(all));
	for (size_t i = 0; i < seen; i++)
		if (!((all[i]->method ^ route->method) & ~HASHES) && !strcmp(all[i]->path, route->path))
			fail_msg("%d %s: twice", route->method, route->path);
	all[seen++] = route;
}

static void no_route_is_there_twice(void **state)
{
	(void)state;
	seen = 0;
	each_route(count_same);
}

/* Those that hash whatever comes; the others take a place when they come to it. */
static void check_hashes(const struct route *route)
{
	static const struct line hashes[] = { { POST, "/login" }, { POST, "/signup" }, { POST, "/account/password" } };

	if ((route->method & HASHES) != (listed(route, hashes, COUNT(hashes)) ? HASHES : 0))
		fail_msg("%d %s: does it hash?", route->method, route->path);
}

static void who_hashes_is_marked(void **state)
{
	(void)state;
	each_route(check_hashes);
}

static void check_shape(const struct route *route)
{
	bool bodiless = route->method == GET, must = route->method == PATCH;

	if (strncmp(route->path, PREFIX "/", strlen(PREFIX "/")) || !route->handler || (bodiless && route->form) || (must && !route->form))
		fail_msg("%d %s: prefix, handler or form", route->method, route->path);
}

static void a_change_reads_its_body_and_a_question_does_not(void **state)
{
	(void)state;
	each_route(check_shape);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rights_are_those_of_the_contract),
		cmocka_unit_test(no_route_is_there_twice),
		cmocka_unit_test(who_hashes_is_marked),
		cmocka_unit_test(a_change_reads_its_body_and_a_question_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
