/*
 * invitations: an address is asked to join, by a mail with a code; whoever owns the mailbox joins by it, with an account that
 * they have or with a new one. An invitation lives as long as who sent it may invite; the code is bound to the address.
 */
#ifndef TWOSTEP_ORGANIZATIONS_INVITATIONS_H
#define TWOSTEP_ORGANIZATIONS_INVITATIONS_H

#include "organizations/members.h"

#define INVITATION_S         (7LL * 24 * 60 * 60)
#define INVITE_EMAILS_MAX    100 /* in one call */
#define INVITATIONS_ROWS_MAX 200 /* a page; and what is shown to one who is invited */

struct invitation {
	struct id id, organization;
	char organization_name[ORGANIZATION_NAME_TEXT];
	char email[EMAIL_TEXT];
	enum role role; /* member or manager */
	const struct service_grant *services; /* a member's; in the arena. Not with invitations_mine */
	size_t service_count;
	struct id inviter;
	char invited_by[EMAIL_TEXT]; /* the inviter's address */
	int64_t created_at, expires_at;
};

/* Whom to invite, as it was typed; `field` is what a wrong address is blamed on ("email", "emails"). */
struct invite {
	const char *const *emails;
	size_t count; /* 1 to INVITE_EMAILS_MAX, else ERR_INVALID blames `field` */
	const char *field;
	const char *role; /* "member", "manager" */
	const struct grant_asked *services;
	size_t service_count;
};

/* What became of one address: err OK, and the invitation; or why not, and it is not invited. */
struct invited {
	const char *email; /* as it was typed */
	enum err err;      /* OK, ERR_EMAIL, ERR_ALREADY_MEMBER, ERR_ALREADY_INVITED, ERR_INVITATION_LIMIT, ERR_TOO_MANY */
	struct invitation invitation;
};

/*
 * Each address on its own, in a change of its own, in the order given: out has form->count of them, in the arena.
 * ERR_TOO_MANY: 50 a day for an inviter over all organisations, 5 an hour and 10 a day for an address (call->held_off.for_s: of
 * the last one).
 * Answers for all of them: ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_NEEDS_PASSWORD, ERR_NEEDS_SECOND_STEP (role manager), ERR_INVALID
 * blames role, services, or form->field.
 */
MUST_USE enum err invite(struct call *call, const struct invite *form, struct invited **out);

/* One address: what became of it is the answer. */
MUST_USE enum err invite_one(struct call *call, const struct invite *form, struct invitation *out);

struct invitation_list {
	struct invitation *invitations;
	size_t count;
	const char *next; /* NULL: no more */
};

/*
 * Those waiting in call->membership's organisation, newest first, into the arena. after: `next` of the page before, NULL: the
 * first; rows: 1 to INVITATIONS_ROWS_MAX. ERR_INVALID blames `after`.
 */
MUST_USE enum err invitations_look(struct call *call, const char *after, size_t rows, struct invitation_list *out);

/* The same of those that wait for the caller's own address, in any organisation. */
MUST_USE enum err invitations_mine(struct call *call, const char *after, size_t rows, struct invitation_list *out);

/* The code is dead at once. ERR_NOT_FOUND, also the second time; ERR_FORBIDDEN */
MUST_USE enum err invitation_cancel(struct call *call, const char *id);

/*
 * A new code, the old one dead, seven days more; the caller is the inviter from now on. ERR_NOT_FOUND, ERR_FORBIDDEN,
 * ERR_TOO_MANY (mails of the address), ERR_ALREADY_MEMBER, ERR_NEEDS_PASSWORD, ERR_NEEDS_SECOND_STEP (role manager)
 */
MUST_USE enum err invitation_resend(struct call *call, const char *id, struct invitation *out);

/* Where somebody is a member from now on. */
struct joined {
	struct id organization;
	char name[ORGANIZATION_NAME_TEXT];
	enum role role;
};

/*
 * The caller joins by the code that was mailed to their address; spelled loosely (FIELD_CODE). ERR_NOT_FOUND: wrong, of another
 * address, cancelled, expired, used, or of an inviter who may no more. ERR_TOO_MANY, ERR_ALREADY_MEMBER, ERR_ORGANIZATION_LIMIT
 */
MUST_USE enum err invitation_accept(struct call *call, const char *code, struct joined *out);

/* The same by its id, of invitations_mine: the mailbox was proven at sign-up. ERR_NOT_FOUND where it is not for the caller. */
MUST_USE enum err invitation_accept_id(struct call *call, const char *id, struct joined *out);

/* For sign-up (sign_in/invited_sign_up.c), inside a change: the one that waits for this address and has this code. ERR_NOT_FOUND */
MUST_USE enum err invitation_find_code(struct db *db, const struct call *call, const char *email, const char *code,
                                       struct invitation *out);

/* Spends it: membership, roles on the services that are still there, log; in one change. ERR_NOT_FOUND: somebody was first. */
MUST_USE enum err invitation_join(struct db *db, struct call *call, const struct invitation *invitation,
                                  const struct account *account, struct joined *out);

/* All that this account has sent in the organisation: it may invite no more (removed, left, made a member). */
MUST_USE enum err invitations_cancel_by(struct db *db, const struct id *organization, const struct id *account);

/* Removes those that have expired. */
MUST_USE enum err invitations_forget(struct db *db, int64_t now_s, int64_t *removed);

#endif
