/*
 * copy: a database copied while it is written to, and a copy looked at and changed as a whole file, apart from the store that
 * serves. ERR_STORE: *why is a phrase for the operator, static, as it stands behind a file's name.
 */
#ifndef TWOSTEP_STORE_COPY_H
#define TWOSTEP_STORE_COPY_H

#include <stdbool.h>

#include "store/store.h"

#define COPY_STEP_PAGES 256 /* copied between two looks at `stop`: a MiB */
#define COPY_SYNC_STEPS  16 /* written through after so many: no flood that the server's own syncs would wait behind */

/* The empty file to copy into, and whether to go on: asked between steps. */
struct copy_to {
	const char *path;
	int file; /* open, for syncing */
	bool (*stop)(void);
};

/*
 * Copies the database as it is at one moment. Whoever writes to it goes on: a reader of a write-ahead log keeps nobody waiting;
 * the log grows meanwhile by what is written. ERR_BUSY: `stop` said so.
 */
MUST_USE enum err copy_make(const char *from, const struct copy_to *to, const char **why);

/*
 * Whether the file is sound and ours: its pages and indexes, its references, a schema that this program knows and no triggers.
 * Then runs the function on it, which reads. ERR_STORE; or what the function answered.
 */
MUST_USE enum err copy_check(const char *path, store_function *function, void *argument, const char **why);

/* Brings the file to the newest schema. ERR_STORE */
MUST_USE enum err copy_migrate(const char *path, const char **why);

/* Runs the function on the file in one transaction. ERR_STORE; or what the function answered. */
MUST_USE enum err copy_change(const char *path, store_function *function, void *argument, const char **why);

/*
 * One file without a log beside it, as nobody else may have it open. ERR_BUSY: somebody has. ERR_STORE: it is no sound database.
 * ERR_IO: no room, or what else keeps the log from being written into it; both are as good as before.
 */
MUST_USE enum err copy_settle(const char *path, const char **why);

#endif
