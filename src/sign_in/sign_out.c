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

/* One that has ended already has ended; where a demand had done so, the guard has just removed it. */
enum err sign_out(struct call *call)
{
	enum err err = call->caller ? end_own(call) : OK;

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
	enum err err = id_parse(id, &session);

	return err ? err : store_change(call->store, end, &ending);
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
