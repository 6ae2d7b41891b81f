/*
 * take_away: somebody's second step is reset by who may (organizations/reset.h), inside that change: enrolment, recovery codes,
 * remembered devices, sessions and half sign-ins end; the next sign-in can only set up.
 */
#ifndef TWOSTEP_SECOND_STEP_TAKE_AWAY_H
#define TWOSTEP_SECOND_STEP_TAKE_AWAY_H

#include "accounts/account.h"
#include "http/call.h"

/* ERR_NOT_ENABLED: there is none. */
MUST_USE enum err second_step_take_away(struct db *db, const struct call *call, const struct account *account);

#endif
