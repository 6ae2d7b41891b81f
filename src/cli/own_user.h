/*
 * own_user: the user that a server started by root changes to, for good (--user).
 */
#ifndef TWOSTEP_CLI_OWN_USER_H
#define TWOSTEP_CLI_OWN_USER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct own_user {
	const char *name;
	uid_t user;
	gid_t group;
	bool change; /* whether there is something to do: this process is not that user already */
};

/*
 * Looks the user up. ERR_INVALID: there is none, it is root, or this process is neither root nor that user.
 * ERR_IO: who that is could not be told. *why is static.
 */
MUST_USE enum err own_user_find(const char *name, struct own_user *out, const char **why);

/*
 * Makes a folder that is not there, for that user alone, where root alone could; not one that the user could not reach, as who opens
 * it then says. ERR_IO: the system did not let it be handed over.
 */
MUST_USE enum err own_user_make_folder(const struct own_user *user, const char *path);

/*
 * Its groups, its group, itself; no right of root is left. Before any thread and any secret.
 * ERR_IO: it could not be done whole, and the process must end.
 */
MUST_USE enum err own_user_become(const struct own_user *user);

#endif
