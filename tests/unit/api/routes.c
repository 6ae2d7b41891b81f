/* Who may call what, and how freshly: the contract's lists, compared with the tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/api.h"
#include "base/base.h"

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
	{ GET, "/problems/{code}" },
};

static const struct line fresh_proofs[] = { { POST, "/account/two-step/setup" } };
static const struct line fresh_second_step[] = { { POST, "/account/two-step/recovery-codes" } };

#define PREFIX "/api/v1"

static bool listed(const struct route *route, const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (route->method == lines[i].method && !strcmp(route->path + strlen(PREFIX), lines[i].path))
			return true;
	return false;
}

static enum access access_due(const struct route *route)
{
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
	static const struct route *all[64];

	assert_true(seen < COUNT(all));
	for (size_t i = 0; i < seen; i++)
		if (all[i]->method == route->method && !strcmp(all[i]->path, route->path))
			fail_msg("%d %s: twice", route->method, route->path);
	all[seen++] = route;
}

static void no_route_is_there_twice(void **state)
{
	(void)state;
	seen = 0;
	each_route(count_same);
}

static void check_shape(const struct route *route)
{
	bool reads = route->method == POST || route->method == PATCH;

	if (strncmp(route->path, PREFIX "/", strlen(PREFIX "/")) || !route->handler || !route->form == reads)
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
		cmocka_unit_test(a_change_reads_its_body_and_a_question_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
