/*
 * The write-ahead log is put back into the database while changes go on, and begins anew. What SQLite is asked for leads through here, and
 * so do the lines of the log that tell of it.
 */
#include "fixture.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "store/checkpoints.h"

#define LOG_KEPT   16777216 /* its journal_size_limit */
#define PAGE_BYTES 4096
#define CHANGES_AT_MOST 4000

int __real_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *schema, int mode, int *pages, int *done);
int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *schema, int mode, int *pages, int *done);

static atomic_bool refuses;
static atomic_int refused, told;

int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *schema, int mode, int *pages, int *done)
{
	if (!refuses)
		return __real_sqlite3_wal_checkpoint_v2(db, schema, mode, pages, done);
	refused++;
	return SQLITE_IOERR_WRITE;
}

void __real_log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count);
void __wrap_log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count);

void __wrap_log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
	told += refuses && !strcmp(event, "store_fault");
	__real_log_write(level, event, fields, count);
}

static FILE *open_log(const struct fixture *fixture)
{
	char path[sizeof(fixture->path) + 8];
	FILE *file;

	snprintf(path, sizeof(path), "%s-wal", fixture->path);
	assert_non_null(file = fopen(path, "rb"));
	return file;
}

static int64_t log_bytes(const struct fixture *fixture)
{
	FILE *file = open_log(fixture);
	struct stat about;

	assert_int_equal(fstat(fileno(file), &about), 0);
	fclose(file);
	return about.st_size;
}

/* How often it has begun anew: the checkpoint sequence number of its head, https://www.sqlite.org/fileformat2.html#walformat */
static int64_t beginnings(const struct fixture *fixture)
{
	FILE *file = open_log(fixture);
	uint8_t head[32];

	assert_int_equal(fread(head, 1, sizeof(head), file), sizeof(head));
	fclose(file);
	return (int64_t)head[12] << 24 | head[13] << 16 | head[14] << 8 | head[15];
}

/* At least 88 pages each time, of one row. */
static enum err write_much(struct db *db, void *argument)
{
	const int64_t *number = argument;

	return db_change(db, NULL, "INSERT INTO meta (name, value) VALUES ('much', zeroblob(360000 + $1))"
	        " ON CONFLICT (name) DO UPDATE SET value = excluded.value", db_int(*number));
}

static void write_pages(struct fixture *fixture, int64_t pages)
{
	for (int64_t i = 0; i < pages / 88 + 1; i++)
		assert_int_equal(store_change(fixture->store, write_much, &i), OK);
}

static enum err hold_snapshot(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	if (db_one(db, &rows, "SELECT count(*) FROM meta"))
		return ERR_STORE;
	write_pages(argument, CHECKPOINT_BOUND);
	return OK;
}

/* While somebody reads what was there long ago it only grows; afterwards it begins anew. */
static void begins_anew_after_a_long_read(void **state)
{
	struct fixture *fixture = *state;
	int64_t changes = 0, before;

	assert_int_equal(store_read(fixture->store, hold_snapshot, fixture), OK);
	assert_in_range(log_bytes(fixture), (int64_t)CHECKPOINT_BOUND * PAGE_BYTES, INT64_MAX);
	before = beginnings(fixture);
	for (; changes < CHANGES_AT_MOST && beginnings(fixture) == before; changes++) {
		assert_int_equal(store_change(fixture->store, add_number, &changes), OK);
		usleep(5000); /* while the thread is at it the writer is not */
	}
	assert_in_range(changes, 0, CHANGES_AT_MOST - 1);
}

/* Long before its bound: what the thread has put back, changes after a pause begin over. */
static void begins_anew_by_the_thread(void **state)
{
	struct fixture *fixture = *state;
	int64_t changes = 0, before;

	write_pages(fixture, CHECKPOINT_PAGES);
	before = beginnings(fixture);
	for (; changes < CHANGES_AT_MOST && beginnings(fixture) == before; changes++) {
		assert_int_equal(store_change(fixture->store, add_number, &changes), OK);
		usleep(5000);
	}
	assert_in_range(changes, 0, CHANGES_AT_MOST - 1);
}

/* A database that cannot take it back, and a log that still can grow: nobody is refused, and it is tried and told of as the log grows. */
static void tries_seldom_where_it_cannot(void **state)
{
	struct fixture *fixture = *state;

	refused = told = 0;
	refuses = true;
	write_pages(fixture, CHECKPOINT_BOUND + 2 * CHECKPOINT_PAGES);
	for (int64_t i = 0; i < 50; i++)
		assert_int_equal(store_change(fixture->store, add_number, &i), OK);
	assert_in_range(refused, 1, 2 * log_bytes(fixture) / PAGE_BYTES / CHECKPOINT_PAGES); /* the thread, and from the bound on the writer too */
	assert_in_range(told, 1, refused);
	refuses = false;
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	static const struct CMUnitTest tests[] = {
		WITH_STORE(begins_anew_after_a_long_read),
		WITH_STORE(begins_anew_by_the_thread),
		WITH_STORE(tries_seldom_where_it_cannot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
