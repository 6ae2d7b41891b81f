#include "audit/audit.h"

#include "base/banned.h"

static const char *const action_names[AUDIT_COUNT] = {
	[AUDIT_NONE] = "none",
	[AUDIT_SIGNED_UP] = "signed_up",
	[AUDIT_SIGNED_IN] = "signed_in",
	[AUDIT_SIGN_IN_FAILED] = "sign_in_failed",
	[AUDIT_SIGNED_OUT] = "signed_out",
	[AUDIT_SESSION_ENDED] = "session_ended",
	[AUDIT_CONFIRMED] = "confirmed",
	[AUDIT_PROFILE_CHANGED] = "profile_changed",
	[AUDIT_PASSWORD_CHANGED] = "password_changed",
	[AUDIT_PASSWORD_RESET] = "password_reset",
	[AUDIT_TWO_STEP_ON] = "two_step_on",
	[AUDIT_TWO_STEP_OFF] = "two_step_off",
	[AUDIT_NEW_PHONE] = "new_phone",
	[AUDIT_RECOVERY_REISSUED] = "recovery_codes_reissued",
	[AUDIT_RECOVERY_USED] = "recovery_code_used",
	[AUDIT_DEVICE_REMEMBERED] = "device_remembered",
	[AUDIT_DEVICE_FORGOTTEN] = "device_forgotten",
	[AUDIT_EMAIL_CHANGED] = "email_changed",
	[AUDIT_EMAIL_CHANGE_UNDONE] = "email_change_undone",
	[AUDIT_ACCOUNT_CLOSED] = "account_closed",
	[AUDIT_ORGANIZATION_CREATED] = "organization_created",
	[AUDIT_ORGANIZATION_RENAMED] = "organization_renamed",
	[AUDIT_ORGANIZATION_DELETED] = "organization_deleted",
	[AUDIT_OWNER_CHANGED] = "owner_changed",
	[AUDIT_MEMBER_CHANGED] = "member_changed",
	[AUDIT_MEMBER_REMOVED] = "member_removed",
	[AUDIT_MEMBER_LEFT] = "member_left",
	[AUDIT_MEMBER_JOINED] = "member_joined",
	[AUDIT_INVITED] = "invited",
	[AUDIT_INVITATION_RESENT] = "invitation_resent",
	[AUDIT_INVITATION_CANCELLED] = "invitation_cancelled",
	[AUDIT_SERVICE_CREATED] = "service_created",
	[AUDIT_SERVICE_CHANGED] = "service_changed",
	[AUDIT_SERVICE_DELETED] = "service_deleted",
	[AUDIT_HOST_ALLOWED] = "host_allowed",
	[AUDIT_HOST_FORBIDDEN] = "host_forbidden",
	[AUDIT_TWO_STEP_DEMANDED] = "two_step_demanded",
	[AUDIT_TWO_STEP_NOT_DEMANDED] = "two_step_not_demanded",
	[AUDIT_SECURITY_CHANGED] = "security_changed",
	[AUDIT_SECOND_STEP_RESET] = "second_step_reset",
	[AUDIT_DOWNLOADED] = "downloaded",
	[AUDIT_RESTORED] = "restored",
};

const char *audit_action_name(enum audit_action action)
{
	return action_names[action];
}

enum audit_action audit_action_find(const char *name)
{
	enum audit_action action = AUDIT_COUNT;

	while (--action > AUDIT_NONE && strcmp(name, action_names[action]))
		;
	return action;
}

static struct db_value id_or_null(const struct id *id)
{
	return id ? db_id(id) : db_null();
}

static struct db_value text_or_empty(const char *text)
{
	return db_text(text ? text : "");
}

static enum err add(struct db *db, const struct call *call, const struct audit_event *event, int64_t *number)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "INSERT INTO audit_event (at, actor_id, action, account_id, address, browser, details, organization_id, actor, target)"
	        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING number",
	        db_int(call->now_s), id_or_null(event->actor), db_text(action_names[event->action]), id_or_null(event->account),
	        db_text(call->peer.address), db_text(call->browser), text_or_empty(event->details),
	        id_or_null(event->organization), text_or_empty(event->actor_text), text_or_empty(event->target));

	if (!err)
		*number = db_get_int(&rows, 0);
	return err;
}

enum err audit_write(struct db *db, const struct call *call, const struct audit_event *event)
{
	int64_t number;

	return add(db, call, event, &number);
}

/* What is taken back has touched the same pages: as many go to the disk. What stays is written twice, which costs as much. */
enum err audit_write_if(struct db *db, const struct call *call, const struct audit_event *event, bool really)
{
	int64_t number = 0;
	enum err err = add(db, call, event, &number);

	if (err)
		return err;
	if (really)
		return db_change(db, NULL, "UPDATE audit_event SET at = at, details = details WHERE number = $1", db_int(number));
	return db_change(db, NULL, "DELETE FROM audit_event WHERE number = $1", db_int(number));
}

enum err audit_add(struct db *db, const struct call *call, enum audit_action action, const struct id *actor,
                   const struct id *account, const char *details)
{
	const struct audit_event event = { .action = action, .actor = actor, .account = account, .details = details };

	return audit_write(db, call, &event);
}

enum err audit_forget(struct db *db, int64_t until_s, int64_t *removed)
{
	return db_change(db, removed,
	        "DELETE FROM audit_event WHERE number IN (SELECT number FROM audit_event WHERE at <= $1 ORDER BY at LIMIT $2)",
	        db_int(until_s), db_int(FORGET_ROWS));
}
