/*
 * folders_synced: which folders were synced, and a file system that cannot. For one source of a test that is linked with
 * -Wl,--wrap=fsync.
 */
#ifndef TWOSTEP_TESTS_FOLDERS_SYNCED_H
#define TWOSTEP_TESTS_FOLDERS_SYNCED_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define FOLDERS_SYNCED_MAX 32

static struct stat folders_synced[FOLDERS_SYNCED_MAX];
static size_t folders_synced_count;
static int folders_fail_with; /* an errno for each; 0: they are synced */

int __real_fsync(int file);
int __wrap_fsync(int file);

int __wrap_fsync(int file)
{
	struct stat about;

	if (fstat(file, &about) || !S_ISDIR(about.st_mode))
		return __real_fsync(file);
	if (folders_fail_with) {
		errno = folders_fail_with;
		return -1;
	}
	folders_synced[folders_synced_count++ % FOLDERS_SYNCED_MAX] = about;
	return __real_fsync(file);
}

/* Since it was last asked. */
static bool folder_was_synced(const char *path)
{
	struct stat about;
	bool found = false;

	for (size_t i = 0; i < folders_synced_count && i < FOLDERS_SYNCED_MAX && !stat(path, &about); i++)
		found |= folders_synced[i].st_dev == about.st_dev && folders_synced[i].st_ino == about.st_ino;
	folders_synced_count = 0;
	return found;
}

#endif
