/*
 * email_change_sql: rows of a move under way, and of links that take one back.
 */
#ifndef TWOSTEP_ACCOUNTS_EMAIL_CHANGE_SQL_H
#define TWOSTEP_ACCOUNTS_EMAIL_CHANGE_SQL_H

#include "accounts/email_change.h"

/* A move of this session. */
struct move {
	struct id id;
	char email[EMAIL_TEXT]; /* the new one */
};

/* In the place of an earlier one. */
MUST_USE enum err move_put(struct db *db, const struct call *call, const struct move *move, int64_t expires_at);
MUST_USE enum err move_find(struct db *db, const struct id *session, int64_t now_s, struct move *out); /* ERR_NOT_FOUND */

/* With its code; of the session, or all of an account. OK also where there is none. */
MUST_USE enum err move_drop(struct db *db, const struct id *session);
MUST_USE enum err moves_drop(struct db *db, const struct id *account);

/*
 * A way back: to `email`, which was the account's. expires_at orders those of an account, as they were made; all live until the last
 * of them ends, for one that was made later may be a thief's.
 */
struct way_back {
	struct id account;
	char email[EMAIL_TEXT];
	int64_t expires_at;
};
MUST_USE enum err way_back_add(struct db *db, const struct token_digest *token, const struct way_back *way, int64_t now_s);
MUST_USE enum err way_back_find(struct db *db, const struct token_digest *token, int64_t now_s, struct way_back *out);

/* Where the first of those that live leads. ERR_NOT_FOUND */
MUST_USE enum err way_back_first(struct db *db, const struct id *account, int64_t now_s, char email[static EMAIL_TEXT]);

/* It goes with those made after it, never an earlier one: those have EMAIL_UNDO_S from now, for this was a move as well. */
MUST_USE enum err way_back_use(struct db *db, const struct way_back *way, int64_t now_s);

#endif
