#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "accounts/email_code.h"
#include "base/base.h"
#include "cli/housekeeping.h"
#include "cli/mark.h"
#include "sessions/session.h"
#include "store/store.h"

#define NOW_S 1800000000

static char place[64];
static atomic_bool going_on; /* false: nobody has told it to stop */

static struct store *open_store(void)
{
	char path[128];
	struct store *store = NULL;
	const char *why = "";
	bool created;

	snprintf(path, sizeof(path), "%s/twostep.db", place);
	if (store_open(path, &store, &created, &why))
		fail_msg("%s", why);
	return store;
}

static int make_place(void **state)
{
	(void)state;
	snprintf(place, sizeof(place), "/tmp/twostep-unit-XXXXXX");
	return mkdtemp(place) ? 0 : -1;
}

static int remove_place(void **state)
{
	static const char *const names[] = { "twostep.db", "twostep.db-wal", "twostep.db-shm" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", place, names[i]);
		unlink(path);
	}
	return rmdir(place);
}

/* Two sessions live, so that a set-up that has expired does not go with one that has, too. */
static enum err add_people(struct db *db, const struct id *account)
{
	static const struct {
		const char *key;
		int64_t begun_at, ends_at;
	} sessions[] = { { "gone", 1000, 2000 }, { "k1", NOW_S - 10, NOW_S + 10 }, { "k2", NOW_S - 10, NOW_S + 10 } };
	enum err err = db_change(db, NULL,
	        "INSERT INTO account (id, email, name, locale, password, password_at, created_at)"
	        " VALUES ($1, 'kim@example.com', 'Kim', 'en', x'00', $2, $2)", db_id(account), db_int(1000));

	if (!err)
		err = db_change(db, NULL, "INSERT INTO organization (id, name, created_at) VALUES ($1, 'Alpha', $2)", db_id(account),
		        db_int(1000));
	for (size_t i = 0; i < COUNT(sessions) && !err; i++)
		err = db_change(db, NULL,
		        "INSERT INTO session (id, token, account_id, bearer, methods, remembered, signed_in_at, confirmed_at,"
		        " last_seen_at, ends_at, browser, address) VALUES ($1, $1, $2, 0, 1, 0, $3, $3, $3, $4, '', '')",
		        db_blob(sessions[i].key, strlen(sessions[i].key)), db_id(account), db_int(sessions[i].begun_at),
		        db_int(sessions[i].ends_at));
	return err;
}

static enum err add_rows(struct db *db, const struct id *account, const char *name, int64_t begun_at, int64_t ends_at)
{
	const struct db_value key = db_blob(name, strlen(name)), whose = db_id(account), end = db_int(ends_at), at = db_int(begun_at);
	enum err err;

	if ((err = db_change(db, NULL, "INSERT INTO login (token, account_id, bearer, version, expires_at) VALUES ($1, $2, 0, 0, $3)",
	                     key, whose, end)) ||
	    (err = db_change(db, NULL, "INSERT INTO known_device (token, account_id, expires_at) VALUES ($1, $2, $3)", key, whose, end)) ||
	    (err = db_change(db, NULL, "INSERT INTO signup (id, token, email, name, locale, password, expires_at)"
	                     " VALUES ($1, $1, 'kim@example.com', '', 'en', x'00', $2)", key, end)) ||
	    (err = db_change(db, NULL, "INSERT INTO email_code (purpose, subject, digest, expires_at) VALUES (1, $1, x'00', $2)",
	                     key, end)) ||
	    (err = db_change(db, NULL, "INSERT INTO setup (id, session_id, account_id, replaces, state, expires_at)"
	                     " VALUES ($1, $1, $2, 0, 1, $3)", key, whose, end)) ||
	    (err = db_change(db, NULL, "INSERT INTO reissue (session_id, set_id, account_id, codes, expires_at)"
	                     " VALUES ($1, $1, $2, x'00', $3)", key, whose, end)) ||
	    (err = db_change(db, NULL, "INSERT INTO invitation (id, organization_id, email, role, digest, invited_by, inviter,"
	                     " created_at, expires_at) VALUES ($1, $2, $5, 1, $1, $2, '', $3, $4)", key, whose, at, end,
	                     db_text(name))) ||
	    (err = db_change(db, NULL, "INSERT INTO mail_sent (id, purpose, address, network, known, at)"
	                     " VALUES ($1, 1, x'00', x'00', 0, $2)", key, at)))
		return err;
	return db_change(db, NULL, "INSERT INTO audit_event (at, action, address, browser, details) VALUES ($1, '', '', '', '')", at);
}

