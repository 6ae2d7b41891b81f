#include "store/migrations.h"

#include <sodium.h>

#include "base/banned.h"

#define NEWER   "a newer version of twostep has written to it"
#define CHANGED "its schema was made by another build of twostep than this one"
#define FOREIGN "it is the database of another program"

static enum err say(const struct db *db, const char **why)
{
	*why = sqlite_reason(db);
	return ERR_STORE;
}

static void digest(const struct embedded *step, uint8_t out[static crypto_hash_sha256_BYTES])
{
	crypto_hash_sha256(out, step->bytes, step->length);
}

/* OK where the table of migrations is there, ERR_NOT_FOUND where the database is empty. */
static enum err look(struct db *db, const char **why)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT COUNT(*), COUNT(*) FILTER (WHERE name = 'migration') FROM sqlite_schema");

	if (err)
		return say(db, why);
	if (db_get_int(&rows, 1))
		return OK;
	if (!db_get_int(&rows, 0))
		return ERR_NOT_FOUND;
	*why = FOREIGN;
	return ERR_STORE;
}

/* The row of a step that has run is what it would be written as today. */
static enum err check_step(const struct db_rows *rows, const struct embedded *steps, size_t count, size_t index, const char **why)
{
	uint8_t then[crypto_hash_sha256_BYTES], now[crypto_hash_sha256_BYTES];

	if (index >= count) {
		*why = NEWER;
		return ERR_STORE;
	}
	digest(&steps[index], now);
	if (db_get_int(rows, 0) == (int64_t)index + 1 && !db_get_bytes(rows, 1, then, sizeof(then)) &&
	    !memcmp(then, now, sizeof(now)))
		return OK;
	*why = CHANGED;
	return ERR_STORE;
}

/* How many steps have run, once each is known to be one of ours. */
static enum err check(struct db *db, const struct embedded *steps, size_t count, size_t *ran, const char **why)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows, "SELECT number, digest FROM migration ORDER BY number");
	size_t found = 0;

	for (; !err && !(err = db_next(&rows)); found++)
		if (check_step(&rows, steps, count, found, why))
			return ERR_STORE;
	if (err != ERR_NOT_FOUND)
		return say(db, why);
	*ran = found;
	return OK;
}

static enum err write_step(struct db *db, const struct embedded *step, size_t number)
{
	uint8_t sum[crypto_hash_sha256_BYTES];
	enum err err = OK;

	digest(step, sum);
	if (number == 1)
		err = sqlite_script(db, "CREATE TABLE migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
		                        " digest BLOB NOT NULL) STRICT");
	if (err || (err = sqlite_script(db, (const char *)step->bytes)))
		return err;
	return db_change(db, NULL, "INSERT INTO migration (number, name, digest) VALUES ($1, $2, $3)", db_int((int64_t)number),
	                 db_text(step->name), db_blob(sum, sizeof(sum)));
}

static enum err run_step(struct db *db, const struct embedded *step, size_t number, const char **why)
{
	if (sqlite_control(db, "BEGIN IMMEDIATE"))
		return say(db, why);
	if (!write_step(db, step, number) && !sqlite_control(db, "COMMIT"))
		return OK;
	*why = sqlite_reason(db);
	(void)!sqlite_rollback(db); /* the connection is closed next, which does the same */
	return ERR_STORE;
}

enum err migrations_ran(struct db *db, const struct embedded *steps, size_t count, size_t *ran, const char **why)
{
	enum err err = look(db, why);

	return err ? err : check(db, steps, count, ran, why);
}

enum err migrations_run(struct db *db, const struct embedded *steps, size_t count, size_t *before, const char **why)
{
	enum err err;

	*before = 0;
	if ((err = migrations_ran(db, steps, count, before, why)) == ERR_NOT_FOUND)
		err = OK;
	for (size_t i = *before; i < count && !err; i++)
		err = run_step(db, &steps[i], i + 1, why);
	return err;
}
