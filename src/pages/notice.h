/*
 * notice: what the next page should say was done. Travels in a cookie as a word of this table, never as text, with a number
 * where the sentence has one.
 */
#ifndef TWOSTEP_PAGES_NOTICE_H
#define TWOSTEP_PAGES_NOTICE_H

#include "http/call.h"

enum notice {
	NOTICE_NONE,
	NOTICE_SAVED,
	NOTICE_PASSWORD_CHANGED,
	NOTICE_PASSWORD_RESET,
	NOTICE_SIGNED_OUT,
	NOTICE_LOGIN_EXPIRED,
	NOTICE_LOGIN_SPENT, /* a problem: the page says it as one */
	NOTICE_RESENT,
	NOTICE_WELCOME,
	NOTICE_SIGN_IN_FIRST,
	NOTICE_SIGN_IN_AGAIN, /* a form was sent, and nobody is signed in */
	NOTICE_UNSAVED,       /* where that form stands */
	NOTICE_DOWNLOAD,      /* where the link of a file is, #download */
	NOTICE_SESSION_ENDED,
	NOTICE_OTHERS_ENDED,
	NOTICE_FORGOTTEN,
	NOTICE_REISSUED,
	NOTICE_REISSUED_BEFORE,
	NOTICE_REISSUE_OVER,
	NOTICE_NEW_PHONE,
	NOTICE_SETUP_OVER,
	NOTICE_CANCELLED,
	NOTICE_RECOVERY_USED, /* {left} */
	NOTICE_RECOVERY_FEW,  /* {left}, and that is too few */
	NOTICE_NOT_DUE,
	NOTICE_CONFIRM_AGAIN,
	NOTICE_EMAIL_CHANGED, /* {email}: the caller's */
	NOTICE_EMAIL_AGAIN,
	NOTICE_EMAIL_UNDONE,
	NOTICE_CLOSED,
	NOTICE_CREATED, /* of organisations, from here on */
	NOTICE_JOINED,
	NOTICE_LEFT,
	NOTICE_DELETED,
	NOTICE_INVITATION_GONE,
	NOTICE_REMOVED,
	NOTICE_HANDED_OVER,
	NOTICE_STEP_RESET,
	NOTICE_SERVICE_CREATED,
	NOTICE_SERVICE_DELETED,
	NOTICE_DEMANDED,
	NOTICE_DEMANDED_LATER, /* its mails go later */
	NOTICE_DEMAND_STANDS,  /* nothing changed */
	NOTICE_SUSPENDED,
	NOTICE_SWITCH_OFF, /* nor was anything asked for */
	NOTICE_INVITED, /* {left}: how many */
	NOTICE_INVITED_AGAIN,
	NOTICE_INVITATION_CANCELLED,
	NOTICE_RELEASED,
	NOTICE_WAY_GONE, /* on the way to an application */
	NOTICE_RULE_ASKS,
	NOTICE_COUNT
};

void notice_set(struct call *call, enum notice notice, int number);

/* Where the next page would say this one, it says nothing: it is not true any more. */
void notice_withdraw(struct call *call, enum notice notice);

/* What it is like: a warning, a problem; the id of what it leads to on the page, NULL: nothing. */
struct notice_kind {
	bool warns, failed;
	const char *at;
};

/* The sentence that the visitor's cookie asks for, in the arena, and the cookie goes; NULL: none. */
const char *notice_take(struct call *call, struct notice_kind *kind);

#endif
