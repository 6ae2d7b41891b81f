#include "store/copy.h"

#include <unistd.h>

#include "store/migrations.h"
#include "store/sqlite.h"

#include "base/banned.h"

#define DAMAGED   "it is damaged"
#define REFERENCE "it is damaged: a row refers to one that is not there"
#define TRIGGERS  "its schema has what twostep never makes: triggers or views"
#define EMPTY     "it is empty"
#define EXCHANGED "it was put elsewhere meanwhile"

static enum err say(const struct db *db, const char **why)
{
	*why = sqlite_reason(db);
	return ERR_STORE;
}

/* From the first read on the transaction sees one moment, whatever is committed afterwards. */
static enum err hold_moment(struct db *db, const char **why)
{
	size_t ran;
	int moved = 0;
	enum err err;

	if (sqlite_control(db, "BEGIN"))
		return say(db, why);
	if ((err = migrations_ran(db, migrations, migrations_count, &ran, why))) {
		*why = err == ERR_NOT_FOUND ? EMPTY : *why;
		return ERR_STORE;
	}
	if (sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) || moved) {
		*why = EXCHANGED;
		return ERR_STORE;
	}
	return OK;
}

static enum err copy_pages(sqlite3_backup *backup, const struct copy_to *to, const char **why)
{
	int code = SQLITE_OK;

	for (unsigned steps = 1; code == SQLITE_OK; steps++) {
		if (to->stop())
			return ERR_BUSY;
		code = sqlite3_backup_step(backup, COPY_STEP_PAGES);
		if (steps % COPY_SYNC_STEPS == 0)
			(void)fdatasync(to->file); /* a fault shows at the last one, which counts */
	}
	*why = sqlite3_errstr(code);
	return code == SQLITE_DONE ? OK : ERR_STORE;
}

static enum err copy_all(struct db *source, struct db *target, const struct copy_to *to, const char **why)
{
	sqlite3_backup *backup;
	enum err err = hold_moment(source, why);

	if (err)
		return err;
	if (!(backup = sqlite3_backup_init(target->handle, "main", source->handle, "main")))
		return say(target, why);
	err = copy_pages(backup, to, why);
	if (sqlite3_backup_finish(backup) && !err)
		err = say(target, why);
	return err;
}

enum err copy_make(const char *from, const struct copy_to *to, const char **why)
{
	struct db *source = NULL, *target = NULL;
	enum err err;

	if (!(err = sqlite_connect(from, SQLITE_READS, &source, why)) && !(err = sqlite_connect(to->path, SQLITE_ALONE, &target, why)))
		err = copy_all(source, target, to, why);
	if (source)
		statements_close(source);
	sqlite_disconnect(target);
	sqlite_disconnect(source);
	return err;
}

static enum err check_pages(struct db *db, const char **why)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	if (!db_one(db, &rows, "SELECT integrity_check FROM pragma_integrity_check(1)") && !strcmp(db_get_text(&rows, 0), "ok"))
		return OK;
	*why = DAMAGED;
	return ERR_STORE;
}

/* OK where the query finds nothing. */
#define check_none(db, sql, says, why) check_none_rows((db), "" sql, (says), (why))
static enum err check_none_rows(struct db *db, const char *sql, const char *says, const char **why)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one_values(db, &rows, sql, NULL, 0);

	if (err == ERR_NOT_FOUND)
		return OK;
	*why = err ? DAMAGED : says;
	return ERR_STORE;
}

static enum err check_references(struct db *db, const char **why)
{
	return check_none(db, "SELECT 1 FROM pragma_foreign_key_check", REFERENCE, why);
}

static enum err check_sound(struct db *db, const char **why)
{
	size_t ran;
	enum err err;

	if ((err = check_pages(db, why)) ||
	    (err = check_none(db, "SELECT 1 FROM sqlite_schema WHERE type NOT IN ('table', 'index')", TRIGGERS, why)))
		return err;
	if ((err = migrations_ran(db, migrations, migrations_count, &ran, why))) {
		*why = err == ERR_NOT_FOUND ? EMPTY : *why;
		return ERR_STORE;
	}
	return check_references(db, why);
}

static enum err run(struct db *db, store_function *function, void *argument, const char **why)
{
	bool stays;
	enum err err = sqlite_call(db, function, argument, &stays);

	return err == ERR_STORE ? say(db, why) : err;
}

enum err copy_check(const char *path, store_function *function, void *argument, const char **why)
{
	struct db *db;
	enum err err = sqlite_connect(path, SQLITE_ALONE, &db, why);

	if (err)
		return err;
	if (!(err = check_sound(db, why)))
		err = run(db, function, argument, why);
	sqlite_disconnect(db);
	return err;
}

static enum err change(struct db *db, store_function *function, void *argument, const char **why)
{
	enum err err;

	if (sqlite_control(db, "BEGIN IMMEDIATE"))
		return say(db, why);
	if ((err = run(db, function, argument, why)) || (err = check_references(db, why)))
		return err;
	return sqlite_control(db, "COMMIT") ? say(db, why) : OK;
}

enum err copy_migrate(const char *path, const char **why)
{
	struct db *db;
	size_t before;
	enum err err = sqlite_connect(path, SQLITE_ALONE, &db, why);

	if (err)
		return err;
	err = migrations_run(db, migrations, migrations_count, &before, why);
	sqlite_disconnect(db);
	return err;
}

enum err copy_change(const char *path, store_function *function, void *argument, const char **why)
{
	struct db *db;
	enum err err = sqlite_connect(path, SQLITE_ALONE, &db, why);

	if (err)
		return err;
	err = change(db, function, argument, why);
	sqlite_disconnect(db); /* takes back what was not committed */
	return err;
}

static int is_delete(void *found, int columns, char **values, char **names)
{
	(void)names;
	*(bool *)found = columns == 1 && values[0] && !strcmp(values[0], "delete");
	return 0;
}

enum err copy_settle(const char *path, const char **why)
{
	sqlite3 *handle = NULL;
	bool settled = false;
	int code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	/* Leaving the log, SQLite writes it into the file, and has to be alone. */
	if (!code)
		code = sqlite3_exec(handle, "PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; COMMIT", is_delete, &settled, NULL);
	sqlite3_close(handle);
	if (!code && settled)
		return OK;
	*why = sqlite3_errstr(code ? code : SQLITE_BUSY);
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_STORE;
	default:
		return ERR_IO;
	}
}
