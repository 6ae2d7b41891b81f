/*
 * housekeeping: a thread that removes what has expired, about once a minute.
 */
#ifndef TWOSTEP_CLI_HOUSEKEEPING_H
#define TWOSTEP_CLI_HOUSEKEEPING_H

#include "store/store.h"

#define HOUSEKEEPING_S        60
#define HOUSEKEEPING_JITTER_S 15 /* up to so much more, so that several nodes do not sweep together */

struct housekeeping;

MUST_USE enum err housekeeping_start(struct store *store, struct housekeeping **out);
void housekeeping_stop(struct housekeeping *housekeeping); /* joins and frees; NULL is fine */

/* One pass, for the thread and for tests. The first error is returned; the others were tried all the same. */
MUST_USE enum err housekeeping_pass(struct store *store, int64_t now_s);

#endif
