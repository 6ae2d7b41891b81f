/*
 * assertions: Remote-Assertion is signed in a request thread, once for a session, a host of a service and half a minute, and kept for
 * the checks of that half minute. What has changed of the person, or whose the host is, makes it another one at once.
 */
#ifndef TWOSTEP_GATE_ASSERTIONS_H
#define TWOSTEP_GATE_ASSERTIONS_H

#include <pthread.h>

#include "gate/verdict.h"
#include "http/call.h"

#define ASSERTIONS_MAX  65536 /* issue 5; 1 KiB or so each */
#define ASSERTION_WAYS  4     /* of a set: the one that is over, else the oldest, gives way */
#define ASSERTION_KEPT_S 30   /* of the minute that it is good for */
#define ASSERTION_LOCKS 64    /* signatures that are made at once; two for one person and host wait for each other */

struct assertions {
	_Atomic(struct kept_assertion *) *places;
	pthread_mutex_t signing[ASSERTION_LOCKS], mutex; /* mutex: places are written, and `old` */
	struct limbo old;
};

MUST_USE enum err assertions_init(struct assertions *assertions, struct quiet *quiet);
void assertions_done(struct assertions *assertions); /* accepts what was never initialised */

/* By a loop that is awake: NULL: none is kept. Of a check whose verdict is VERDICT_OK. */
const char *assertions_find(const struct assertions *assertions, const struct check *check);

/* By a request thread: the one that is kept, or a new one; in the call's arena. As assertion_sign. */
MUST_USE enum err assertions_make(struct assertions *assertions, struct call *call, const struct check *check, const char **out);

#endif
