/*
 * aside: a database kept under another name (PATH.before-TIME), so that a new one can take its place and nothing is lost.
 */
#ifndef TWOSTEP_CLI_ASIDE_H
#define TWOSTEP_CLI_ASIDE_H

#include "base/err.h"

#define ASIDE_PATH_BYTES 4200

/* The names of what is kept; "" of what was not there. */
struct aside {
	char database[ASIDE_PATH_BYTES];
	char log[ASIDE_PATH_BYTES + 16]; /* of a database that is too damaged to take it, or that is gone */
};

/*
 * Gives the database a second name, with what its log holds, and synced; it stays in its place too, for one rename to replace.
 * Where it is too damaged for that, its log is kept as a file beside the second name, and is in its place no more.
 * time            a word for the name
 * ERR_BUSY        somebody has it open
 * ERR_IO          *why (static) says why it could not be; it is as it was
 */
MUST_USE enum err aside_put(const char *path, const char *time, struct aside *out, const char **why);

#endif
