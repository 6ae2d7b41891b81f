/*
 * hand_over_sql: rows of hand_over and app_session.
 */
#ifndef TWOSTEP_SIGN_IN_HAND_OVER_SQL_H
#define TWOSTEP_SIGN_IN_HAND_OVER_SQL_H

#include "sign_in/hand_over.h"
#include "store/db.h"

struct hand_over {
	struct token_digest code, nonce;
	struct id session, account; /* account: of the session, read only */
	char host[HOSTNAME_TEXT];
	const char *place; /* the address to come back to; read: in the call's arena */
	int64_t expires_at;
};

MUST_USE enum err hand_over_add(struct db *db, const struct hand_over *row);

/* Removes the row and tells what it was. ERR_NOT_FOUND: there is none, or its session has ended. */
MUST_USE enum err hand_over_take(struct db *db, struct arena *arena, const struct token_digest *code, struct hand_over *out);

MUST_USE enum err app_session_add(struct db *db, const struct hand_over *row, const struct token_digest *token, int64_t now_s);

/* The session behind a cookie of this host. ERR_NOT_FOUND */
MUST_USE enum err app_session_find(struct db *db, const struct token_digest *token, const char *host, struct id *session);

#endif
