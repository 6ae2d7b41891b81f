/*
 * audit: who did what, to whom, when, from where; in the same transaction as the change.
 */
#ifndef TWOSTEP_AUDIT_AUDIT_H
#define TWOSTEP_AUDIT_AUDIT_H

#include "http/call.h"
#include "store/db.h"

enum audit_action {
	AUDIT_NONE,
	AUDIT_SIGNED_UP,
	AUDIT_SIGNED_IN,
	AUDIT_SIGN_IN_FAILED,       /* a wrong second step behind a right password */
	AUDIT_SIGNED_OUT,
	AUDIT_SESSION_ENDED,
	AUDIT_CONFIRMED,
	AUDIT_PROFILE_CHANGED,
	AUDIT_PASSWORD_CHANGED,
	AUDIT_PASSWORD_RESET,
	AUDIT_TWO_STEP_ON,
	AUDIT_TWO_STEP_OFF,
	AUDIT_NEW_PHONE,
	AUDIT_RECOVERY_REISSUED,
	AUDIT_RECOVERY_USED,
	AUDIT_DEVICE_REMEMBERED,
	AUDIT_DEVICE_FORGOTTEN,
	AUDIT_COUNT
};

#define AUDIT_KEEP_S (400LL * 24 * 60 * 60) /* the issue's figure for the organisations' log */

/* actor and account are ids of accounts; actor NULL: nobody signed in. details: a short text of ours, "" for none. */
MUST_USE enum err audit_add(struct db *db, const struct call *call, enum audit_action action, const struct id *actor,
                            const struct id *account, const char *details);

/* Removes events older than AUDIT_KEEP_S. */
MUST_USE enum err audit_forget(struct db *db, int64_t now_s);

#endif
