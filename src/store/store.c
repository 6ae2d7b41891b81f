#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/migrations.h"
#include "store/watch.h"
#include "store/writer.h"

#include "base/banned.h"

struct store {
	char *path;          /* whole, so that it stays the same file wherever the process goes */
	size_t steps_before; /* of migrations: how many had run before it was opened */
	struct readers readers;
	struct writer *writer;
};

/* For its owner alone, whatever the umask; SQLite gives its other files the same mode. */
static enum err make_file(const char *path, const char **why)
{
	int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	bool made = file >= 0 && !fchmod(file, S_IRUSR | S_IWUSR);

	if (!made && (file >= 0 || errno != EEXIST)) {
		*why = strerrordesc_np(errno);
		log_error("store_fault", LOG_TEXT("what", "create"), LOG_TEXT("path", path), LOG_TEXT("says", *why));
		if (file >= 0)
			close(file);
		return ERR_STORE;
	}
	if (file >= 0)
		close(file);
	return OK;
}

static enum err start(struct store *store, const char **why)
{
	struct db *db = NULL;
	enum err err;

	if ((err = sqlite_connect(store->path, SQLITE_WRITES, &db, why)))
		return err;
	if (!(err = migrations_run(db, migrations, migrations_count, &store->steps_before, why)) && (err = watch_begin(db)))
		*why = sqlite_reason(db);
	if (err) {
		sqlite_disconnect(db);
		return err;
	}
	if (!writer_new(db, store->path, &store->readers, &store->writer))
		return OK;
	*why = "out of memory";
	return ERR_STORE;
}

enum err store_open(const char *path, struct store **out, bool *created, const char **why)
{
	struct store *store;
	enum err err;

	*created = false;
	*why = "out of memory";
	if ((err = make_file(path, why)))
		return err;
	if (!(store = calloc(1, sizeof(*store))))
		return ERR_STORE;
	if (!(store->path = realpath(path, NULL)))
		*why = errno == ENOENT ? "it is a symbolic link to what is not there" : strerrordesc_np(errno);
	readers_init(&store->readers, store->path);
	if (!store->path || (err = start(store, why))) {
		store_close(store);
		return ERR_STORE;
	}
	*created = !store->steps_before;
	*out = store;
	return OK;
}

void store_log_migrated(const struct store *store)
{
	if (store->steps_before < migrations_count)
		log_info("store_migrated", LOG_TEXT("first", migrations[store->steps_before].name),
		         LOG_TEXT("last", migrations[migrations_count - 1].name));
}

void store_close(struct store *store)
{
	if (!store)
		return;
	readers_renew(&store->readers); /* the writer closes last: it cleans the log up */
	writer_free(store->writer);
	readers_done(&store->readers);
	free(store->path);
	free(store);
}

enum err store_change(struct store *store, store_function *function, void *argument)
{
	return writer_change(store->writer, function, argument);
}

enum err store_read(struct store *store, store_function *function, void *argument)
{
	struct db *db;
	bool stays = false;
	enum err answer;

	if (readers_take(&store->readers, &db))
		return ERR_STORE;
	if (sqlite_control(db, "BEGIN")) {
		readers_give(&store->readers, db, false);
		return ERR_STORE;
	}
	answer = sqlite_call(db, function, argument, &stays);
	if (db->failed || sqlite_control(db, "COMMIT")) {
		readers_give(&store->readers, db, false);
		return ERR_STORE;
	}
	readers_give(&store->readers, db, true);
	return clock_holds(clock_mark()) ? answer : ERR_BUSY;
}

void store_on_wake(struct store *store, void (*wake)(void *to, unsigned bits), void *to)
{
	writer_on_wake(store->writer, wake, to);
}

void store_on_commit(struct store *store, void (*committed)(void *to, const struct touched *touched, size_t count), void *to)
{
	writer_on_commit(store->writer, committed, to);
}

static enum err look(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	(void)argument;
	return db_one(db, &rows, "SELECT 1 FROM migration WHERE number = 1");
}

enum err store_probe(struct store *store)
{
	enum err err = store_read(store, look, NULL);

	return err ? ERR_STORE : writer_probe(store->writer);
}
