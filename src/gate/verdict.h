/*
 * verdict: may this request go through? From facts alone: no storage, the time is an argument.
 */
#ifndef TWOSTEP_GATE_VERDICT_H
#define TWOSTEP_GATE_VERDICT_H

#include "gate/asked.h"
#include "gate/facts.h"

enum verdict {
	VERDICT_UNSURE,            /* what memory holds does not say: ask the store */
	VERDICT_NO_MEMORY,         /* there was none to tell with */
	VERDICT_MALFORMED,         /* nobody can tell what the path means */
	VERDICT_NOT_SIGNED_IN,
	VERDICT_FORBIDDEN,         /* no such host, not allowed yet, or no role there */
	VERDICT_RESTRICTED,        /* a demand, or a reset: two-step is to be set up, or a code given */
	VERDICT_NEEDS_SECOND_STEP, /* a rule of the service: check.max_age_s */
	VERDICT_OK,
};

struct check {
	const struct site *site;   /* NULL: no service has the host */
	const struct pass *pass;   /* NULL: nobody; with its person */
	const struct asked *asked;
	int64_t now_s;
	/* out */
	enum role role;            /* in the organisation of the site */
	enum service_role service_role;
	int place;                 /* of that organisation among the person's */
	int64_t max_age_s;         /* how old the second step may be; 0: no matter */
};

enum verdict verdict_of(struct check *check);

/* Is the sign-in in the log of the site's organisation? After verdict_of. */
bool verdict_on_record(const struct check *check);

/* Is the second step there, too, where a rule asks for one? After verdict_of. */
bool verdict_proof_on_record(const struct check *check);

#endif
