#include "organizations/membership.h"

#include "accounts/caller.h"
#include "audit/audit.h"
#include "organizations/log.h"

#include "base/banned.h"

enum err membership_check(struct db *db, const char *id, const struct call *call, enum right right, struct membership *out)
{
	const struct caller *caller = call->caller;
	struct id organization;
	enum err err;

	if ((err = id_parse(id, &organization)) ||
	    (err = membership_find(db, &organization, &caller->account.id, &caller->session.id, out)))
		return err;
	return role_may(out->role, right) ? OK : ERR_FORBIDDEN;
}

enum err membership_now(struct db *db, const struct call *call, enum right right, struct membership *out)
{
	const struct caller *caller = call->caller;
	enum err err;

	if ((err = session_lives(db, &caller->session.id)) ||
	    (err = membership_find(db, &call->membership->organization, &caller->account.id, &caller->session.id, out)))
		return err;
	return role_may(out->role, right) ? OK : ERR_FORBIDDEN;
}

/* Two requests of a session may come here together: the row count decides which of them writes the event. */
static enum err log_sign_in(struct db *db, const struct call *call)
{
	const struct caller *caller = call->caller;
	const struct id *organization = &call->membership->organization;
	int64_t added = 0;
	enum err err = db_change(db, &added,
	        "INSERT INTO session_organization (session_id, organization_id) SELECT $1, $2"
	        " WHERE EXISTS (SELECT 1 FROM session WHERE id = $1) ON CONFLICT DO NOTHING",
	        db_id(&caller->session.id), db_id(organization));

	if (err || !added)
		return err;
	return organization_log(db, call, organization, AUDIT_SIGNED_IN,
	        (struct about){ .account = &caller->account.id, .target = caller->account.email, .details = session_opened_by(&caller->session) });
}

enum err membership_touch(struct db *db, const struct call *call)
{
	const struct membership *membership = call->membership;
	enum err err = membership_seen(db, &membership->organization, &membership->account, call->now_s);

	return err || membership->touched ? err : log_sign_in(db, call);
}
