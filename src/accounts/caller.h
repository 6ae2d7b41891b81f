/*
 * caller: who is on the other end: a session, its account, and what the two make of each other now.
 * Made by sign_in/guard.c for each request; constant in it.
 */
#ifndef TWOSTEP_ACCOUNTS_CALLER_H
#define TWOSTEP_ACCOUNTS_CALLER_H

#include "accounts/account.h"
#include "sessions/session.h"

struct caller {
	struct session session;
	struct account account;
	struct id enrolment; /* of the account, now; empty: two-step is off */
	bool two_step;
	bool restricted;     /* can only set up, confirm and sign out (contract 2.1) */
};

#endif
