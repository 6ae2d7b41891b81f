/*
 * sign_up_sql: the row of a try.
 */
#ifndef TWOSTEP_ACCOUNTS_SIGN_UP_SQL_H
#define TWOSTEP_ACCOUNTS_SIGN_UP_SQL_H

#include "accounts/sign_up.h"

MUST_USE enum err sign_up_add(struct db *db, const struct sign_up_try *try, const struct token_digest *token, int64_t expires_at);

#endif
