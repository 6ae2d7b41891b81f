/* Recovery codes of a database that an older version wrote: they open, once, and what was spent stays spent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "recovery/recovery.h"
#include "sandbox.h"
#include "second_step/second_step_sql.h"
#include "store/migrations.h"
#include "store/sqlite.h"
#include "store/store.h"

#define STEPS_BEFORE 4 /* 0005 gave sets their numbers */
#define PEOPLE       2

static struct recovery_set codes[PEOPLE];
static struct keyring *keys;

static struct id id_of(char first, int person)
{
	struct id id = { { (uint8_t)first, (uint8_t)person } };

	return id;
}

/* As if it had been typed without its hyphens. */
static enum err digest_of(const struct recovery_set *of, int code, const struct id *account, const struct id *set,
                          uint8_t out[static DIGEST_BYTES])
{
	char typed[RECOVERY_CODE_CHARS + 1];
	size_t length = 0;

	for (const char *c = of->code[code]; *c; c++)
		if (*c != '-')
			typed[length++] = *c;
	typed[length] = '\0';
	return recovery_digest(keys, account, set, typed, out);
}

static void insert(sqlite3 *base, const char *sql, const struct id *a, const struct id *b, const uint8_t *digest)
{
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_prepare_v2(base, sql, -1, &statement, NULL), SQLITE_OK);
	sqlite3_bind_blob(statement, 1, a->bytes, ID_BYTES, SQLITE_STATIC);
	sqlite3_bind_blob(statement, 2, b ? b->bytes : digest, b ? ID_BYTES : DIGEST_BYTES, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
	sqlite3_finalize(statement);
}

static void insert_person(sqlite3 *base, int person)
{
	const struct id account = id_of('a', person), set = id_of('s', person);

	insert(base, "INSERT INTO account (id, email, name, locale, password, password_at, created_at)"
	             " VALUES (?1, hex(?2), 'Kim', 'ko', x'00', 0, 0)", &account, &account, NULL);
	insert(base, "INSERT INTO recovery_set (id, account_id, issued_at) VALUES (?1, ?2, 5)", &set, &account, NULL);
	for (int i = 0; i < RECOVERY_CODES; i++) {
		uint8_t digest[DIGEST_BYTES];

		assert_int_equal(digest_of(&codes[person], i, &account, &set, digest), OK);
		insert(base, i ? "INSERT INTO recovery_code (set_id, digest) VALUES (?1, ?2)"
		               : "INSERT INTO recovery_code (set_id, digest, used_at) VALUES (?1, ?2, 7)", &set, NULL, digest);
	}
}

static void write_older(const char *path)
{
	size_t before;
	const char *why;
	struct db *db;
	sqlite3 *base;

	sandbox_write("older.db", "", 0, 0600);
	assert_int_equal(sqlite_connect(path, SQLITE_WRITES, &db, NULL), OK);
	assert_int_equal(migrations_run(db, migrations, STEPS_BEFORE, &before, &why), OK);
	sqlite_disconnect(db);
	assert_int_equal(sqlite3_open(path, &base), SQLITE_OK);
	for (int person = 0; person < PEOPLE; person++) {
		assert_int_equal(recovery_set_new(&codes[person]), OK);
		insert_person(base, person);
	}
	assert_int_equal(sqlite3_close(base), SQLITE_OK);
}

struct try {
	int person, code, left;
};

static enum err spend(struct db *db, void *argument)
{
	struct try *try = argument;
	const struct id account = id_of('a', try->person);
	uint8_t digest[DIGEST_BYTES];
	struct recovery_row set;
	enum err err, spent;

	if ((err = recovery_row_find(db, &account, &set)) ||
	    (err = digest_of(&codes[try->person], try->code, &account, &set.id, digest)))
		return err;
	spent = recovery_row_spend(db, &set, digest, 9);
	err = second_step_left(db, &account, &try->left);
	return err ? err : db_keep(db, spent);
}

static void open_once_and_what_was_spent_stays_spent(void **state)
{
	static const uint32_t number[] = { 1 };
	static const uint8_t fill[] = { 0x55 };
	static const struct { int code, left; enum err err; } tries[] = {
		{ 0, 9, ERR_RECOVERY_USED }, { 1, 8, OK }, { 1, 8, ERR_RECOVERY_USED }, { 9, 7, OK }, { 9, 7, ERR_RECOVERY_USED },
	};
	const char *path = sandbox_path("older.db"), *why;
	struct store *store;
	bool created;
	(void)state;

	keys = sandbox_keyring(number, fill, 1);
	write_older(path);
	assert_int_equal(store_open(path, &store, &created, &why), OK);
	for (int person = 0; person < PEOPLE; person++)
		for (size_t i = 0; i < COUNT(tries); i++) {
			struct try try = { .person = person, .code = tries[i].code };
			enum err err = store_change(store, spend, &try);

			if (err != tries[i].err || try.left != tries[i].left)
				fail_msg("person %d, try %zu: err %d, %d left", person, i, err, try.left);
		}
	store_close(store);
	keyring_free(keys);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(open_once_and_what_was_spent_stays_spent, sandbox_open, sandbox_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
