/*
 * folder_sync: a name that was given to a file or a folder outlives a loss of power once the folder that it stands in is synced.
 */
#ifndef TWOSTEP_BASE_FOLDER_SYNC_H
#define TWOSTEP_BASE_FOLDER_SYNC_H

#include "base/err.h"

/*
 * Makes a folder for its owner alone whose name lasts; below one that may be entered and not read, as long as the system writes it by
 * itself. ERR_IO with errno: there is none, or EEXIST
 */
MUST_USE enum err folder_make(const char *path);

/* Syncs the folder that a path is in: its names last from then on. ERR_IO with errno */
MUST_USE enum err folder_sync(const char *path);

/* The same of a folder that is open. */
MUST_USE enum err folder_sync_open(int folder);

#endif
