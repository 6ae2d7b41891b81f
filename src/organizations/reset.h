/*
 * reset: a member's second step is taken away, for a phone that was lost. Ends everything of theirs; the next sign-in can only
 * set up, by way of the e-mail code.
 */
#ifndef TWOSTEP_ORGANIZATIONS_RESET_H
#define TWOSTEP_ORGANIZATIONS_RESET_H

#include "organizations/membership.h"

#define REASON_CHARACTERS_MAX 500

/*
 * For the guard: may call->membership, an owner or manager, do it to this member? OK, ERR_NOT_FOUND, ERR_FORBIDDEN (oneself; a
 * manager on the owner), ERR_OTHER_ORGANIZATIONS.
 */
MUST_USE enum err reset_check(struct call *call, const char *account);

/*
 * By an owner or manager, in call->membership's organisation. What reset_check says, as of now; ERR_NOT_ENABLED,
 * ERR_PASSWORD_WRONG, ERR_TOO_MANY, ERR_INVALID blames `reason`.
 */
MUST_USE enum err reset_by_manager(struct call *call, const char *account, const char *password, const char *reason);

/* By the operator: whoever it is. ERR_NOT_FOUND, ERR_NOT_ENABLED, ERR_INVALID (reason), ERR_EMAIL */
MUST_USE enum err reset_by_operator(struct call *call, const char *email, const char *reason);

#endif
