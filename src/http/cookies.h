/*
 * cookies: the ones that we set, in one table (cookies.c). Names carry __Host- where the public URL is https.
 * All are Path=/, SameSite=Lax and, but for the language, HttpOnly.
 */
#ifndef TWOSTEP_HTTP_COOKIES_H
#define TWOSTEP_HTTP_COOKIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct call;

enum cookie {
	COOKIE_NONE,
	COOKIE_SESSION, /* twostep: who is signed in */
	COOKIE_LOGIN,   /* twostep-login: the second step is owed (pages) */
	COOKIE_SIGNUP,  /* twostep-signup: the sign-up that this browser began (pages) */
	COOKIE_DEVICE,  /* twostep-device: spares the second step, 30 days */
	COOKIE_KNOWN,   /* twostep-known: this browser has signed in before, a year */
	COOKIE_LOCALE,  /* twostep-locale: the language chosen in a page */
	COOKIE_RETURN,  /* twostep-return: where to go after sign-in (pages) */
	COOKIE_NOTICE,  /* twostep-notice: what the next page should say was done (pages) */
	COOKIE_APP,     /* twostep-app: what another host has of a session (contract 2.4) */
	COOKIE_NONCE,   /* twostep-nonce: this browser has begun a hand-over at that host, 10 minutes */
	COOKIE_DISABLE, /* twostep-disable: the password was given for switching two-step off, 10 minutes (pages) */
	COOKIE_COUNT
};

/* The value that the visitor sent, in the call's arena; NULL where absent, doubled or longer than COOKIE_VALUE_BYTES. */
#define COOKIE_VALUE_BYTES 3500 /* browsers keep 4,096 with name and attributes */
const char *cookie_get(struct call *call, enum cookie cookie);

/*
 * The same as a view of the request, for a host that may be another than ours: https is that host's.
 * False where it is absent, doubled or not a value.
 */
struct request;
struct view;
bool cookie_find(const struct request *request, enum cookie cookie, bool https, struct view *out);

/* Whether the visitor sent any of them, doubled ones too: then the browser may have been talked into it. */
bool cookie_any(const struct call *call);

/* max_age_s 0: until the browser closes. The value must be cookie-octets (RFC 6265 section 4.1.1). */
void cookie_set(struct call *call, enum cookie cookie, const char *value, int64_t max_age_s);
void cookie_clear(struct call *call, enum cookie cookie);

/* The same for another host than ours. */
void cookie_set_at(struct call *call, enum cookie cookie, bool https, const char *value, int64_t max_age_s);

#endif
