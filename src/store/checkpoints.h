/*
 * checkpoints: a thread that puts the write-ahead log back into the database while changes go on; in the writer each change would wait
 * for it. While changes never cease the log is never empty of new pages, and so it cannot begin anew: where it has grown to
 * CHECKPOINT_BOUND, the writer puts back the little that came while the thread was at it, after it has answered.
 */
#ifndef TWOSTEP_STORE_CHECKPOINTS_H
#define TWOSTEP_STORE_CHECKPOINTS_H

#include "store/sqlite.h"

#define CHECKPOINT_PAGES  4000 /* of 4,096 bytes: the thread is called each time the log has grown by so many */
#define CHECKPOINT_BOUND 16000 /* 64 MB; it may get CHECKPOINT_PAGES longer until the thread is called */

struct checkpoints;

/* Starts the thread. `path` must live as long. ERR_MEMORY */
MUST_USE enum err checkpoints_new(const char *path, struct checkpoints **out);

/* Ends the thread, which finishes what it is at. NULL is fine. */
void checkpoints_free(struct checkpoints *checkpoints);

/* After a commit of the writer, in its thread. */
void checkpoints_tend(struct checkpoints *checkpoints, struct db *writer);

#endif
