/*
 * store: the database as the rest sees it: functions that run inside one transaction.
 * A change reads, decides and writes. It may run again from its start, so it has no effect outside the database, does no
 * hashing and no I/O, and resets its outputs at its first line.
 */
#ifndef TWOSTEP_STORE_STORE_H
#define TWOSTEP_STORE_STORE_H

#include <stdbool.h>

#include "base/err.h"
#include "store/db.h"

#define STORE_BATCH      256 /* changes committed together at most: design.md section 2 */
#define STORE_BATCH_MS     5
#define STORE_READERS      8 /* connections for store_read, opened when first needed */

struct store;

typedef enum err store_function(struct db *db, void *argument);

/*
 * Opens (makes) the database, brings it to the newest schema, starts the writer thread.
 * ERR_STORE: *why is a sentence for the operator (static).
 * `created` tells that there was none before, or an empty one.
 */
MUST_USE enum err store_open(const char *path, struct store **out, bool *created, const char **why);

/* Logs which steps brought it to the newest schema as it was opened, where any did: the log was off then (cli/serve.c). */
void store_log_migrated(const struct store *store);

/* Runs what is queued, closes. NULL is fine. */
void store_close(struct store *store);

/*
 * Runs the function in a transaction together with other waiting changes and returns what it answered once the commit
 * stands. OK is the only yes; outputs are valid only after it (and after a refusal kept by db_keep). ERR_STORE: nothing is known to have happened.
 * ERR_BUSY: nothing has; the clock that the caller goes by was set back (base/clock.h). So it is with a read.
 */
MUST_USE enum err store_change(struct store *store, store_function *function, void *argument);

/* The same on a reader's snapshot, at once, in the calling thread; nothing can be written. */
MUST_USE enum err store_read(struct store *store, store_function *function, void *argument);

/* Called by the writer thread after a commit whose changes asked for it by db_wake. Set before the first change. */
void store_on_wake(struct store *store, void (*wake)(void *to, unsigned bits), void *to);

/* Whom a committed change concerns. TOUCHED_ALL: it could not be told, or whether it was committed. */
enum touched_what { TOUCHED_ALL, TOUCHED_ACCOUNT, TOUCHED_SERVICE };
struct touched {
	enum touched_what what;
	struct id id;
};

/*
 * Called by the writer thread after each commit that touched anything (store/watch.c says what counts), and after one whose
 * outcome is unknown, before anybody is answered. Set before the first change.
 */
void store_on_commit(struct store *store, void (*committed)(void *to, const struct touched *touched, size_t count), void *to);

/* OK where a read and the writer answer. */
MUST_USE enum err store_probe(struct store *store);

#endif
