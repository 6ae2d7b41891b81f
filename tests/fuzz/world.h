/*
 * world: a whole server in this process, on a Unix socket, with a database in memory and people who have something to lose. Each input
 * of the target `requests` finds it as it was.
 */
#ifndef TWOSTEP_FUZZ_WORLD_H
#define TWOSTEP_FUZZ_WORLD_H

#include "fuzz.h"
#include "base/buf.h"
#include "base/token.h"
#include "otp/totp.h"
#include "recovery/recovery.h"

#define WORLD_NOW_S    INT64_C(1800000000)
#define WORLD_PASSWORD "Violet7 kettle-Drum orbit" /* of everybody */
#define WORLD_HOST     "localhost:9001"            /* of Harbor's service */
#define MARK_TEXT      17

/*
 * Harbor is an organisation with an owner (two-step on) and a member; Strict demands two-step of a member who has none. Nobody here
 * belongs to the third one: names and addresses of all that is its carry a mark that no input can know.
 */
enum somebody {
	NOBODY,
	LOGIN,      /* of the owner: the second step is owed */
	ENDED,      /* a session that is over */
	RESTRICTED, /* a member of Strict */
	OWNER, OWNER_BEARER,
	MEMBER,
	STRANGER,   /* signed in, in no organisation */
	OTHER,      /* of the third: nobody is ever asked in this name */
	SOMEBODY_COUNT
};

struct place { char organization[ID_TEXT], service[ID_TEXT], invitation[ID_TEXT], account[ID_TEXT], host[64]; };

struct world {
	char mark[MARK_TEXT];
	struct token token[SOMEBODY_COUNT]; /* as a cookie, or as a bearer token; the login's value */
	char session[SOMEBODY_COUNT][ID_TEXT];
	struct id account[SOMEBODY_COUNT];
	struct totp_secret secret;          /* the owner's */
	char recovery[RECOVERY_CODE_TEXT];  /* one of the owner's */
	char invitation[16];                /* code of the invitation to Harbor, for guest@example.com */
	struct place harbor, other;
};

/* Made once, and there until the end. */
const struct world *world(void);

/* As it was made: rows, clock, random bytes. */
void world_reset(void);

/* Sends a whole request and appends all that comes back until the server closes. */
void world_ask(const void *bytes, size_t length, struct buf *answer);

/* Whether all that belongs to the third organisation stands as it stood. */
bool world_others_untouched(void);

/* Whether the restricted member has set two-step up. */
bool world_has_second_step(enum somebody somebody);

#endif