/* Of everything that expires: one row whose time has come long ago, one whose time is to come. */
static enum err fill(struct db *db, void *argument)
{
	static const struct id account = { "account" };
	enum err err;
	(void)argument;

	if ((err = db_change(db, NULL, "INSERT INTO signing_key (number, algorithm, point, sealed, created_at, signs_at)"
	                     " VALUES (1, 'ES256', x'00', x'00', 1000, 1000), (2, 'ES256', x'00', x'00', 1000, 2000)")) ||
	    (err = add_people(db, &account)) || (err = add_rows(db, &account, "k1", 1000, 2000)))
		return err;
	return add_rows(db, &account, "k2", NOW_S - 10, NOW_S + 10);
}

struct left {
	const char *table;
	int64_t rows;
};

static enum err count(struct db *db, void *argument)
{
	struct left *left = argument;

#define ROWS(name)                                                                           \
	if (!strcmp(left->table, name)) {                                                    \
		SCOPED(db_rows_done) struct db_rows rows = { 0 };                            \
		enum err err = db_one(db, &rows, "SELECT count(*), $1 FROM " name, db_int(0)); \
		if (!err)                                                                    \
			left->rows = db_get_int(&rows, 0);                                   \
		return err;                                                                  \
	}
	ROWS("session")
	ROWS("login")
	ROWS("known_device")
	ROWS("signup")
	ROWS("email_code")
	ROWS("setup")
	ROWS("reissue")
	ROWS("invitation")
	ROWS("mail_sent")
	ROWS("audit_event")
	ROWS("signing_key")
	ROWS("email_undo")
	return ERR_NOT_FOUND;
}

static void one_pass_removes_what_has_expired_and_nothing_else(void **state)
{
	static const char *const tables[] = { "session", "login", "known_device", "signup", "email_code",
		                              "setup", "reissue", "invitation", "mail_sent", "audit_event", "signing_key" };
	static const struct settings settings = { .audit_days = 400 };
	struct store *store = open_store();
	(void)state;

	assert_int_equal(store_change(store, fill, NULL), OK);
	assert_int_equal(housekeeping_pass(&settings, store, NOW_S, &going_on), OK);
	for (size_t i = 0; i < COUNT(tables); i++) {
		struct left left = { tables[i], -1 };

		if (store_read(store, count, &left) || left.rows != (i ? 1 : 2))
			fail_msg("%s: %d rows", tables[i], (int)left.rows);
	}
	store_close(store);
}

/* Two that were mailed for moves of one account, the later ending at NOW_S. */
static enum err fill_ways_back(struct db *db, void *argument)
{
	static const struct id account = { "account" };
	enum err err = add_people(db, &account);
	(void)argument;

	return err ? err : db_change(db, NULL, "INSERT INTO email_undo (token, account_id, email, expires_at) VALUES"
	                             " (x'01', $1, 'a@example.com', $2 - 100000), (x'02', $1, 'b@example.com', $2)",
	                             db_id(&account), db_int(NOW_S));
}

/* The first of them still says where the code of a set-up went that was begun before they ended. */
static void ways_back_go_together_and_not_before_a_code(void **state)
{
	static const struct settings settings = { .audit_days = 400 };
	static const struct { int64_t at_s, rows; } cases[] = { { NOW_S - 1, 2 }, { NOW_S + EMAIL_CODE_S - 1, 2 }, { NOW_S + EMAIL_CODE_S, 0 } };
	struct store *store = open_store();
	(void)state;

	assert_int_equal(store_change(store, fill_ways_back, NULL), OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct left left = { "email_undo", -1 };

		assert_int_equal(housekeeping_pass(&settings, store, cases[i].at_s, &going_on), OK);
		if (store_read(store, count, &left) || left.rows != cases[i].rows)
			fail_msg("%" PRId64 ": %" PRId64 " rows", cases[i].at_s - NOW_S, left.rows);
	}
	store_close(store);
}

static enum err fill_log(struct db *db, void *argument)
{
	(void)argument;
	return db_change(db, NULL, /* an event each second: NOW_S - 5000 + 1 … NOW_S - 5000 + 5000 */
	        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
	        " INSERT INTO audit_event (at, action, address, browser, details) SELECT $1 + i, '', '', '', '' FROM n",
	        db_int(NOW_S - 5000));
}

