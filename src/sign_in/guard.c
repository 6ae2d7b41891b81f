#include "sign_in/guard.h"

#include "organizations/membership.h"
#include "organizations/reset.h"
#include "second_step/caller_fill.h"
#include "store/store.h"

#include "base/banned.h"

struct find {
	const struct call *call;
	struct token_digest token;
	bool bearer;
	struct caller *caller;
	struct caller seen; /* the caller, once it is written that they are here */
};

static enum err find_caller(struct db *db, void *argument)
{
	const struct find *find = argument;

	return caller_find(db, &find->token, find->call->now_s, find->caller);
}

/*
 * Its row is there, and a demand has ended it: for longer than a note can be on its way that checks have seen the person
 * (gate/seen.h), for that they were here may not be written yet.
 */
static bool is_over(const struct find *find, enum err err)
{
	const struct session *session = &find->caller->session;

	return err == ERR_NOT_FOUND && !id_empty(&session->id) && session->bearer == find->bearer &&
	       find->call->now_s - caller_expires_at(find->caller) >= 2 * SESSION_SEEN_S;
}

/* For good, whatever becomes of the demand. */
static enum err end_over(struct db *db, void *argument)
{
	const struct find *find = argument;
	const struct session *session = &find->caller->session;
	enum err err = find_caller(db, argument);

	if (!is_over(find, err))
		return err;
	err = session_end(db, &session->account, &session->id);
	return db_keep(db, err ? err : ERR_NOT_FOUND);
}

/* That it cannot be written is no reason to be told anything else: it opens nothing. */
static enum err look(struct find *find)
{
	struct store *store = find->call->store;
	enum err err = store_read(store, find_caller, find);

	if (!is_over(find, err))
		return err;
	err = store_change(store, end_over, find);
	return err ? ERR_NOT_FOUND : OK;
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
	while (skip < value->length && value->bytes[skip] == ' ') /* 1*SP: RFC 9110 section 11.4 */
		skip++;
	return arena_copy(call->arena, value->bytes + skip, value->length - skip);
}

/* The session ends later for it. */
static enum err note_seen(struct db *db, void *argument)
{
	struct find *find = argument;
	int64_t now_s = find->call->now_s;
	enum err err = session_seen(db, &find->caller->session.id, now_s);

	if (err)
		return err;
	find->seen = *find->caller;
	find->seen.session.last_seen_at = now_s;
	return caller_fill(db, now_s, &find->seen);
}

/* When somebody was last here is no reason to turn them away. */
static void see(struct find *find)
{
	bool recent = find->call->now_s - find->caller->session.last_seen_at < SESSION_SEEN_S;

	if (!recent && !store_change(find->call->store, note_seen, find))
		*find->caller = find->seen;
}

/* A token opens only the way it was handed out: a cookie is never a bearer token, nor the reverse. */
static enum err find_by(struct call *call, const char *token, bool bearer)
{
	struct find find = { .call = call, .bearer = bearer, .caller = arena_alloc(call->arena, sizeof(struct caller)) };
	enum err err;

	if (!find.caller)
		return ERR_MEMORY;
	if ((err = token_parse(token, &find.token)) || (err = look(&find)))
		return err == ERR_NOT_FOUND ? OK : err;
	if (find.caller->session.bearer != bearer)
		return OK;
	see(&find);
	call->caller = find.caller;
	call->bearer = bearer;
	return OK;
}

static enum err find(struct call *call)
{
	const char *token = bearer_token(call);

	call->caller = NULL;
	call->membership = NULL; /* the caller's */
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
	if (call->caller)
		call->locale = call->surface->json ? call_language(call->request, call->caller->account.locale) : call->caller->account.locale;
}

/* Two-step is on, and a device that is remembered opened this session: a code makes it whole. */
static enum err restriction_of(const struct caller *caller)
{
	return caller->two_step ? ERR_NEEDS_SECOND_STEP : ERR_SETUP_REQUIRED;
}

static enum err check_access(const struct call *call)
{
	enum access access = call->route->access;

	if (access == ACCESS_ANYBODY)
		return OK;
	if (access < ACCESS_SIGNED_IN)
		return ERR_FORBIDDEN;
	if (!call->caller)
		return ERR_NOT_SIGNED_IN;
	return call->caller->restricted && access != ACCESS_RESTRICTED ? restriction_of(call->caller) : OK;
}

struct entry {
	struct call *call;
	enum right right;
	struct membership *membership;
};

static enum err find_membership(struct db *db, void *argument)
{
	const struct entry *entry = argument;

	return membership_check(db, entry->call->segment[0], entry->call, entry->right, entry->membership);
}

static enum err note_here(struct db *db, void *argument)
{
	return membership_touch(db, argument);
}

/* As with a session: when somebody was last here is no reason to turn them away; that their sign-in is on record is one. */
static enum err touch(struct call *call)
{
	const struct membership *membership = call->membership;
	enum err err;

	if (membership->touched && call->now_s - membership->last_seen_at < MEMBER_SEEN_S)
		return OK;
	err = store_change(call->store, note_here, call);
	return membership->touched ? OK : err;
}

/* The right in the organisation of the path, where the route asks for one. */
static enum err check_right(struct call *call)
{
	int right = (int)call->route->access - (int)ACCESS_RIGHTS;
	struct entry entry = { .call = call, .right = (enum right)right };
	enum err err;

	call->membership = NULL;
	if (right < 0)
		return OK;
	if (!(entry.membership = arena_alloc(call->arena, sizeof(*entry.membership))))
		return ERR_MEMORY;
	if ((err = store_read(call->store, find_membership, &entry)))
		return err;
	call->membership = entry.membership;
	return touch(call);
}

/* A right that hangs on whom the path names, too. A route that only shows may say there why not. */
static enum err check_member(struct call *call)
{
	const struct route *route = call->route;
	bool resets = route->access == ACCESS_RIGHT(RIGHT_RESET_SECOND_STEP) && route->freshness != FRESH_NOT;

	return resets ? reset_check(call, call->segment[1]) : OK;
}

static enum err check_freshness(const struct call *call)
{
	if (call->route->freshness == FRESH_NOT)
		return OK;
	return call->caller ? caller_fresh(call->caller, call->route->freshness, call->now_s) : ERR_NOT_SIGNED_IN;
}

static enum err decide(struct call *call)
{
	enum err err;

	if ((err = check_access(call)) || (err = check_right(call)) || (err = check_member(call)))
		return err;
	return check_freshness(call);
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
