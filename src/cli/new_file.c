#include "cli/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/folder_sync.h"

#include "base/banned.h"

#define SUFFIX       ".XXXXXX.part"
#define SUFFIX_TAIL  5 /* ".part" */
#define PIECE_BYTES  65536
#define SYNC_PIECES  256

static enum err say(struct new_file *new_file, const char *what)
{
	snprintf(new_file->why, sizeof(new_file->why), "%s", what);
	return ERR_IO;
}

static enum err say_errno(struct new_file *new_file, const char *what)
{
	const char *because = strerrordesc_np(errno);

	snprintf(new_file->why, sizeof(new_file->why), "%s (%s)", what, because ? because : "an unknown error");
	return ERR_IO;
}

static enum err look(struct new_file *new_file)
{
	struct stat found;

	if (lstat(new_file->place, &found))
		return errno == ENOENT ? OK : say_errno(new_file, "cannot be looked at");
	if (!S_ISREG(found.st_mode))
		return say(new_file, "is there, and no file");
	return new_file->replaces ? OK : say(new_file, "is there already: give another name, or --force to replace it");
}

enum err new_file_begin(struct new_file *new_file, const char *place, bool replaces)
{
	enum err err;
	int length;

	*new_file = (struct new_file){ .file = -1, .replaces = replaces };
	if (strlen(place) >= sizeof(new_file->place))
		return say(new_file, "is too long a name");
	memcpy(new_file->place, place, strlen(place) + 1);
	if ((err = look(new_file)))
		return err;
	length = snprintf(new_file->part, sizeof(new_file->part), "%s" SUFFIX, place);
	if (length < 0 || (new_file->file = mkostemps(new_file->part, SUFFIX_TAIL, O_CLOEXEC)) < 0) {
		new_file->part[0] = '\0';
		return say_errno(new_file, "cannot be made");
	}
	if (!fchmod(new_file->file, S_IRUSR | S_IWUSR))
		return OK;
	err = say_errno(new_file, "cannot be made for its owner alone");
	new_file_drop(new_file);
	return err;
}

static bool write_all(int file, const char *at, size_t length)
{
	while (length) {
		ssize_t written = write(file, at, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		at += written;
		length -= (size_t)written;
	}
	return true;
}

enum err new_file_fill(struct new_file *new_file, int from, bool (*stop)(void))
{
	char piece[PIECE_BYTES];
	ssize_t got = 1;

	for (unsigned pieces = 1; got; pieces++) {
		if (stop())
			return ERR_BUSY;
		if ((got = read(from, piece, sizeof(piece))) < 0)
			return say_errno(new_file, "cannot be written: what it is copied from cannot be read");
		if (!write_all(new_file->file, piece, (size_t)got))
			return say_errno(new_file, "cannot be written");
		if (pieces % SYNC_PIECES == 0)
			(void)fdatasync(new_file->file); /* a fault shows at the last one, which counts */
	}
	return OK;
}

enum err new_file_sync(struct new_file *new_file)
{
	return fsync(new_file->file) ? say_errno(new_file, "cannot be written") : OK;
}

/* Not where something stands by now. A file system that cannot promise it is asked twice. */
static int rename_new(const struct new_file *new_file)
{
	struct stat found;

	if (!renameat2(AT_FDCWD, new_file->part, AT_FDCWD, new_file->place, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL)
		return -1;
	if (!lstat(new_file->place, &found)) {
		errno = EEXIST;
		return -1;
	}
	return rename(new_file->part, new_file->place);
}

enum err new_file_keep(struct new_file *new_file)
{
	if (new_file->replaces ? rename(new_file->part, new_file->place) : rename_new(new_file))
		return say_errno(new_file, "cannot be given its name");
	new_file->part[0] = '\0';
	if (folder_sync(new_file->place))
		return say_errno(new_file, "is whole, but may not outlive a loss of power: its folder cannot be synced");
	return OK;
}

/* A place whose name has a pattern's characters in it is left alone. */
void new_file_sweep(const char *place)
{
	char pattern[NEW_FILE_PATH_BYTES + 16];
	glob_t found;

	if (strpbrk(place, "*?[\\") || snprintf(pattern, sizeof(pattern), "%s.??????.part*", place) >= (int)sizeof(pattern))
		return;
	if (!glob(pattern, GLOB_NOSORT, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			(void)unlink(found.gl_pathv[i]);
		globfree(&found);
	}
}

void new_file_drop(struct new_file *new_file)
{
	static const char *const beside[] = { "", "-journal", "-wal", "-shm" };
	char path[sizeof(new_file->part) + 16];

	for (size_t i = 0; i < COUNT(beside) && new_file->part[0]; i++) {
		snprintf(path, sizeof(path), "%s%s", new_file->part, beside[i]);
		(void)unlink(path);
	}
	new_file->part[0] = '\0';
	if (new_file->file >= 0)
		close(new_file->file);
	new_file->file = -1;
}
