/*
 * housekeeping: a thread that removes what has expired, about once a minute, and writes the mails that fall due by the calendar.
 */
#ifndef TWOSTEP_CLI_HOUSEKEEPING_H
#define TWOSTEP_CLI_HOUSEKEEPING_H

#include <stdatomic.h>

#include "base/settings.h"
#include "keys/keyring.h"
#include "store/store.h"

#define HOUSEKEEPING_S        60
#define HOUSEKEEPING_JITTER_S 15 /* up to so much more, so that several nodes do not sweep together */

struct housekeeping;

MUST_USE enum err housekeeping_start(const struct settings *settings, struct store *store, const struct keyring *keys,
                                     struct housekeeping **out);

/* There is something to write: now, not in a minute. From any thread; NULL is fine. */
void housekeeping_wake(struct housekeeping *housekeeping);

void housekeeping_stop(struct housekeeping *housekeeping); /* joins and frees; NULL is fine */

/* One pass, for the thread and for tests. The first error is returned; the others were tried all the same. It ends early when told. */
MUST_USE enum err housekeeping_pass(const struct settings *settings, struct store *store, int64_t now_s, const atomic_bool *stopping);

#endif
