/*
 * hand_over: how a session reaches an application on another host: our host gives a code, which serves once, at that host,
 * within a minute, in the browser that holds the nonce; that host gets a cookie of its own, which opens nothing else and ends
 * with the session.
 */
#ifndef TWOSTEP_SIGN_IN_HAND_OVER_H
#define TWOSTEP_SIGN_IN_HAND_OVER_H

#include "accounts/caller.h"
#include "http/call.h"
#include "organizations/hostname.h"
#include "sign_in/way_back.h"

#define HAND_OVER_S       60  /* contract 2.4 */
#define HAND_OVER_NONCE_S 600
#define HAND_OVERS_MAX    20  /* codes of a session that wait; a further one voids the oldest */
#define APP_SESSIONS_MAX  4   /* of a session at one host: windows that came there together */

/* For the caller's session. ERR_NOT_SIGNED_IN: it has ended. */
MUST_USE enum err hand_over_begin(struct call *call, const struct way_back *way, struct token *code);

/* What a browser brings to a host: texts as they came. */
struct hand_over_try {
	const char *host;
	const char *code;        /* NULL: none */
	const char *nonce, *app; /* its cookies there; "": none */
};

/*
 * Spends the code and opens the host. A code is spent by any try, also a wrong one.
 * address  where to go on, in the arena
 * token    of the new cookie; "" where nothing is opened, for nonce or time do not fit, but the code's session has the host open in
 *          this browser already: of two windows that began at once one has lost its nonce to the other
 * ERR_NO_NONCE: all of it fits, but the browser brought no nonce at all; *address is where it was going, at that very host
 * ERR_NOT_FOUND: no such code, or not for this host and browser, or too late, or its session has ended
 */
MUST_USE enum err hand_over_finish(struct call *call, const struct hand_over_try *with, const char **address, struct token *token);

/* Who has this cookie at this host. As caller_find (second_step/caller_fill.h). */
MUST_USE enum err hand_over_caller(struct db *db, const struct token_digest *token, const char *host, int64_t now_s,
                                   struct caller *out);

MUST_USE enum err hand_overs_forget(struct db *db, int64_t now_s, int64_t *removed);

#endif
