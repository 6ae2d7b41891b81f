/*
 * folder: the data folder, and the locks that let one process alone use it and the database, which may be elsewhere.
 */
#ifndef TWOSTEP_CLI_FOLDER_H
#define TWOSTEP_CLI_FOLDER_H

#include <limits.h>

#include "base/err.h"

#define FOLDER_WHY_BYTES 256

/*
 * Makes the folder with mode 0700 (its parents must exist) or looks at the one there. ERR_IO: why says what is wrong with it,
 * as it stands behind what a setting got ("which others can enter, …").
 */
MUST_USE enum err folder_open(const char *path, char why[static FOLDER_WHY_BYTES]);

/*
 * Takes DIR/lock for this process until it ends, and writes its process id there.
 * ERR_BUSY  another process holds it: why names it
 * ERR_IO    why says what is wrong
 * *lock is the open file; folder_unlock closes it and accepts -1.
 */
MUST_USE enum err folder_lock(const char *path, int *lock, char why[static FOLDER_WHY_BYTES]);

/*
 * The one path of the file that a name leads to, through links, and of one that is not there yet: the same for all who mean it.
 * ERR_IO with errno: its folder cannot be reached.
 */
MUST_USE enum err folder_whole_path(const char *path, char out[static PATH_MAX]);

/*
 * The same of a database, whatever it is called: DATABASE.lock beside the file that the name leads to. Not the file itself, whose
 * locks are SQLite's.
 */
MUST_USE enum err folder_lock_database(const char *database, int *lock, char why[static FOLDER_WHY_BYTES]);

void folder_unlock(int *lock);

#endif
