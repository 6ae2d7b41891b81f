/*
 * way_back: where somebody was going, at an application of ours, when they were asked who they are. It travels through their
 * browser sealed, so that nobody else can send them anywhere.
 */
#ifndef TWOSTEP_SIGN_IN_WAY_BACK_H
#define TWOSTEP_SIGN_IN_WAY_BACK_H

#include "base/token.h"
#include "http/call.h"
#include "organizations/hostname.h"

#define WAY_BACK_URI_MAX  2048 /* bytes of path and query; of what is longer the host's first page is left */
#define WAY_BACK_S        86400 /* somebody may sign up on the way, and set two-step up */
#define WAY_BACK_TEXT     3300 /* of the sealed form, with NUL: fits a cookie */

struct way_back {
	bool https;
	char host[HOSTNAME_TEXT];
	char uri[WAY_BACK_URI_MAX + 1];
	int64_t max_age_s;         /* how old the second step may be there; 0: no matter */
	bool handed;               /* to another host: it waits for a hand-over, in the browser that has the nonce */
	struct token_digest nonce;
};

/* Takes the part of an address behind the host. */
void way_back_set_uri(struct way_back *way, struct view uri);

/* The sealed form in the arena; NULL: memory, or it could not be sealed. */
const char *way_back_seal(struct call *call, const struct way_back *way);

/* ERR_NOT_FOUND: not sealed by us, too old, cut. */
MUST_USE enum err way_back_open(struct call *call, const char *sealed, struct way_back *out);

/* "https://host", in the arena; NULL: memory. */
const char *way_back_origin(struct arena *arena, const struct way_back *way);

/* Where the page that goes on is: "/continue?to=…". NULL: memory. */
#define CONTINUE_PATH "/continue"
const char *way_back_place(struct call *call, const struct way_back *way);

#endif
