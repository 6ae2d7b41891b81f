/*
 * new_file: a file that is there whole or not at all. Written under a name of its own beside the place (PLACE.XXXXXX.part,
 * mode 0600), synced, then given its name in one step, and the folder synced.
 */
#ifndef TWOSTEP_CLI_NEW_FILE_H
#define TWOSTEP_CLI_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define NEW_FILE_PATH_BYTES 4096
#define NEW_FILE_WHY_BYTES   256

/* Nothing begun: NEW_FILE_NONE. */
struct new_file {
	char place[NEW_FILE_PATH_BYTES], part[NEW_FILE_PATH_BYTES + 16];
	int file; /* of part */
	bool replaces;
	char why[NEW_FILE_WHY_BYTES]; /* after ERR_IO: what went wrong, behind the name of the place */
};
#define NEW_FILE_NONE { .file = -1 }

/* ERR_IO. Nothing but a file is replaced, and that only where `replaces`. */
MUST_USE enum err new_file_begin(struct new_file *new_file, const char *place, bool replaces);

/* The rest of `from` is copied into it. ERR_IO; ERR_BUSY: `stop` said so, between pieces. */
MUST_USE enum err new_file_fill(struct new_file *new_file, int from, bool (*stop)(void));

/* Syncs what was written by whomever under the name `part`. ERR_IO */
MUST_USE enum err new_file_sync(struct new_file *new_file);

/* Gives it its name. ERR_IO: the place is as it was. */
MUST_USE enum err new_file_keep(struct new_file *new_file);

/* Removes what has not been kept, and what SQLite left beside it. Kept or not begun: nothing to do. */
void new_file_drop(struct new_file *new_file);

/* Removes what killed processes left of this place. For who knows that nobody writes one now. */
void new_file_sweep(const char *place);

#endif
