#include "base/folder_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define PATH_BYTES 4200

enum err folder_sync_open(int folder)
{
	return !fsync(folder) || errno == EINVAL ? OK : ERR_IO; /* some file systems have nothing to sync there */
}

enum err folder_sync(const char *path)
{
	char copy[PATH_BYTES];
	int folder, failed_with;
	enum err err;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy)) {
		errno = ENAMETOOLONG;
		return ERR_IO;
	}
	if ((folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return ERR_IO;
	err = folder_sync_open(folder);
	failed_with = errno;
	close(folder);
	errno = failed_with;
	return err;
}

enum err folder_make(const char *path)
{
	int failed_with;

	if (mkdir(path, 0700))
		return ERR_IO;
	if (!folder_sync(path) || errno == EACCES) /* who may not read where it stands cannot sync it */
		return OK;
	failed_with = errno;
	(void)rmdir(path); /* whoever makes it next syncs it */
	errno = failed_with;
	return ERR_IO;
}
