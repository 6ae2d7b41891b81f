/*
 * twostep restore FILE: the copy is checked, brought to the newest schema and rid of all that is signed in before it takes the
 * database's place by one rename. Killed at any moment, the one or the other is there, whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "cli/aside.h"
#include "cli/command.h"
#include "cli/copying.h"
#include "cli/help.h"
#include "cli/new_file.h"
#include "cli/own_call.h"
#include "cli/restore_sql.h"
#include "store/copy.h"

#include "base/banned.h"

#define NO_BACKUP "is no backup of twostep"

struct restore {
	struct copying copying;
	int from; /* the backup; -1: not open */
	struct data data; /* its lock */
	struct new_file copy; /* of the database to be */
	struct label label;
	struct restoring done;
	uint8_t mark[MARK_BYTES]; /* of the keyring in place */
	struct aside aside;
};

static const struct operator_command words = { "restore", "", "FILE", "", 1, 0, NULL };

static const char *from_of(const struct restore *restore)
{
	return restore->copying.operation.word[0];
}

static int refuse_copy(const struct restore *restore, enum err err)
{
	return err == ERR_BUSY ? copying_refuse(EXIT_FAILURE, from_of(restore), "not restored: interrupted", NULL)
	                       : copying_refuse(EXIT_FAILURE, restore->copying.settings.database, restore->copy.why, NULL);
}

/* Not one byte is written for a file that is something else altogether. */
static int check_kind(const struct restore *restore)
{
	static const char head[] = "SQLite format 3";
	char found[sizeof(head)] = "";
	struct stat kind;

	if (fstat(restore->from, &kind) || !S_ISREG(kind.st_mode) || pread(restore->from, found, sizeof(found), 0) != sizeof(found) ||
	    memcmp(found, head, sizeof(head)))
		return copying_refuse(EXIT_WRONG, from_of(restore), NO_BACKUP, NULL);
	return EXIT_SUCCESS;
}

static int open_backup(struct restore *restore)
{
	restore->from = open(from_of(restore), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (restore->from < 0)
		return copying_refuse(EXIT_WRONG, from_of(restore), "cannot be read", strerrordesc_np(errno));
	return check_kind(restore);
}

static void close_backup(struct restore *restore)
{
	if (restore->from >= 0)
		close(restore->from);
	restore->from = -1;
}

/* Beside the database, so that a rename can take it there. */
static int fetch(struct restore *restore)
{
	enum err err;

	if ((err = new_file_begin(&restore->copy, restore->copying.settings.database, true)) ||
	    (err = new_file_fill(&restore->copy, restore->from, copying_stopped)))
		return refuse_copy(restore, err);
	close_backup(restore);
	return EXIT_SUCCESS;
}

static int check(struct restore *restore)
{
	const char *why = "";
	enum err err = copy_check(restore->copy.part, label_read, &restore->label, &why);

	if (err == ERR_NOT_FOUND)
		return copying_refuse(EXIT_WRONG, from_of(restore), NO_BACKUP, "it is not of `twostep backup`");
	if (err)
		return copying_refuse(EXIT_WRONG, from_of(restore), "cannot be restored", why);
	if (memcmp(restore->label.mark, restore->mark, MARK_BYTES))
		return copying_refuse(EXIT_WRONG, from_of(restore), "belongs to another keyring than the one of --keyring",
		                      restore->copying.settings.keyring);
	return EXIT_SUCCESS;
}

static int prepare(struct restore *restore)
{
	const struct call call = own_call(&restore->copying.settings, NULL, NULL, &restore->copying.arena);
	const char *why = "";

	restore->done = (struct restoring){ .call = &call, .label = &restore->label };
	if (copy_migrate(restore->copy.part, &why) || copy_change(restore->copy.part, restore_settle, &restore->done, &why))
		return copying_refuse(EXIT_FAILURE, from_of(restore), "not restored", why);
	restore->done.call = NULL; /* no longer there */
	if (copying_stopped())
		return refuse_copy(restore, ERR_BUSY);
	return new_file_sync(&restore->copy) ? refuse_copy(restore, ERR_IO) : EXIT_SUCCESS;
}

static int put_in_place(struct restore *restore)
{
	const char *database = restore->copying.settings.database, *why = "";
	char now[TIME_TEXT];
	enum err err = aside_put(database, time_text(clock_now_s(), now), &restore->aside, &why);

	if (err == ERR_BUSY)
		return copying_refuse(EXIT_WRONG, database, "is open in another process; a backup, perhaps. Nothing restored", NULL);
	if (err)
		return copying_refuse(EXIT_FAILURE, database, "cannot be kept aside, so nothing is restored", why);
	return new_file_keep(&restore->copy) ? refuse_copy(restore, ERR_IO) : EXIT_SUCCESS;
}

static int report(const struct restore *restore)
{
	const struct aside *aside = &restore->aside;
	char safe[sizeof(aside->log)];

	printf("%s: restored, as it was at %s\n", setting_shown(restore->copying.settings.database, safe, sizeof(safe)), restore->label.of);
	if (aside->database[0])
		printf("the database that was there: %s\n", setting_shown(aside->database, safe, sizeof(safe)));
	if (aside->log[0])
		printf("%s: %s\n", aside->database[0] ? "its log, without which it is not whole" : "a log that was there without a database",
		       setting_shown(aside->log, safe, sizeof(safe)));
	printf("%lld accounts, %lld organizations; in the log of each. Ended:\n", (long long)restore->done.accounts,
	       (long long)restore->done.organizations);
	for (size_t i = 0; i < RESTORE_ENDS; i++)
		if (restore->done.ended[i])
			printf("  %lld %s\n", (long long)restore->done.ended[i], restore_ends_name(i));
	puts("As they were at that moment, whatever was done since: passwords, authenticator apps, recovery codes (used ones\n"
	     "work again), members and their roles, invitations, hosts. Look at what was taken away since because it was lost or\n"
	     "stolen, and take it away again: twostep user reset-second-step, twostep host forbid, pages of the organization.\n"
	     "Codes of authenticator apps count again from the next minute on.");
	return help_flushed();
}

/* The backup first: for a name that was mistyped no folder is made. */
static int run(struct restore *restore)
{
	struct copying *copying = &restore->copying;
	int status;

	if ((status = open_backup(restore)))
		return status;
	if (data_lock(&restore->data, &copying->settings, &copying->given, &copying->wrong))
		return command_refuse(copying->wrong.line);
	new_file_sweep(copying->settings.database); /* the lock is ours */
	if ((status = copying_mark(copying, restore->mark)) || (status = fetch(restore)) || (status = check(restore)) ||
	    (status = prepare(restore)) || (status = put_in_place(restore)))
		return status;
	return report(restore);
}

int command_restore(char *const *arguments)
{
	struct restore restore = { .from = -1, .data = DATA_NONE, .copy = NEW_FILE_NONE };
	int status = copying_begin(&restore.copying, &words, arguments);

	if (!status)
		status = run(&restore);
	close_backup(&restore);
	new_file_drop(&restore.copy);
	data_close(&restore.data);
	copying_done(&restore.copying);
	return status;
}
