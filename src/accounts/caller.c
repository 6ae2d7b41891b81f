#include "accounts/caller.h"

#include "base/banned.h"

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The day counts from the first demand at the earliest: one that comes into force throws nobody out. */
int64_t caller_expires_at(const struct caller *caller)
{
	const struct session *session = &caller->session;
	const struct demand *demand = &caller->demand;
	int64_t ends_at = session_expires_at(session);

	if (!demand->in_force)
		return ends_at;
	ends_at = sooner(ends_at, later(session->signed_in_at, demand->from_at) + SESSION_DEMANDED_S);
	return sooner(ends_at, demand->idle_ends_at);
}

enum err caller_fresh(const struct caller *caller, enum freshness freshness, int64_t now_s)
{
	if (freshness == FRESH_NOT)
		return OK;
	if (freshness == FRESH_PROOFS && !session_fresh(caller->session.confirmed_at, now_s))
		return ERR_NEEDS_PASSWORD;
	return caller->two_step && !session_fresh(caller->session.second_step_at, now_s) ? ERR_NEEDS_SECOND_STEP : OK;
}
