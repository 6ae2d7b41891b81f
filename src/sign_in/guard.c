#include "sign_in/guard.h"

#include "second_step/second_step.h"
#include "store/store.h"

#include "base/banned.h"

struct find {
	const struct call *call;
	struct token_digest token;
	struct caller *caller;
};

/* Whose session is this? The one place that answers; a table in memory will stand before it. */
static enum err find_caller(struct db *db, void *argument)
{
	const struct find *find = argument;
	struct caller *caller = find->caller;
	struct enrolment enrolment;
	enum err err;

	*caller = (struct caller){ 0 };
	if ((err = session_find(db, &find->token, find->call->now_s, &caller->session)) ||
	    (err = account_find(db, &caller->session.account, &caller->account)) ||
	    (err = second_step_find(db, &caller->account.id, &enrolment)))
		return err;
	caller->enrolment = enrolment.id;
	caller->two_step = !id_empty(&enrolment.id);
	caller->restricted = caller->account.setup_required_at != 0 && !caller->two_step;
	return OK;
}

/* The token of an Authorization header, NULL where there is none. */
static const char *bearer_token(struct call *call)
{
	static const char scheme[] = "bearer ";
	bool several = false;
	const struct view *value = request_header(call->request, "Authorization", &several);
	size_t skip = sizeof(scheme) - 1;

	if (!value || value->length <= skip || strncasecmp(value->bytes, scheme, skip) != 0)
		return NULL;
	return arena_copy(call->arena, value->bytes + skip, value->length - skip);
}

static enum err note_seen(struct db *db, void *argument)
{
	const struct call *call = argument;

	return session_seen(db, &call->caller->session.id, call->now_s);
}

/* When somebody was last here is no reason to turn them away. */
static void see(struct call *call)
{
	if (call->now_s - call->caller->session.last_seen_at >= SESSION_SEEN_S)
		(void)!store_change(call->store, note_seen, call);
}

/* A token opens only the way it was handed out: a cookie is never a bearer token, nor the reverse. */
static enum err find_by(struct call *call, const char *token, bool bearer)
{
	struct find find = { .call = call, .caller = arena_alloc(call->arena, sizeof(struct caller)) };
	enum err err;

	if (!find.caller)
		return ERR_MEMORY;
	if ((err = token_parse(token, &find.token)) || (err = store_read(call->store, find_caller, &find)))
		return err == ERR_NOT_FOUND ? OK : err;
	if (find.caller->session.bearer != bearer)
		return OK;
	call->caller = find.caller;
	call->bearer = bearer;
	see(call);
	return OK;
}

static enum err find(struct call *call)
{
	const char *token = bearer_token(call);

	call->caller = NULL;
	if (token)
		return find_by(call, token, true);
	token = cookie_get(call, COOKIE_SESSION);
	return token ? find_by(call, token, false) : OK;
}

/* Pages: the switch in the page, then the account's own, then the browser's. API: what is asked for, then the account's. */
static void choose_language(struct call *call)
{
	const char *chosen = call->surface->json ? NULL : cookie_get(call, COOKIE_LOCALE);

	if (chosen && locale_from_tag(chosen, strlen(chosen), &call->locale))
		return;
	if (call->caller && !(call->surface->json && request_header(call->request, "Accept-Language", NULL)))
		call->locale = call->caller->account.locale;
}

static enum err check_access(const struct call *call)
{
	switch (call->route->access) {
	case ACCESS_ANYBODY:
		return OK;
	case ACCESS_SIGNED_IN:
	case ACCESS_RESTRICTED:
		break;
	case ACCESS_NOBODY:
	default:
		return ERR_FORBIDDEN;
	}
	if (!call->caller)
		return ERR_NOT_SIGNED_IN;
	return call->caller->restricted && call->route->access != ACCESS_RESTRICTED ? ERR_SETUP_REQUIRED : OK;
}

static enum err check_freshness(const struct call *call)
{
	const struct caller *caller = call->caller;

	if (call->route->freshness == FRESH_NOT)
		return OK;
	if (!caller)
		return ERR_NOT_SIGNED_IN;
	if (call->route->freshness == FRESH_PROOFS && !session_fresh(caller->session.confirmed_at, call->now_s))
		return ERR_NEEDS_PASSWORD;
	return caller->two_step && !session_fresh(caller->session.second_step_at, call->now_s) ? ERR_NEEDS_SECOND_STEP : OK;
}

static enum err decide(const struct call *call)
{
	enum err err = check_access(call);

	return err ? err : check_freshness(call);
}

enum err guard(struct call *call)
{
	enum err err = find(call);

	choose_language(call);
	return err ? err : decide(call);
}

enum err guard_again(struct call *call)
{
	enum err err = find(call);

	return err ? err : decide(call);
}
