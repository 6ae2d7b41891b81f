#include "fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/base.h"

void fixture_folder(struct fixture *fixture, const char *parent)
{
	if (!parent && !(parent = getenv("TMPDIR")))
		parent = "/tmp";
	snprintf(fixture->folder, sizeof(fixture->folder), "%s/twostep-store-XXXXXX", parent);
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->path, sizeof(fixture->path), "%s/twostep.db", fixture->folder);
}

void fixture_open(struct fixture *fixture)
{
	const char *why = "no reason given";
	bool created;

	if (store_open(fixture->path, &fixture->store, &created, &why))
		fail_msg("the store does not open: %s", why);
}

void fixture_close(struct fixture *fixture)
{
	store_close(fixture->store);
	fixture->store = NULL;
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
	(void)about;
	(void)type;
	(void)where;
	return remove(path);
}

void fixture_remove(struct fixture *fixture)
{
	fixture_close(fixture);
	nftw(fixture->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture_folder(fixture, NULL);
	fixture_open(fixture);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	fixture_remove(*state);
	free(*state);
	return 0;
}

/* Tables of the first migration that refer to no other. */
enum err add_number(struct db *db, void *argument)
{
	const int64_t *number = argument;
	char name[32];
	int64_t added = 0;
	enum err err;

	snprintf(name, sizeof(name), "number %" PRId64, *number);
	if ((err = db_change(db, &added, "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", db_text(name),
	                     db_blob(number, sizeof(*number)))))
		return err;
	if (added != 1)
		return ERR_WRONG_STATE;
	return db_change(db, NULL,
	                 "INSERT INTO audit_event (number, at, action, address, browser, details)"
	                 " VALUES ($1, $2, $3, $4, $4, $3)",
	                 db_int(*number), db_int(*number), db_text(name), db_text(""));
}

struct question {
	const char *sql;
	const struct db_value *values;
	size_t count;
	int64_t answer;
};

static enum err answer_question(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct question *question = argument;
	enum err err = db_one_values(db, &rows, question->sql, question->values, question->count);

	if (!err)
		question->answer = db_get_int(&rows, 0);
	return err;
}

static int64_t ask(struct store *store, const char *sql, const struct db_value *values, size_t count)
{
	struct question question = { sql, values, count, -1 };

	assert_int_equal(store_read(store, answer_question, &question), OK);
	return question.answer;
}

int64_t ask_number(struct store *store, const char *sql)
{
	return ask(store, sql, NULL, 0);
}

int64_t count_numbers(struct store *store)
{
	int64_t both = ask_number(store, "SELECT COUNT(*) FROM meta JOIN audit_event ON name = action");

	assert_int_equal(both, ask_number(store, "SELECT COUNT(*) FROM meta WHERE name LIKE 'number %'"));
	assert_int_equal(both, ask_number(store, "SELECT COUNT(*) FROM audit_event"));
	return both;
}

bool has_number(struct store *store, int64_t number)
{
	const struct db_value value = db_int(number);
	int64_t rows = ask(store, "SELECT COUNT(*) FROM audit_event WHERE number = $1", &value, 1);
	int64_t names = ask(store, "SELECT COUNT(*) FROM meta WHERE name = 'number ' || $1", &value, 1);

	assert_int_equal(rows, names);
	return rows == 1;
}
