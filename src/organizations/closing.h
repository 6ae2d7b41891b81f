/*
 * closing: somebody's account ends. All of it is deleted but the rows of audit logs; the address is free again.
 */
#ifndef TWOSTEP_ORGANIZATIONS_CLOSING_H
#define TWOSTEP_ORGANIZATIONS_CLOSING_H

#include "organizations/membership.h"

/* Inside a change, for the caller or for whom the operator names. ERR_LAST_OWNER: owns an organisation. */
MUST_USE enum err account_close(struct db *db, const struct call *call, const struct account *account);

/* The caller's own; signs out. ERR_LAST_OWNER, ERR_PASSWORD_WRONG, ERR_TOO_MANY, ERR_BUSY */
MUST_USE enum err closing_confirm(struct call *call, const char *password);

/*
 * The operator's: whoever it is. What they own goes to the member of this address first. ERR_NOT_FOUND (no such account; no
 * member of each organisation owned), ERR_LAST_OWNER: owns one and nobody was named, ERR_EMAIL. call->wrong is set where it is
 * hand_over that is wrong.
 */
MUST_USE enum err closing_by_operator(struct call *call, const char *email, const char *hand_over);

#endif
