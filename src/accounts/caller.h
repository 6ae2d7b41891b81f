/*
 * caller: who is on the other end: a session, its account, and what the two make of each other now.
 * Made by sign_in/ for each request; constant in it.
 */
#ifndef TWOSTEP_ACCOUNTS_CALLER_H
#define TWOSTEP_ACCOUNTS_CALLER_H

#include "accounts/account.h"
#include "http/route.h"
#include "mandate/mandate.h"
#include "sessions/session.h"

struct caller {
	struct session session;
	struct account account;
	struct id enrolment;  /* of the account, now; empty: two-step is off */
	bool two_step;
	struct demand demand; /* of the organisations that the account belongs to */
	bool restricted;      /* can only set up, confirm and sign out (contract 2.1) */
};

/* When the session ends if nobody uses it again; earlier under a demand that is in force. */
int64_t caller_expires_at(const struct caller *caller);

/* OK, ERR_NEEDS_PASSWORD, ERR_NEEDS_SECOND_STEP. */
MUST_USE enum err caller_fresh(const struct caller *caller, enum freshness freshness, int64_t now_s);

#endif
