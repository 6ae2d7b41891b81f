#include "audit/audit.h"
#include "sign_in/sign_in.h"
#include "store/store.h"

#include "base/banned.h"

struct ending {
	const struct call *call;
	const struct id *session;
	enum audit_action action;
};

static enum err end(struct db *db, void *argument)
{
	const struct ending *ending = argument;
	const struct id *account = &ending->call->caller->account.id;
	enum err err = session_end(db, account, ending->session);

	return err ? err : audit_add(db, ending->call, ending->action, account, account, "");
}

static enum err end_own(struct call *call)
{
	struct ending ending = { call, &call->caller->session.id, AUDIT_SIGNED_OUT };

	return store_change(call->store, end, &ending);
}

struct shown {
	const struct call *call;
	struct token_digest token;
};

static enum err end_shown(struct db *db, void *argument)
{
	const struct shown *shown = argument;
	struct session session;
	enum err err = session_find(db, &shown->token, shown->call->now_s, &session);

	if (err || session.bearer)
		return err ? err : ERR_NOT_FOUND;
	return session_end(db, &session.account, &session.id);
}

/* Nobody is signed in by it, as where a demand has ended it: it must not live again when the demand goes. */
static enum err end_cookie(struct call *call)
{
	struct shown shown = { .call = call };
	const char *cookie = cookie_get(call, COOKIE_SESSION);

	return cookie && !token_parse(cookie, &shown.token) ? store_change(call->store, end_shown, &shown) : OK;
}

/* One that has ended already has ended. */
enum err sign_out(struct call *call)
{
	enum err err = call->caller ? end_own(call) : end_cookie(call);

	if (err && err != ERR_NOT_FOUND)
		return err;
	if (!call->bearer)
		cookie_clear(call, COOKIE_SESSION);
	return OK;
}

struct listing {
	const struct call *call;
	struct session *out;
	size_t room, *count;
};

static enum err list(struct db *db, void *argument)
{
	const struct listing *listing = argument;

	return session_list(db, &listing->call->caller->account.id, listing->call->now_s, listing->out, listing->room,
	        listing->count);
}

enum err sessions_look(struct call *call, struct session *out, size_t room, size_t *count)
{
	struct listing listing = { call, out, room, count };

	return store_read(call->store, list, &listing);
}

enum err sessions_end(struct call *call, const char *id)
{
	struct id session;
	struct ending ending = { call, &session, AUDIT_SESSION_ENDED };
	enum err err;

	if ((err = id_parse(id, &session)) || (err = store_change(call->store, end, &ending)))
		return err;
	if (!call->bearer && id_same(&session, &call->caller->session.id))
		cookie_clear(call, COOKIE_SESSION);
	return OK;
}

static enum err end_others(struct db *db, void *argument)
{
	const struct call *call = argument;
	const struct id *account = &call->caller->account.id;
	enum err err;

	if ((err = session_lives(db, &call->caller->session.id)) ||
	    (err = session_end_others(db, account, &call->caller->session.id)) || (err = device_forget_all(db, account)))
		return err;
	return audit_add(db, call, AUDIT_SESSION_ENDED, account, account, "all_others");
}

enum err sessions_end_others(struct call *call)
{
	return store_change(call->store, end_others, call);
}
