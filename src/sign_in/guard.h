/*
 * guard: who calls, and may they? One place decides, every surface asks it.
 */
#ifndef TWOSTEP_SIGN_IN_GUARD_H
#define TWOSTEP_SIGN_IN_GUARD_H

#include "accounts/caller.h"
#include "http/call.h"

/*
 * Finds the caller by cookie or bearer token (call->caller), chooses the language, and decides on the route's access and freshness,
 * in this order.
 * OK, ERR_NOT_SIGNED_IN, ERR_SETUP_REQUIRED, ERR_NOT_FOUND and ERR_FORBIDDEN (rights in an organisation: call->membership),
 * ERR_OTHER_ORGANIZATIONS (rights on the member of the path: organizations/reset.h), ERR_NEEDS_PASSWORD, ERR_NEEDS_SECOND_STEP; else could not tell.
 */
MUST_USE enum err guard(struct call *call);

/* The second half alone, for a caller who has just confirmed in place (surface->mend): looks again and decides again. */
MUST_USE enum err guard_again(struct call *call);

#endif
