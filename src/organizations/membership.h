/*
 * membership: somebody in an organisation. The guard puts the caller's into call->membership on routes that ask for a right;
 * a change asks again, inside its transaction, for roles may have changed since.
 */
#ifndef TWOSTEP_ORGANIZATIONS_MEMBERSHIP_H
#define TWOSTEP_ORGANIZATIONS_MEMBERSHIP_H

#include "accounts/account.h"
#include "http/call.h"
#include "organizations/roles.h"

#define ORGANIZATION_NAME_TEXT NAME_TEXT
#define MEMBERSHIPS_MAX  200  /* of an account */
#define OWNED_MAX        50   /* organisations that an account may own */
#define MEMBER_SEEN_S    60   /* last_seen_at is written when this much newer */

struct membership {
	struct id organization, account;
	char name[ORGANIZATION_NAME_TEXT]; /* of the organisation */
	enum role role;
	int64_t last_seen_at;
	bool touched; /* the session's sign-in stands in the organisation's log; as of the look */
};

/* session NULL: nobody's. OK, ERR_NOT_FOUND (no such organisation, or not in it), ERR_STORE. */
MUST_USE enum err membership_find(struct db *db, const struct id *organization, const struct id *account,
                                  const struct id *session, struct membership *out);

/*
 * For the first line of a change: the caller's session lives, they are still in the organisation of call->membership, and
 * still may. OK, ERR_NOT_SIGNED_IN, ERR_NOT_FOUND, ERR_FORBIDDEN.
 */
MUST_USE enum err membership_now(struct db *db, const struct call *call, enum right right, struct membership *out);

/* For the guard: finds the caller's in the organisation named `id`, and whether they may. OK, ERR_NOT_FOUND, ERR_FORBIDDEN. */
MUST_USE enum err membership_check(struct db *db, const char *id, const struct call *call, enum right right,
                                   struct membership *out);

/* Notes that call->membership was here: last seen, and once a session its sign-in in the log. */
MUST_USE enum err membership_touch(struct db *db, const struct call *call);

/* That they were here at that moment, where it is later than what is noted. */
MUST_USE enum err membership_seen(struct db *db, const struct id *organization, const struct id *account, int64_t at_s);

/* Adds a row with its copies of the account's address and name. ERR_ALREADY_MEMBER, ERR_ORGANIZATION_LIMIT. */
MUST_USE enum err membership_add(struct db *db, const struct id *organization, const struct account *account, enum role role,
                                 int64_t now_s);

/* Does this account own an organisation? */
MUST_USE enum err membership_owns(struct db *db, const struct id *account, bool *owns);

/* Members and open invitations together, for --members-max. */
MUST_USE enum err membership_count(struct db *db, const struct id *organization, int64_t now_s, int64_t *members,
                                   int64_t *invitations);

#endif
