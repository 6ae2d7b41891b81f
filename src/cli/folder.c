#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/folder_sync.h"
#include "cli/folder.h"

#include "base/banned.h"

#define PID_TEXT   24 /* a number and a line end */
#define NAME_BYTES (PATH_MAX + 16)

__attribute__((format(printf, 2, 3))) static enum err say(char *why, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(why, FOLDER_WHY_BYTES, format, values);
	va_end(values);
	return ERR_IO;
}

static enum err say_errno(char *why, const char *who, const char *what)
{
	char reason[128];
	const char *text = strerror_r(errno, reason, sizeof(reason)); /* the GNU one: may not use the buffer */

	return say(why, "%s %s: %s", who, what, text);
}

/* What lies beyond a folder that this user may not enter may well be there. */
static enum err say_not_made(const char *path, char *why)
{
	const int because = errno;
	struct stat found;
	bool out_of_reach = stat(path, &found) && errno == EACCES;

	errno = because;
	return say_errno(why, "which", out_of_reach ? "cannot be reached" : "cannot be made");
}

enum err folder_open(const char *path, char why[static FOLDER_WHY_BYTES])
{
	struct stat found;

	if (folder_make(path) && errno != EEXIST)
		return say_not_made(path, why);
	if (stat(path, &found))
		return say_errno(why, "which", "cannot be looked at");
	if (!S_ISDIR(found.st_mode))
		return say(why, "which is no folder");
	if (found.st_uid != geteuid())
		return say(why, "which belongs to user %u, while this is user %u", (unsigned)found.st_uid, (unsigned)geteuid());
	if (found.st_mode & 077)
		return say(why, "which others can enter or read (mode %04o; chmod 700 mends it)", (unsigned)found.st_mode & 07777);
	return OK;
}

/* The process that wrote itself into the lock, 0 where it has not yet. */
static long lock_holder(int file)
{
	char text[PID_TEXT] = { 0 };

	if (pread(file, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	return strtol(text, NULL, 10);
}

static enum err note_taken(int file, char *why)
{
	say(why, "which process %ld is using", lock_holder(file));
	return ERR_BUSY;
}

static enum err note_holder(int file, const char *called, char *why)
{
	char text[PID_TEXT];
	int length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(file, 0) || pwrite(file, text, (size_t)length, 0) != length)
		return say_errno(why, called, "cannot be written");
	return OK;
}

/* One that root makes beside the database of another user is for that user, who has to open it too. */
static int open_lock(const char *name, const char *database)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
	int file = open(name, flags | O_CREAT | O_EXCL, 0600);
	struct stat owned;

	if (file < 0)
		return errno == EEXIST ? open(name, flags) : -1;
	if (database && !geteuid() && !stat(database, &owned))
		(void)!fchown(file, owned.st_uid, owned.st_gid);
	return file;
}

/* `called`: the file, as it stands in a sentence. */
static enum err take(const char *name, const char *called, const char *database, int *lock, char *why)
{
	int file = open_lock(name, database);
	enum err err;

	if (file < 0)
		return say_errno(why, called, "cannot be opened");
	if (flock(file, LOCK_EX | LOCK_NB)) {
		err = errno == EWOULDBLOCK ? note_taken(file, why) : say_errno(why, called, "cannot be locked");
		close(file);
		return err;
	}
	if ((err = note_holder(file, called, why))) {
		close(file);
		return err;
	}
	*lock = file;
	return OK;
}

enum err folder_lock(const char *path, int *lock, char why[static FOLDER_WHY_BYTES])
{
	char name[NAME_BYTES];

	snprintf(name, sizeof(name), "%s/lock", path);
	return take(name, "whose file `lock`", NULL, lock, why);
}

enum err folder_whole_path(const char *path, char out[static PATH_MAX])
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	char folder[PATH_MAX];
	size_t length;

	if (realpath(path, out))
		return OK;
	if (errno != ENOENT || snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(base - path) : 1, slash ? path : ".") >= PATH_MAX ||
	    !realpath(folder, out))
		return ERR_IO;
	length = strlen(out);
	if (snprintf(out + length, PATH_MAX - length, "/%s", base) < (int)(PATH_MAX - length))
		return OK;
	errno = ENAMETOOLONG;
	return ERR_IO;
}

enum err folder_lock_database(const char *database, int *lock, char why[static FOLDER_WHY_BYTES])
{
	char name[NAME_BYTES], whole[PATH_MAX];

	if (folder_whole_path(database, whole))
		return say_errno(why, "which", "cannot be reached");
	snprintf(name, sizeof(name), "%s.lock", whole);
	return take(name, "whose file `.lock` beside it", database, lock, why);
}

/* The file stays: one removed here could be locked by two at once. */
void folder_unlock(int *lock)
{
	if (*lock >= 0)
		close(*lock);
	*lock = -1;
}
