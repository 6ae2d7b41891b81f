/*
 * Back to an application: from here somebody who has signed in, and given the proof that was due, goes on to where they were.
 * A HEAD is told a place, and changes nothing: no code, no entry in a log.
 */
#include "accounts/caller.h"
#include "organizations/hosts.h"
#include "pages/routes.h"
#include "sign_in/hand_over.h"
#include "base/banned.h"

#define SESSION_PATH "/.twostep/session"

/* Another host gets a code for a cookie of its own. */
static enum err go_with_code(struct call *call, const struct way_back *way)
{
	SCOPED(token_wipe) struct token code = { "" };
	const char *origin = way_back_origin(call->arena, way), *place;
	enum err err = hand_over_begin(call, way, &code);

	if (err)
		return err;
	if (!origin || !(place = arena_printf(call->arena, "%s" SESSION_PATH "?code=%s", origin, code.text)))
		return ERR_MEMORY;
	answer_redirect(call->out, 303, place);
	return OK;
}

static enum err go(struct call *call, const struct way_back *way)
{
	const char *origin = way_back_origin(call->arena, way), *place;

	if (way->handed && call->request->method != HEAD)
		return go_with_code(call, way);
	if (!origin || !(place = arena_printf(call->arena, "%s%s", origin, way->uri)))
		return ERR_MEMORY;
	answer_redirect(call->out, 303, place);
	return OK;
}

/* A rule of the service asks for it, and there is none to give yet. */
static enum err set_up_first(struct call *call)
{
	const struct view *target = &call->request->target;
	const char *place = arena_copy(call->arena, target->bytes, target->length);

	if (page_is_local(place))
		cookie_set(call, COOKIE_RETURN, place, RETURN_S);
	return page_to_with(call, SETUP_PATH, NOTICE_RULE_ASKS);
}

static enum err prove(struct call *call, const struct way_back *way, const struct id *organization)
{
	if (!way->max_age_s)
		return OK;
	if (!session_young(call->caller->session.second_step_at, way->max_age_s, call->now_s))
		return ERR_NEEDS_SECOND_STEP;
	return call->request->method == HEAD ? OK : host_note_proof(call, organization, way->host);
}

/* Nobody is sent to a host that no service has, or no more. */
static enum err look(struct call *call)
{
	struct way_back way;
	struct id organization;
	enum err err;

	if ((err = way_back_open(call, query_value(call, "to"), &way)) || (err = host_guarded(call, way.host, &organization)))
		return err == ERR_NOT_FOUND ? page_to_with(call, "/", NOTICE_WAY_GONE) : err;
	if (way.max_age_s && !call->caller->two_step)
		return set_up_first(call);
	if ((err = prove(call, &way, &organization)))
		return err;
	return go(call, &way);
}

const struct route continue_pages[] = {
	{ GET, CONTINUE_PATH, ACCESS_SIGNED_IN, FRESH_NOT, NULL, look },
	ROUTES_END
};
