#include "cli/aside.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/folder_sync.h"
#include "store/copy.h"

#include "base/banned.h"

#define NAMES_MAX 100 /* of one second */

static enum err say_errno(const char **why)
{
	*why = strerrordesc_np(errno);
	return ERR_IO;
}

static const struct { const char *name; bool index; } logs[] = { { "-wal", false }, { "-journal", false }, { "-shm", true } };

static bool is_there(const char *name, const char *log)
{
	char path[ASIDE_PATH_BYTES + 16];
	struct stat found;

	snprintf(path, sizeof(path), "%s%s", name, log);
	return !lstat(path, &found) || errno != ENOENT;
}

static bool is_free(const char *name)
{
	for (size_t i = 0; i < COUNT(logs); i++)
		if (is_there(name, logs[i].name))
			return false;
	return !is_there(name, "");
}

/* A name that nothing has yet, nor a log beside it: nobody else is at work here. */
static enum err choose_name(const char *path, const char *time, char out[static ASIDE_PATH_BYTES], const char **why)
{
	for (int n = 1; n < NAMES_MAX; n++) {
		int length = n == 1 ? snprintf(out, ASIDE_PATH_BYTES, "%s.before-%s", path, time)
		                    : snprintf(out, ASIDE_PATH_BYTES, "%s.before-%s-%d", path, time, n);

		if (length >= ASIDE_PATH_BYTES) {
			errno = ENAMETOOLONG;
			return say_errno(why);
		}
		if (is_free(out))
			return OK;
	}
	errno = EEXIST;
	return say_errno(why);
}

/* A log that could not be written into its database must not stand beside the next one. */
static enum err move_logs(const char *path, struct aside *aside, const char **why)
{
	char from[ASIDE_PATH_BYTES + 16], to[ASIDE_PATH_BYTES + 16];

	for (size_t i = 0; i < COUNT(logs); i++) {
		snprintf(from, sizeof(from), "%s%s", path, logs[i].name);
		snprintf(to, sizeof(to), "%s%s", aside->database, logs[i].name);
		if (!rename(from, to)) {
			if (!logs[i].index)
				memcpy(aside->log, to, sizeof(to));
		} else if (errno != ENOENT) {
			return say_errno(why);
		}
	}
	return OK;
}

enum err aside_put(const char *path, const char *time, struct aside *out, const char **why)
{
	struct stat found;
	bool there = !stat(path, &found), settled = false;
	enum err err;

	if (!there && errno != ENOENT)
		return say_errno(why);
	/* An empty file SQLite would take for a new one, and remove its log. */
	if (there && found.st_size) {
		err = copy_settle(path, why);
		if (err && err != ERR_STORE)
			return err;
		settled = !err;
	}
	out->log[0] = '\0';
	if ((err = choose_name(path, time, out->database, why)))
		return err;
	if (there && link(path, out->database))
		return say_errno(why);
	if ((err = move_logs(path, out, why)))
		return err;
	if (settled)
		out->log[0] = '\0'; /* one that could not be removed, and is in the database */
	if (!there)
		out->database[0] = '\0';
	return folder_sync(path) ? say_errno(why) : OK;
}
