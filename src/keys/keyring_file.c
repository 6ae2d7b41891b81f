#include "keys/keyring_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/folder_sync.h"

#include "base/banned.h"

#define READABLE_BY_OTHERS 077

static void close_file(int *file)
{
	if (*file >= 0)
		close(*file);
}

static void free_text(char **text)
{
	free(*text);
}

/* The permissions are those of the file that was opened, not of what the path names a moment later. */
static const char *distrust(int file)
{
	struct stat about;

	if (fstat(file, &about))
		return "its permissions cannot be read";
	if (!S_ISREG(about.st_mode))
		return "it is not a file";
	if (about.st_uid != geteuid() && about.st_uid != 0)
		return "it belongs to another user";
	if (about.st_mode & READABLE_BY_OTHERS)
		return "others may read it (chmod 600)";
	return NULL;
}

static bool read_whole(int file, char *text, size_t room, size_t *length)
{
	ssize_t got;

	for (*length = 0; *length < room; *length += (size_t)got) {
		do
			got = read(file, text + *length, room - *length);
		while (got < 0 && errno == EINTR);
		if (got <= 0)
			return got == 0;
	}
	return true;
}

static enum err open_failed(const char **why)
{
	switch (errno) {
	case ENOENT:
		*why = "there is none";
		return ERR_NOT_FOUND;
	case ELOOP:
		*why = "it is a symbolic link";
		return ERR_CRYPTO;
	default:
		*why = "it cannot be opened";
		return ERR_IO;
	}
}

enum err keyring_file_read(const char *path, struct keyring_keys *out, const char **why)
{
	/* O_NONBLOCK: a pipe must not hold up the start */
	SCOPED(close_file) int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[KEYRING_TEXT_BYTES + 1]; /* one more: a longer file is not taken for its beginning */
	size_t length = 0;
	enum err err = ERR_IO;

	if (file < 0)
		return open_failed(why);
	if ((*why = distrust(file)))
		return ERR_CRYPTO;
	*why = "it cannot be read";
	if (read_whole(file, text, sizeof(text), &length))
		err = keyring_text_read(text, length, out, why);
	wipe(text, sizeof(text));
	return err;
}

static bool write_whole(int file, const char *text, size_t length)
{
	while (length) {
		ssize_t written = write(file, text, length);
		if (written < 0 && errno != EINTR)
			return false;
		text += written > 0 ? written : 0;
		length -= written > 0 ? (size_t)written : 0;
	}
	return true;
}

/* What is in the file is on the disk before it gets its name. A file of that name from a start that was killed is no use. */
static bool write_beside(const char *path, const struct keyring_keys *keys)
{
	char text[KEYRING_TEXT_BYTES];
	int file;
	bool done;

	unlink(path);
	if ((file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
		return false;
	done = write_whole(file, text, keyring_text_write(keys, text)) && !fchmod(file, 0600) && !fsync(file);
	wipe(text, sizeof(text));
	return !close(file) && done;
}

/* Some file systems cannot refuse to replace; the lock of the data folder is what keeps two starts apart there. */
static bool give_name(const char *beside, const char *path)
{
	if (!renameat2(AT_FDCWD, beside, AT_FDCWD, path, RENAME_NOREPLACE))
		return true;
	return (errno == EINVAL || errno == ENOSYS) && access(path, F_OK) && errno == ENOENT && !rename(beside, path);
}

enum err keyring_file_write(const char *path, const struct keyring_keys *keys, const char **why)
{
	SCOPED(free_text) char *beside = NULL;

	if (asprintf(&beside, "%s.new", path) < 0) {
		beside = NULL;
		*why = "there is no memory to make one";
		return ERR_MEMORY;
	}
	if (!write_beside(beside, keys) || !give_name(beside, path)) {
		unlink(beside);
		*why = "it cannot be made: the folder is missing, full or not writable";
		return ERR_IO;
	}
	if (folder_sync(path)) {
		*why = "its folder cannot be written to disk";
		return ERR_IO;
	}
	return OK;
}
