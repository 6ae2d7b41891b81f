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
	AUDIT_SIGN_IN_FAILED,       /* a wrong second step behind a right password; of wrong passwords one an hour */
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
	AUDIT_EMAIL_CHANGED,
	AUDIT_EMAIL_CHANGE_UNDONE,
	AUDIT_ACCOUNT_CLOSED,
	/* In an organisation. */
	AUDIT_ORGANIZATION_CREATED,
	AUDIT_ORGANIZATION_RENAMED,
	AUDIT_ORGANIZATION_DELETED,
	AUDIT_OWNER_CHANGED,
	AUDIT_MEMBER_CHANGED,       /* role or roles on services */
	AUDIT_MEMBER_REMOVED,
	AUDIT_MEMBER_LEFT,
	AUDIT_MEMBER_JOINED,
	AUDIT_INVITED,
	AUDIT_INVITATION_RESENT,
	AUDIT_INVITATION_CANCELLED,
	AUDIT_SERVICE_CREATED,
	AUDIT_SERVICE_CHANGED,
	AUDIT_SERVICE_DELETED,
	AUDIT_HOST_ALLOWED,
	AUDIT_HOST_FORBIDDEN,
	AUDIT_TWO_STEP_DEMANDED,
	AUDIT_TWO_STEP_NOT_DEMANDED,
	AUDIT_SECURITY_CHANGED,
	AUDIT_SECOND_STEP_RESET,
	AUDIT_DOWNLOADED,
	AUDIT_RESTORED,             /* everything, from a backup: of each organisation, and of each account */
	AUDIT_COUNT
};

/* actor and account are ids of accounts; actor NULL: nobody signed in. details: a short text of ours, "" for none. */
MUST_USE enum err audit_add(struct db *db, const struct call *call, enum audit_action action, const struct id *actor,
                            const struct id *account, const char *details);

/* An event with all that it can say. Empty texts may be NULL. */
struct audit_event {
	enum audit_action action;
	const struct id *organization; /* in whose log it stands; NULL: a matter of the account alone */
	const struct id *actor;        /* NULL: nobody signed in, or the operator */
	const char *actor_text;        /* in words, as it was then: the address */
	const struct id *account;      /* whom it concerns */
	const char *target;            /* in words: an address, a service's name */
	const char *details;
};
MUST_USE enum err audit_write(struct db *db, const struct call *call, const struct audit_event *event);

/* The same, and taken back in the same change unless `really`: where the time that it takes must not tell. */
MUST_USE enum err audit_write_if(struct db *db, const struct call *call, const struct audit_event *event, bool really);

/* The word of an action ("signed_in"), static; and back: AUDIT_NONE where there is none. */
const char *audit_action_name(enum audit_action action);
enum audit_action audit_action_find(const char *name);

/* Removes events of that moment and before, the oldest first and FORGET_ROWS (store/db.h) at most; *removed tells how many. */
MUST_USE enum err audit_forget(struct db *db, int64_t until_s, int64_t *removed);

#endif
