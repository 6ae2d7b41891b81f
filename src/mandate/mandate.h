/*
 * mandate: who demands two-step of this account, and since when. An organisation's owner or manager switches it on
 * (organizations/security.h); whether it is met is asked at each check, never remembered from sign-in.
 */
#ifndef TWOSTEP_MANDATE_MANDATE_H
#define TWOSTEP_MANDATE_MANDATE_H

#include "store/db.h"

#define MANDATE_IDLE_MIN_S (15LL * 60)
#define MANDATE_IDLE_MAX_S (24LL * 60 * 60)
#define MANDATE_IDLE_S     (8LL * 60 * 60)  /* unless the organisation set another */
#define MANDATE_GRACE_DAYS 90               /* at most */
#define MANDATE_NAME_TEXT  401              /* 100 characters and NUL */
#define MANDATES_SHOWN     20               /* of an account, by name; one is enough */

/* All that is demanded of one account, now. */
struct demand {
	bool any;             /* somebody demands it, in force or with grace: nobody switches off */
	bool in_force;
	int64_t from_at;      /* the first one came or will come into force; with `any` */
	int64_t idle_ends_at; /* with in_force: a session that was last seen at seen_at ends then, if nobody uses it again */
	int64_t idle_s;       /* what is unused for so long is over: the shortest of those in force for as long already; 0: none is */
	int64_t next_at;      /* until then in_force and idle_s stay as they are; 0: for ever */
};
MUST_USE enum err mandate_of_session(struct db *db, const struct id *account, int64_t seen_at, int64_t now_s, struct demand *out);

/* The same of somebody who is here now. */
MUST_USE enum err mandate_of(struct db *db, const struct id *account, int64_t now_s, struct demand *out);

/* Who demands it. */
struct demanding {
	struct id organization;
	char name[MANDATE_NAME_TEXT];
	int64_t from_at;
};
MUST_USE enum err mandate_list(struct db *db, const struct id *account, struct demanding *out, size_t room, size_t *count);

struct call;
/* The same for an answer, into the arena. */
MUST_USE enum err mandates_look(struct call *call, const struct id *account, struct demanding **out, size_t *count);

/* One organisation's switch. required false where there is no row. */
struct mandate {
	bool required;
	int64_t from_at, session_idle_s, set_at;
	char set_by[MANDATE_NAME_TEXT]; /* the address of who switched it last; "": their account is closed */
};
MUST_USE enum err mandate_find(struct db *db, const struct id *organization, struct mandate *out);
MUST_USE enum err mandate_put(struct db *db, const struct id *organization, const struct mandate *mandate);

/* The account of this address has another one, or "" where it is closed. */
MUST_USE enum err mandate_setter_moves(struct db *db, const char *email, const char *other);

#endif