/* To the second, however many there are. */
static void events_are_kept_as_long_as_the_setting_says(void **state)
{
	static const struct settings settings = { .audit_days = 2 };
	struct store *store = open_store();
	struct left left = { "audit_event", -1 };
	(void)state;

	assert_int_equal(store_change(store, fill_log, NULL), OK);
	assert_int_equal(housekeeping_pass(&settings, store, NOW_S + 2 * 86400 - 10, &going_on), OK);
	assert_int_equal(store_read(store, count, &left), OK);
	assert_int_equal(left.rows, 10);
	store_close(store);
}

static enum err fill_sessions(struct db *db, void *argument)
{
	enum err err;
	(void)argument;

	if ((err = db_change(db, NULL, "INSERT INTO account (id, email, name, locale, password, password_at, created_at)"
	                     " VALUES ($1, 'kim@example.com', 'Kim', 'en', x'00', 0, 0)", db_blob("kim", 3))))
		return err;
	return db_change(db, NULL, /* half of them have ended, half are idle */
	        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
	        " INSERT INTO session (id, token, account_id, bearer, methods, remembered, signed_in_at, confirmed_at, last_seen_at, ends_at,"
	        " browser, address) SELECT CAST('s' || i AS BLOB), CAST('t' || i AS BLOB), $1, 0, 1, 0, 0, 0, CASE i % 2 WHEN 0 THEN $2 ELSE 5 END,"
	        " CASE i % 2 WHEN 0 THEN 5 ELSE $2 + 9 END, '', '' FROM n", db_blob("kim", 3), db_int(NOW_S));
}

static enum err forget_some_sessions(struct db *db, void *argument)
{
	return sessions_forget(db, NOW_S, argument);
}

/* Others' changes wait for one part alone. */
static void many_go_in_parts(void **state)
{
	static const struct settings settings = { .audit_days = 400 };
	static const atomic_bool told = true;
	struct store *store = open_store();
	struct left left = { "session", -1 };
	int64_t removed = 0;
	(void)state;

	assert_int_equal(store_change(store, fill_sessions, NULL), OK);
	assert_int_equal(store_change(store, forget_some_sessions, &removed), OK);
	assert_int_equal(removed, FORGET_ROWS);
	assert_int_equal(housekeeping_pass(&settings, store, NOW_S, &told), OK);
	assert_int_equal(store_read(store, count, &left), OK);
	assert_int_equal(left.rows, 1000 - FORGET_ROWS);
	assert_int_equal(housekeeping_pass(&settings, store, NOW_S, &going_on), OK);
	assert_int_equal(store_read(store, count, &left), OK);
	assert_int_equal(left.rows, 0);
	store_close(store);
}

static void its_thread_ends_when_it_is_told(void **state)
{
	static const struct settings settings = { .name = "twostep", .audit_days = 400 };
	struct store *store = open_store();
	struct housekeeping *housekeeping = NULL;
	(void)state;

	assert_int_equal(housekeeping_start(&settings, store, NULL, &housekeeping), OK);
	housekeeping_stop(housekeeping);
	housekeeping_stop(NULL);
	store_close(store);
}

static void a_database_knows_its_keyring(void **state)
{
	static const uint8_t first[MARK_BYTES] = { 1 }, second[MARK_BYTES] = { 2 };
	struct store *store = open_store();
	uint8_t found[MARK_BYTES];
	(void)state;

	assert_int_equal(mark_find(store, found), ERR_NOT_FOUND);
	assert_int_equal(mark_keep(store, first), OK);
	assert_int_equal(mark_keep(store, first), OK);
	assert_int_equal(mark_keep(store, second), ERR_CRYPTO);
	assert_int_equal(mark_find(store, found), OK);
	assert_memory_equal(found, first, MARK_BYTES);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_pass_removes_what_has_expired_and_nothing_else, make_place, remove_place),
		cmocka_unit_test_setup_teardown(ways_back_go_together_and_not_before_a_code, make_place, remove_place),
		cmocka_unit_test_setup_teardown(events_are_kept_as_long_as_the_setting_says, make_place, remove_place),
		cmocka_unit_test_setup_teardown(many_go_in_parts, make_place, remove_place),
		cmocka_unit_test_setup_teardown(its_thread_ends_when_it_is_told, make_place, remove_place),
		cmocka_unit_test_setup_teardown(a_database_knows_its_keyring, make_place, remove_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
