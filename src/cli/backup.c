/*
 * twostep backup FILE: in a process of its own, beside a server or without one. It reads the database as any reader does and
 * takes no lock of the data folder, so that a server can start, end and change things meanwhile; what it writes belongs to who
 * runs it.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "cli/command.h"
#include "cli/control.h"
#include "cli/copying.h"
#include "cli/help.h"
#include "cli/new_file.h"
#include "store/copy.h"

#include "base/banned.h"

struct backup {
	struct copying copying;
	struct new_file copy, keyring;
	struct label label; /* the mark: of the keyring in place */
};

static const struct operator_command words = {
	"backup", "", "FILE [--force] [--with-keyring KEYFILE]", "", 1, OPERATOR_FORCE | OPERATOR_KEYRING, NULL,
};

static bool same_node(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool look_at_folder(const char *path, struct stat *out)
{
	char copy[NEW_FILE_PATH_BYTES];

	return snprintf(copy, sizeof(copy), "%s", path) < (int)sizeof(copy) && !stat(dirname(copy), out);
}

static int look(const char *path)
{
	struct stat found;

	if (!stat(path, &found) || errno == ENOENT)
		return EXIT_SUCCESS;
	return copying_refuse(EXIT_FAILURE, path, "cannot be looked at", strerrordesc_np(errno));
}

/* Also of files that are not there yet: a name in a folder. Both could be looked at. */
static bool same_file(const char *one, const char *other)
{
	struct stat a, b;

	if (!stat(one, &a) && !stat(other, &b))
		return same_node(&a, &b);
	return !strcmp(base_of(one), base_of(other)) && look_at_folder(one, &a) && look_at_folder(other, &b) && same_node(&a, &b);
}

/* What would be lost by replacing it, or in the way of the next server. */
static int check_apart(const struct settings *settings, const char *place)
{
	const struct { const char *path, *rest; } worked_with[] = {
		{ settings->database, "" },         { settings->database, "-wal" },   { settings->database, "-shm" },
		{ settings->database, "-journal" }, { settings->database, ".lock" },  { settings->data, "/lock" },
		{ settings->keyring, "" },          { settings->data, "/" CONTROL_FILE },
	};
	char path[NEW_FILE_PATH_BYTES];

	for (size_t i = 0; i < COUNT(worked_with); i++) {
		int status;

		if (snprintf(path, sizeof(path), "%s%s", worked_with[i].path, worked_with[i].rest) >= (int)sizeof(path))
			continue; /* no file has such a name */
		if ((status = look(path)))
			return status;
		if (same_file(place, path))
			return copying_refuse(EXIT_WRONG, place, "is what the server works with", NULL);
	}
	return EXIT_SUCCESS;
}

static int check_place(const struct backup *backup, const char *place)
{
	int status;

	if (!strcmp(place, "-"))
		return copying_refuse(EXIT_WRONG, place, "is no file; a copy is checked before it counts, so it has to be one", NULL);
	return (status = look(place)) ? status : check_apart(&backup->copying.settings, place);
}

static int check_places(const struct backup *backup)
{
	const struct operation *operation = &backup->copying.operation;
	int status = check_place(backup, operation->word[0]);

	if (status || !operation->with_keyring || (status = check_place(backup, operation->with_keyring)))
		return status;
	if (same_file(operation->with_keyring, operation->word[0]))
		return copying_refuse(EXIT_WRONG, "--with-keyring", "needs a file of its own, to be kept apart", NULL);
	return EXIT_SUCCESS;
}

static int check_database(struct copying *copying)
{
	return data_find(&copying->settings, &copying->given, &copying->wrong) ? command_refuse(copying->wrong.line) : EXIT_SUCCESS;
}

static int refuse_file(const struct new_file *new_file, enum err err)
{
	return err == ERR_BUSY ? copying_refuse(EXIT_FAILURE, new_file->place, "not written: interrupted", NULL)
	                       : copying_refuse(EXIT_FAILURE, new_file->place, new_file->why, NULL);
}

static int copy_keyring(struct backup *backup)
{
	const struct copying *copying = &backup->copying;
	int from;
	enum err err;

	if (!copying->operation.with_keyring)
		return EXIT_SUCCESS;
	if ((err = new_file_begin(&backup->keyring, copying->operation.with_keyring, copying->operation.force)))
		return refuse_file(&backup->keyring, err);
	if ((from = open(copying->settings.keyring, O_RDONLY | O_CLOEXEC)) < 0)
		return copying_refuse(EXIT_FAILURE, copying->settings.keyring, "cannot be read", strerrordesc_np(errno));
	if (!(err = new_file_fill(&backup->keyring, from, copying_stopped)))
		err = new_file_sync(&backup->keyring);
	close(from);
	return err ? refuse_file(&backup->keyring, err) : EXIT_SUCCESS;
}

static int refuse_backup(const struct backup *backup)
{
	return copying_refuse(EXIT_FAILURE, backup->copying.settings.database, "is a backup itself; twostep restore FILE puts it in place", NULL);
}

static int copy_database(struct backup *backup)
{
	const struct copying *copying = &backup->copying;
	const struct copy_to to = { backup->copy.part, backup->copy.file, copying_stopped };
	const char *place = backup->copy.place, *why = "";
	enum err err;

	if (label_in_head(copying->settings.database))
		return refuse_backup(backup);
	time_text(clock_now_s(), backup->label.of);
	if ((err = copy_make(copying->settings.database, &to, &why)) == ERR_BUSY)
		return copying_refuse(EXIT_FAILURE, place, "not written: interrupted", NULL);
	if (!err && (err = copy_change(backup->copy.part, label_write, &backup->label, &why)) == ERR_WRONG_STATE)
		return refuse_backup(backup);
	if (err)
		return copying_refuse(EXIT_FAILURE, place, "not written: the database cannot be copied", why);
	return EXIT_SUCCESS;
}

/* Not called good before it was read. */
static int check_copy(struct backup *backup)
{
	const char *place = backup->copy.place, *why = "its own words cannot be read";
	struct label found;

	if (copy_check(backup->copy.part, label_read, &found, &why))
		return copying_refuse(EXIT_FAILURE, place, "not written: the copy is not good", why);
	if (memcmp(found.mark, backup->label.mark, MARK_BYTES))
		return copying_refuse(EXIT_FAILURE, backup->copying.settings.keyring, "is not the keyring of this database; nothing written", NULL);
	return EXIT_SUCCESS;
}

static int keep(struct backup *backup)
{
	enum err err;

	if ((err = new_file_sync(&backup->copy)))
		return refuse_file(&backup->copy, err);
	if (backup->keyring.part[0] && (err = new_file_keep(&backup->keyring)))
		return refuse_file(&backup->keyring, err);
	return (err = new_file_keep(&backup->copy)) ? refuse_file(&backup->copy, err) : EXIT_SUCCESS;
}

static int report(const struct backup *backup)
{
	char safe[NEW_FILE_PATH_BYTES], keys[NEW_FILE_PATH_BYTES];
	struct stat found;

	setting_shown(backup->copy.place, safe, sizeof(safe));
	printf("%s: %lld bytes, of %s, checked\n", safe, fstat(backup->copy.file, &found) ? 0LL : (long long)found.st_size, backup->label.of);
	if (backup->copying.operation.with_keyring)
		printf("%s: the keyring; keep the two apart: together they open everything\n", setting_shown(backup->keyring.place, keys, sizeof(keys)));
	else
		printf("the keyring is not in it, and nothing opens without: keep a copy of %s apart\n",
		       setting_shown(backup->copying.settings.keyring, keys, sizeof(keys)));
	return help_flushed();
}

static int run(struct backup *backup)
{
	const struct operation *operation = &backup->copying.operation;
	enum err err;
	int status;

	if ((status = check_database(&backup->copying)) || (status = copying_mark(&backup->copying, backup->label.mark)) ||
	    (status = check_places(backup)) || (status = copy_keyring(backup)))
		return status;
	if ((err = new_file_begin(&backup->copy, operation->word[0], operation->force)))
		return refuse_file(&backup->copy, err);
	if ((status = copy_database(backup)) || (status = check_copy(backup)) || (status = keep(backup)))
		return status;
	return report(backup);
}

int command_backup(char *const *arguments)
{
	struct backup backup = { .copy = NEW_FILE_NONE, .keyring = NEW_FILE_NONE };
	int status = copying_begin(&backup.copying, &words, arguments);

	if (!status)
		status = run(&backup);
	new_file_drop(&backup.copy);
	new_file_drop(&backup.keyring);
	copying_done(&backup.copying);
	return status;
}
