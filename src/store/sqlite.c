#include "store/sqlite.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"

#include "base/banned.h"

/* What a connection must have; SQLite takes an option that it was built without as silently as any other. */
static const struct { int option, value; } options[] = {
	{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_DQS_DML, 0 }, /* "a string" is no string */
	{ SQLITE_DBCONFIG_DQS_DDL, 0 },
};

/* Caches are small: the system's page cache holds the file, and an idle server should weigh little. Negative: KiB. */
static const char for_all[] = "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cell_size_check = ON;"
                              "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0";
static const char for_readers[] = "PRAGMA cache_size = -256; PRAGMA query_only = ON";
/* The log keeps the size that it had (checkpoints.h bounds it): to write over a file is a tenth cheaper than to make it longer. */
static const char for_writers[] = "PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 104857600";

static const char for_alone[] = "PRAGMA cache_size = -2048; PRAGMA synchronous = OFF";

/* In this order: alone, a write-ahead log needs no shared memory. */
static const char log_alone[] = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY";
static const char log_shared[] = "PRAGMA journal_mode = WAL";
static const char *const settings_of[] = {
	[SQLITE_READS] = for_readers, [SQLITE_WRITES] = for_writers, [SQLITE_TRIES] = for_writers, [SQLITE_ALONE] = for_alone,
};

/* Bytes and counts that nobody asks for would cost a lock shared by all connections. */
static void set_up_library(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* What SQLite calls a "disk I/O error" alone, and is the operator's to mend. */
static const int without_room[] = { ENOSPC, EDQUOT, EFBIG, EROFS };

const char *sqlite_reason(const struct db *db)
{
	int at_last = errno, code = sqlite3_errcode(db->handle), told = sqlite3_system_errno(db->handle);

	if (!told)
		told = at_last; /* SQLite does not keep it of a COMMIT that failed */
	for (size_t i = 0; i < COUNT(without_room) && (code & 0xff) == SQLITE_IOERR; i++)
		if (told == without_room[i])
			return strerrordesc_np(told);
	return code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE ? "an unknown error" : sqlite3_errstr(code);
}

enum err sqlite_fault(struct db *db, const char *what, const char *sql)
{
	if (!db->failed && !db->quiet)
		log_error("store_fault", LOG_TEXT("what", what), LOG_INT("code", sqlite3_extended_errcode(db->handle)),
		          LOG_TEXT("says", sqlite3_errmsg(db->handle)), LOG_TEXT("sql", sql));
	db->failed = true;
	return ERR_STORE;
}

/* Whether PRAGMA journal_mode answered that it is so: not where the file system lacks what it takes. */
static int is_wal(void *found, int columns, char **values, char **names)
{
	*(bool *)found = columns == 1 && values[0] && !strcmp(values[0], "wal");
	return 0;
}

/* In the place of SQLite's own, which would put the log back within COMMIT. */
static int note_log(void *to, sqlite3 *handle, const char *schema, int pages)
{
	struct db *db = to;

	(void)handle;
	(void)schema;
	db->log_pages = pages;
	return SQLITE_OK;
}

static enum err configure(struct db *db, enum sqlite_role role, const char **why)
{
	bool alone = role == SQLITE_ALONE, wal = false;
	int now;

	sqlite3_busy_timeout(db->handle, role == SQLITE_TRIES ? SQLITE_BUSY_TRIES_MS : SQLITE_BUSY_MS);
	for (size_t i = 0; i < COUNT(options); i++)
		if (sqlite3_db_config(db->handle, options[i].option, options[i].value, &now) || now != options[i].value) {
			*why = "this SQLite library lacks what twostep needs";
			return sqlite_fault(db, "option", NULL);
		}
	if (sqlite3_exec(db->handle, alone ? log_alone : log_shared, is_wal, &wal, NULL) ||
	    sqlite3_exec(db->handle, for_all, NULL, NULL, NULL) || sqlite3_exec(db->handle, settings_of[role], NULL, NULL, NULL)) {
		*why = sqlite_reason(db);
		return sqlite_fault(db, "setting", NULL);
	}
	if (role == SQLITE_WRITES || role == SQLITE_TRIES)
		sqlite3_wal_hook(db->handle, note_log, db);
	if (wal == alone) {
		*why = "its folder or file system does not take SQLite's write-ahead log";
		return sqlite_fault(db, "setting", "PRAGMA journal_mode = WAL");
	}
	return OK;
}

enum err sqlite_connect(const char *path, enum sqlite_role role, struct db **out, const char **why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	struct db *db = calloc(1, sizeof(*db));
	const char *because = "out of memory";
	enum err err = ERR_STORE;
	int code;

	pthread_once(&once, set_up_library);
	if (db)
		db->quiet = role == SQLITE_TRIES;
	if (db && (code = sqlite3_open_v2(path, &db->handle, flags, NULL))) {
		because = sqlite3_errstr(code);
		sqlite_fault(db, "open", NULL);
	} else if (db) {
		err = configure(db, role, &because);
	}
	if (!err)
		*out = db;
	else
		sqlite_disconnect(db);
	if (err && why)
		*why = because;
	return err;
}

void sqlite_disconnect(struct db *db)
{
	if (!db)
		return;
	statements_done(db);
	sqlite3_close(db->handle);
	watch_done(&db->watch);
	free(db);
}

void sqlite_trust(struct db *db)
{
	sqlite3_busy_timeout(db->handle, SQLITE_BUSY_MS);
	db->quiet = false;
}

enum err sqlite_script(struct db *db, const char *sql)
{
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL))
		return sqlite_fault(db, "script", NULL);
	return OK;
}

bool sqlite_in_transaction(const struct db *db)
{
	return !sqlite3_get_autocommit(db->handle);
}

enum err sqlite_rollback(struct db *db)
{
	return sqlite_in_transaction(db) && sqlite_control(db, "ROLLBACK") ? ERR_STORE : OK;
}

enum err sqlite_checkpoint(struct db *db)
{
	int code = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

	db->failed = false;
	return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY ? OK : sqlite_fault(db, "checkpoint", NULL);
}

enum err sqlite_call(struct db *db, enum err (*function)(struct db *db, void *argument), void *argument, bool *stays)
{
	enum err answer;

	db->failed = false;
	db->kept = OK;
	db->wake = 0;
	answer = function(db, argument);
	statements_close(db);
	*stays = !db->failed && (!answer || answer == db->kept);
	return db->failed ? ERR_STORE : answer;
}

/* What could not be told (500 and above) is no verdict: it takes its writes back like any failure. */
enum err db_keep(struct db *db, enum err err)
{
	if (err_status(err) < 500)
		db->kept = err;
	return err;
}

void db_wake(struct db *db, enum db_wake what)
{
	db->wake |= (unsigned)what;
}
