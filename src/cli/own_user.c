#include "cli/own_user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "base/folder_sync.h"

#include "base/banned.h"

#define ENTRY_BYTES 16384 /* of the user database; glibc suggests 1024 */

enum err own_user_find(const char *name, struct own_user *out, const char **why)
{
	char text[ENTRY_BYTES];
	struct passwd entry, *found = NULL;

	*why = "which could not be looked up";
	if (getpwnam_r(name, &entry, text, sizeof(text), &found))
		return ERR_IO;
	*why = "which is no user of this machine";
	if (!found)
		return ERR_INVALID;
	*why = "which is root";
	if (!entry.pw_uid)
		return ERR_INVALID;
	*why = "while only root can change to another user";
	if (geteuid() && geteuid() != entry.pw_uid)
		return ERR_INVALID;
	*out = (struct own_user){ name, entry.pw_uid, entry.pw_gid, !geteuid() };
	return OK;
}

/* By the folder itself, not by what its name means a moment later. */
static bool hand_over(const struct own_user *user, const char *path)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool done = folder >= 0 && !fchown(folder, user->user, user->group);

	if (folder >= 0)
		close(folder);
	return done;
}

/* Real, effective and saved, of user and group. */
static bool is_whole(const struct own_user *user)
{
	uid_t users[3];
	gid_t groups[3];

	if (getresuid(&users[0], &users[1], &users[2]) || getresgid(&groups[0], &groups[1], &groups[2]))
		return false;
	for (size_t i = 0; i < COUNT(users); i++)
		if (users[i] != user->user || groups[i] != user->group)
			return false;
	return true;
}

enum err own_user_become(const struct own_user *user)
{
	if (initgroups(user->name, user->group) || setresgid(user->group, user->group, user->group) ||
	    setresuid(user->user, user->user, user->user))
		return ERR_IO;
	/* The change of user may have made the process dumpable again (proc(5), suid_dumpable). */
	if (prctl(PR_SET_DUMPABLE, 0) || !is_whole(user))
		return ERR_IO;
	/* What must not work any more is tried, not believed. */
	return setuid(0) && setgid(0) ? OK : ERR_IO;
}

/* Told by a process that becomes that user for good, as this one will. */
static bool can_enter(const struct own_user *user, const char *path)
{
	pid_t child = fork();
	int status = -1;

	if (!child)
		_exit(own_user_become(user) || access(path, X_OK));
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return !status;
}

enum err own_user_make_folder(const struct own_user *user, const char *path)
{
	bool handed;

	if (folder_make(path))
		return OK; /* it is there, or cannot be made: who opens it says so */
	if ((handed = hand_over(user, path)) && can_enter(user, path))
		return OK;
	(void)rmdir(path);
	return handed ? OK : ERR_IO;
}
