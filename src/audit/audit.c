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
};

enum err audit_add(struct db *db, const struct call *call, enum audit_action action, const struct id *actor,
                   const struct id *account, const char *details)
{
	return db_change(db, NULL,
	        "INSERT INTO audit_event (at, actor_id, action, account_id, address, browser, details)"
	        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
	        db_int(call->now_s), actor ? db_id(actor) : db_null(), db_text(action_names[action]),
	        account ? db_id(account) : db_null(), db_text(call->peer.address), db_text(call->browser), db_text(details));
}

enum err audit_forget(struct db *db, int64_t now_s)
{
	return db_change(db, NULL, "DELETE FROM audit_event WHERE at <= $1", db_int(now_s - AUDIT_KEEP_S));
}
