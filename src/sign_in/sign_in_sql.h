/*
 * sign_in_sql: the row of a half-done sign-in.
 */
#ifndef TWOSTEP_SIGN_IN_SIGN_IN_SQL_H
#define TWOSTEP_SIGN_IN_SIGN_IN_SQL_H

#include "sign_in/sign_in.h"

#define LOGINS_MAX 50 /* of an account at a time; a further one ends the oldest */

MUST_USE enum err login_add(struct db *db, const struct token_digest *token, const struct account *account, enum transport transport,
                            int64_t expires_at);

struct login {
	struct id account;
	enum transport transport;
	int64_t expires_at;
};

/* ERR_LOGIN_SPENT: by wrong codes. ERR_LOGIN_EXPIRED: none, used, too old, or of an older password or enrolment. */
MUST_USE enum err login_find(struct db *db, const struct token_digest *token, int64_t now_s, struct login *out);

/* In the change that found it and the code wrong. */
MUST_USE enum err login_count_wrong(struct db *db, const struct token_digest *token);

/* It serves once: ERR_LOGIN_EXPIRED where it did. */
MUST_USE enum err login_spend(struct db *db, const struct token_digest *token);

#endif
