/*
 * caller_fill: what a session and its account make of each other now. For sign_in/, and for what goes on after its request.
 */
#ifndef TWOSTEP_SECOND_STEP_CALLER_FILL_H
#define TWOSTEP_SECOND_STEP_CALLER_FILL_H

#include "accounts/caller.h"
#include "store/db.h"

/* session is set; all else is looked up. OK, ERR_NOT_FOUND (the account is gone), ERR_STORE. */
MUST_USE enum err caller_fill(struct db *db, int64_t now_s, struct caller *caller);

/* The same, and ERR_NOT_FOUND where a demand has ended the session. */
MUST_USE enum err caller_complete(struct db *db, int64_t now_s, struct caller *caller);

/* Whose session is this? OK, ERR_NOT_FOUND (nobody's; with out->session: of one that a demand has ended), ERR_STORE. */
MUST_USE enum err caller_find(struct db *db, const struct token_digest *token, int64_t now_s, struct caller *out);

/*
 * The caller of a request that is over, as they are now: OK, ERR_NOT_FOUND (the session or the account has ended), ERR_FORBIDDEN
 * (restricted meanwhile), ERR_STORE.
 */
MUST_USE enum err caller_again(struct db *db, const struct id *session, int64_t now_s, struct caller *out);

#endif
