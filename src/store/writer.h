/*
 * writer: the one thread that writes. Takes all waiting changes, runs them in one transaction, commits once, wakes all.
 *
 * A change that refuses after it has written something is taken back: with all the others, which then run again, each behind a
 * savepoint, and so do the next WRITER_GUARDED batches. Savepoints copy each page that is written: twice the cost of a change.
 * A fault before COMMIT that takes the transaction with it: each change again, alone.
 * A COMMIT that failed is never repeated, for nobody knows whether it stands: ERR_STORE for all of it, and the database
 * is closed and opened again. Failing twice in a row the writer is down: ERR_STORE at once, until a write of its own,
 * tried every second and whenever it is asked for, succeeds.
 */
#ifndef TWOSTEP_STORE_WRITER_H
#define TWOSTEP_STORE_WRITER_H

#include "store/readers.h"

#define WRITER_FAILURES   2 /* commits that failed in a row, from which on it is down */
#define WRITER_PROBE_MS 1000
#define WRITER_GUARDED    32 /* batches: so many refusals cost one batch that is run twice */

struct writer;

/*
 * Takes the connection over, also where it fails, and starts the thread. `path` and `readers` must live as long; readers are
 * renewed when the database is opened again.
 * ERR_MEMORY
 */
MUST_USE enum err writer_new(struct db *db, const char *path, struct readers *readers, struct writer **out);

/* Runs what is queued, ends the thread, closes the connection. NULL is fine. */
void writer_free(struct writer *writer);

/* As store_change. */
MUST_USE enum err writer_change(struct writer *writer, store_function *function, void *argument);

/* OK where the writer answers; one that is down or has failed writes something to find out. */
MUST_USE enum err writer_probe(struct writer *writer);

void writer_on_commit(struct writer *writer, void (*committed)(void *to, const struct touched *touched, size_t count), void *to);
void writer_on_wake(struct writer *writer, void (*wake)(void *to, unsigned bits), void *to);

#endif
