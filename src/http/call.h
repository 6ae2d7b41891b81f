/*
 * call: one request on its way through router, guard and handler: what was asked, by whom, with what it is answered.
 * Lives in one request thread from the first byte of the handler to the last.
 */
#ifndef TWOSTEP_HTTP_CALL_H
#define TWOSTEP_HTTP_CALL_H

#include "base/arena.h"
#include "base/settings.h"
#include "http/answer.h"
#include "http/cookies.h"
#include "http/form.h"
#include "http/peer.h"
#include "http/hash_places.h"
#include "http/request.h"
#include "http/route.h"

#define SEGMENTS_MAX 4
#define CALL_ID_TEXT 17 /* 16 characters and NUL: the request id in the log and in X-Request-Id */

struct store;
struct keyring;
struct hashes;
struct signer; /* signing/signer.h */
struct gate;   /* gate/gate.h */
struct caller; /* accounts/caller.h: session and account */
struct membership; /* organizations/membership.h */

/* With ERR_TOO_MANY and ERR_BUSY. */
struct held_off {
	int64_t for_s;  /* 0: nothing is known */
	const char *by; /* which limit, as limits/limits.h calls it, for the log; static. NULL: none of those */
};

struct call {
	/* what was asked */
	const struct request *request;
	const struct surface *surface;
	const struct route *route;
	const char *segment[SEGMENTS_MAX]; /* values of {names} in the path, in order */
	const void *form;                  /* the struct that route->form describes */
	enum err refused;                  /* before anybody looked for a route; else OK */
	char id[CALL_ID_TEXT];

	/* who, when, from where */
	const struct caller *caller; /* NULL: nobody signed in */
	const struct membership *membership; /* in the organisation of the path, where route->access is a right */
	bool bearer;                 /* by Authorization, not by cookie */
	struct peer peer;
	const char *browser;         /* User-Agent made short for people: "Firefox on Linux"; never NULL */
	int64_t now_s;
	enum locale locale;          /* cookie, account, Accept-Language, setting: in that order */

	/* what all share */
	const struct settings *settings;
	struct store *store;
	const struct keyring *keys;
	struct hashes *hashes;
	struct hash_place place; /* to hash passwords; empty: none yet. The router gives it back behind the handler */
	struct signer *signer;
	struct gate *gate;

	/* what comes back */
	struct arena *arena;
	struct answer *out;
	const char *wrong;      /* with ERR_INVALID and the 422s: the field's name */
	const char *wrong_item; /* which of a list is to blame, as it was typed; NULL: the field has one, or it is not known */
	struct held_off held_off;
	bool settle_mail;       /* wait shortly for file mail before the answer leaves, so that who looks finds it */
	int64_t clock_off_s;    /* with ERR_CODE_CLOCK: how far the phone's clock is ahead (+) or behind (-) */
};

/* The language that a visitor asks for (Accept-Language); otherwise: where that is any, or none of ours. */
enum locale call_language(const struct request *request, enum locale otherwise);

#define BROWSER_TEXT 61 /* with NUL */

/* "Firefox on Linux", "curl", "Unknown browser": less than BROWSER_TEXT bytes of ours, never the visitor's own text; in the arena or static. */
const char *call_browser(struct arena *arena, const struct request *request);

/* Such a name, as call_browser made it, in the language of who reads it. */
void browser_say(struct buf *out, enum locale locale, const char *browser);

#endif
