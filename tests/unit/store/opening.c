/* Files that store_open takes, makes, migrates or refuses, and how connections are set. */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "store/migrations.h"

#define STEP(name, text) { name, (const unsigned char *)text, sizeof(text) - 1 }

static int setup_folder(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture_folder(fixture, NULL);
	*state = fixture;
	return 0;
}

static void make_file(const struct fixture *fixture, const char *contents)
{
	FILE *file = fopen(fixture->path, "w");

	assert_non_null(file);
	fputs(contents, file);
	assert_int_equal(fclose(file), 0);
}

/* Runs steps on the file as another version of the program would. */
static enum err run_steps(const struct fixture *fixture, const struct embedded *steps, size_t count, bool *created)
{
	const char *why = NULL;
	struct db *db;
	size_t before;
	enum err err;

	if (access(fixture->path, F_OK))
		make_file(fixture, "");
	assert_int_equal(sqlite_connect(fixture->path, SQLITE_WRITES, &db, NULL), OK);
	err = migrations_run(db, steps, count, &before, &why);
	assert_true(!err || why);
	*created = !before;
	sqlite_disconnect(db);
	return err;
}

static void run_script(const struct fixture *fixture, const char *sql)
{
	sqlite3 *handle;

	assert_int_equal(sqlite3_open(fixture->path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

static int64_t ask_file(const struct fixture *fixture, const char *sql)
{
	sqlite3_stmt *statement;
	sqlite3 *handle;
	int64_t answer;

	assert_int_equal(sqlite3_open(fixture->path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	answer = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	return answer;
}

static void assert_refused(struct fixture *fixture, const char *expected)
{
	const char *why = NULL;
	bool created = true;

	assert_int_equal(store_open(fixture->path, &fixture->store, &created, &why), ERR_STORE);
	assert_null(fixture->store);
	if (!why || !strstr(why, expected))
		fail_msg("refused because '%s', not '%s'", why ? why : "(no reason)", expected);
}

static void numbers_its_steps_by_their_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < migrations_count; i++)
		if (strtoul(migrations[i].name, NULL, 10) != i + 1)
			fail_msg("%s is number %zu", migrations[i].name, i + 1);
}

static void makes_a_file_once(void **state)
{
	struct fixture *fixture = *state;
	const char *why;
	bool created = false;

	assert_int_equal(store_open(fixture->path, &fixture->store, &created, &why), OK);
	assert_true(created);
	fixture_close(fixture);
	assert_int_equal(store_open(fixture->path, &fixture->store, &created, &why), OK);
	assert_false(created);
}

/* A start that was cut off between the file and its first step. */
static void takes_an_empty_file(void **state)
{
	struct fixture *fixture = *state;
	const char *why;
	bool created = false;

	make_file(fixture, "");
	assert_int_equal(store_open(fixture->path, &fixture->store, &created, &why), OK);
	assert_true(created);
}

static void assert_private(const struct fixture *fixture, const char *ending)
{
	char path[128];
	struct stat about;

	snprintf(path, sizeof(path), "%s%s", fixture->path, ending);
	assert_int_equal(stat(path, &about), 0);
	if ((about.st_mode & 0777) != 0600)
		fail_msg("%s has mode %o", path, about.st_mode & 0777);
}

static void keeps_files_for_their_owner(void **state)
{
	static const mode_t masks[] = { 0, 022, 077, 0277 };
	struct fixture *fixture = *state;
	int64_t number = 1;

	for (size_t i = 0; i < COUNT(masks); i++) {
		mode_t before = umask(masks[i]);
		fixture_open(fixture);
		assert_int_equal(store_change(fixture->store, add_number, &number), OK);
		umask(before);
		assert_private(fixture, "");
		assert_private(fixture, "-wal");
		assert_private(fixture, "-shm");
		fixture_close(fixture);
		assert_int_equal(unlink(fixture->path), 0);
	}
}

static void migrates_an_old_file(void **state)
{
	static const struct embedded steps[] = {
		STEP("0001-a.sql", "CREATE TABLE a (x INTEGER NOT NULL) STRICT; INSERT INTO a VALUES (41);"),
		STEP("0002-b.sql", "CREATE TABLE b (x INTEGER NOT NULL) STRICT; INSERT INTO b SELECT x + 1 FROM a;"),
		STEP("0003-c.sql", "ALTER TABLE b ADD COLUMN y INTEGER NOT NULL DEFAULT 5;"),
	};
	struct fixture *fixture = *state;
	bool created = false;

	assert_int_equal(run_steps(fixture, steps, 1, &created), OK);
	assert_true(created);
	for (int i = 0; i < 2; i++) { /* the second time there is nothing to do */
		assert_int_equal(run_steps(fixture, steps, COUNT(steps), &created), OK);
		assert_false(created);
		assert_int_equal(ask_file(fixture, "SELECT x + y FROM b"), 47);
		assert_int_equal(ask_file(fixture, "SELECT COUNT(*) FROM a"), 1);
		assert_int_equal(ask_file(fixture, "SELECT COUNT(*) FROM migration"), 3);
	}
}

static void leaves_nothing_of_a_step_that_failed(void **state)
{
	static const struct embedded broken[] = {
		STEP("0001-a.sql", "CREATE TABLE a (x INTEGER NOT NULL) STRICT;"),
		STEP("0002-b.sql", "CREATE TABLE b (x INTEGER NOT NULL) STRICT; INSERT INTO a VALUES (1); INSERT INTO nowhere VALUES (1);"),
	}, mended[] = {
		STEP("0001-a.sql", "CREATE TABLE a (x INTEGER NOT NULL) STRICT;"),
		STEP("0002-b.sql", "CREATE TABLE b (x INTEGER NOT NULL) STRICT;"),
	};
	struct fixture *fixture = *state;
	bool created;

	assert_int_equal(run_steps(fixture, broken, COUNT(broken), &created), ERR_STORE);
	assert_int_equal(ask_file(fixture, "SELECT COUNT(*) FROM migration"), 1);
	assert_int_equal(ask_file(fixture, "SELECT COUNT(*) FROM a"), 0);
	assert_int_equal(ask_file(fixture, "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'b'"), 0);
	assert_int_equal(run_steps(fixture, mended, COUNT(mended), &created), OK);
	assert_int_equal(ask_file(fixture, "SELECT COUNT(*) FROM b"), 0);
}

static void refuses_a_newer_schema(void **state)
{
	struct fixture *fixture = *state;

	fixture_open(fixture);
	fixture_close(fixture);
	run_script(fixture, "INSERT INTO migration (number, name, digest)"
	                    " SELECT MAX(number) + 1, '9999-later.sql', zeroblob(32) FROM migration");
	assert_refused(fixture, "newer version");
	assert_int_equal(ask_file(fixture, "SELECT COUNT(*) FROM account"), 0); /* untouched */
}

static void refuses_a_step_that_changed(void **state)
{
	static const char *const changes[] = {
		"UPDATE migration SET digest = zeroblob(32) WHERE number = 1",
		"UPDATE migration SET digest = zeroblob(31) WHERE number = 1",
		"UPDATE migration SET number = 0 WHERE number = 1",
	};

	for (size_t i = 0; i < COUNT(changes); i++) {
		struct fixture *fixture = *state;
		fixture_open(fixture);
		fixture_close(fixture);
		run_script(fixture, changes[i]);
		assert_refused(fixture, "another build");
		unlink(fixture->path);
	}
}

static void refuses_what_is_not_its_own(void **state)
{
	struct fixture *fixture = *state;

	run_script(fixture, "CREATE TABLE songs (title TEXT)");
	assert_refused(fixture, "another program");
	make_file(fixture, "This is a shopping list, and long enough to be read as the head of a database: bread, butter, "
	                   "cheese, and a page of paper to write the next one on.");
	assert_refused(fixture, "not a database");
	unlink(fixture->path);
	assert_int_equal(mkdir(fixture->path, 0700), 0);
	assert_refused(fixture, "unable to open");
	rmdir(fixture->path);
	snprintf(fixture->path, sizeof(fixture->path), "%s/nowhere/twostep.db", fixture->folder);
	assert_refused(fixture, "No such file or directory");
}

/* Bytes cut out of the middle: found when read, never taken for "no such account". */
static void tells_a_damaged_file(void **state)
{
	struct fixture *fixture = *state;
	char garbage[3 * 4096];
	int64_t number = 1;
	int file;

	fixture_open(fixture);
	assert_int_equal(store_change(fixture->store, add_number, &number), OK);
	fixture_close(fixture);
	memset(garbage, 'x', sizeof(garbage));
	file = open(fixture->path, O_WRONLY);
	for (off_t at = 4096; at < lseek(file, 0, SEEK_END); at += (off_t)sizeof(garbage))
		assert_int_equal(pwrite(file, garbage, sizeof(garbage), at), sizeof(garbage));
	close(file);
	assert_refused(fixture, "malformed");
}

static enum err read_setting(struct db *db, void *argument)
{
	static const char *const pragmas[] = {
		"PRAGMA foreign_keys", "PRAGMA secure_delete", "PRAGMA synchronous", "PRAGMA cell_size_check", "PRAGMA trusted_schema",
		"PRAGMA mmap_size", "PRAGMA temp_store",
	};
	int64_t *values = argument;

	for (size_t i = 0; i < COUNT(pragmas); i++) {
		SCOPED(db_rows_done) struct db_rows rows = { 0 };
		enum err err = db_one_values(db, &rows, pragmas[i], NULL, 0);
		if (err == ERR_NOT_FOUND)
			values[i] = -1; /* says nothing: mmap is compiled out */
		else if (err)
			return err;
		else
			values[i] = db_get_int(&rows, 0);
	}
	return OK;
}

static void sets_connections(void **state)
{
	static const int64_t expected[] = { 1, 1, 2, 1, 0, 0, 2 };
	struct fixture *fixture = *state;
	int64_t reader[COUNT(expected)], writer[COUNT(expected)];

	fixture_open(fixture);
	assert_int_equal(store_read(fixture->store, read_setting, reader), OK);
	assert_int_equal(store_change(fixture->store, read_setting, writer), OK);
	for (size_t i = 0; i < COUNT(expected); i++)
		if (reader[i] != expected[i] || writer[i] != expected[i])
			fail_msg("setting %zu: %" PRId64 " and %" PRId64, i, reader[i], writer[i]);
}

/* The path is found once: where the process goes afterwards does not matter. */
static void stays_with_its_file(void **state)
{
	struct fixture *fixture = *state;
	char before[4096];
	int64_t number = 1;

	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(fixture->folder), 0);
	snprintf(fixture->path, sizeof(fixture->path), "twostep.db");
	fixture_open(fixture);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(store_change(fixture->store, add_number, &number), OK);
	assert_int_equal(count_numbers(fixture->store), 1); /* the reader opens only now */
	assert_int_equal(chdir(before), 0);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup_folder, fixture_teardown)
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_its_steps_by_their_names),
		IN_FOLDER(makes_a_file_once),
		IN_FOLDER(takes_an_empty_file),
		IN_FOLDER(keeps_files_for_their_owner),
		IN_FOLDER(migrates_an_old_file),
		IN_FOLDER(leaves_nothing_of_a_step_that_failed),
		IN_FOLDER(refuses_a_newer_schema),
		IN_FOLDER(refuses_a_step_that_changed),
		IN_FOLDER(refuses_what_is_not_its_own),
		IN_FOLDER(tells_a_damaged_file),
		IN_FOLDER(sets_connections),
		IN_FOLDER(stays_with_its_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
