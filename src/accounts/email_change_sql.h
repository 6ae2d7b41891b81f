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

/* A way back: to `email`, which was the account's. */
struct way_back {
	struct id account;
	char email[EMAIL_TEXT];
	int64_t expires_at;
};
MUST_USE enum err way_back_add(struct db *db, const struct token_digest *token, const struct way_back *way);
MUST_USE enum err way_back_find(struct db *db, const struct token_digest *token, int64_t now_s, struct way_back *out);

/* This one and those made after it, never an earlier one: a later one ends later. */
MUST_USE enum err ways_back_drop(struct db *db, const struct way_back *from);

#endif
