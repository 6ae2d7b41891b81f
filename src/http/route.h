/*
 * route: routes are tables. A surface (API, pages) lists its own and says how it refuses; the router finds the line,
 * asks the guard, reads the form, runs the handler, and turns an error into the surface's words in one place.
 */
#ifndef TWOSTEP_HTTP_ROUTE_H
#define TWOSTEP_HTTP_ROUTE_H

#include "base/err.h"
#include "http/form.h"
#include "http/request.h"

struct call;

/* Who may call. The refusing value is first: forgotten memory refuses. */
enum access {
	ACCESS_NOBODY,
	ACCESS_ANYBODY,    /* a session is looked up all the same, so that the handler knows */
	ACCESS_SIGNED_IN,  /* a full session */
	ACCESS_RESTRICTED, /* a session that is restricted may, too: the list of contract 2.1 */
	ACCESS_RIGHTS,     /* from here on: a full session, and a right in the organisation that segment[0] names */
};

/* A column of its own would stand empty in most lines: ACCESS_RIGHTS and the right (organizations/roles.h) on top. */
#define ACCESS_RIGHT(right) ((enum access)((int)ACCESS_RIGHTS + (int)(right)))

/* How fresh the proofs must be: the contract's *fresh*. */
enum freshness {
	FRESH_NOT,
	FRESH_PROOFS,      /* the password, and the second step where two-step is on */
	FRESH_SECOND_STEP, /* the second step alone, where two-step is on: the password is in the body */
};

/*
 * Beside the method: each such request hashes a password, unless it is refused before. It waits for a place (http/hash_places.h) in
 * front of the request threads, not in one. A column of its own would stand empty in nearly all lines.
 */
#define HASHES 0x1000

typedef enum err handler(struct call *call);

struct route {
	int method;       /* GET answers HEAD too */
	const char *path; /* "/api/v1/sessions/{id}": a name in braces takes one segment, decoded, into call->segment[] */
	enum access access;
	enum freshness freshness;
	const struct form *form; /* NULL: no fields; of a change on a JSON surface the body is JSON or empty all the same, else it is not read */
	handler *handler;
};

/* Open to all, whoever is signed in. */
static inline bool route_is_open(const struct route *route)
{
	return route->access == ACCESS_ANYBODY;
}

#define ROUTES_END { 0, NULL, ACCESS_NOBODY, FRESH_NOT, NULL, NULL }

struct surface {
	const char *prefix;                 /* "/api/v1/"; "/" takes what is left */
	void (*whole)(struct call *call);   /* answers all of it by itself, and nothing below counts; NULL: the tables do */
	const struct route *const *tables;  /* NULL at the end */
	bool json;                          /* how bodies are read */
	/*
	 * Runs where the guard found who calls, before anything else is said or done. Not OK: that is the answer. NULL: nothing to ask.
	 */
	enum err (*check)(struct call *call);
	/*
	 * Runs after the guard, or the handler in the guard's words, refused; may mend it (a page confirming in place) by
	 * returning OK: the call goes on. NULL: nothing to mend.
	 */
	enum err (*mend)(struct call *call, enum err refusal);
	/* Writes the answer for an error: problem+json, or a page. */
	void (*refuse)(struct call *call, enum err err);
};

/* What the surfaces stand on; made in cli/serve.c. */
struct router {
	const struct surface *const *surfaces; /* most specific prefix first, NULL at the end */
	/* Finds the caller and decides on route->access and route->freshness, in this order (sign_in/guard.c). */
	enum err (*guard)(struct call *call);
	/* After the handler, before the answer leaves (mail/mailer.h: settle). NULL: nothing. */
	void (*after)(struct call *call);
};

/*
 * Does a route marked HASHES answer this, and is its surface JSON? For the loop: by the bytes as they came. A path that is
 * percent-encoded where it need not be is not found here; its place is taken when it comes to the hash.
 */
bool router_hashes(const struct router *router, const struct request *request, bool *json);

/* Is a refusal of this a page: does a surface of pages answer it, and a browser ask? For the loop. A router may be NULL. */
bool router_shows_pages(const struct router *router, const struct request *request);

/* Fills call->answer, whatever happens. call->request, peer, shared things and now_s are set by the server. */
void router_answer(const struct router *router, struct call *call);

#endif
