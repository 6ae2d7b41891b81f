/* What store_change and store_read promise to the functions that run in them. */
#include "fixture.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

static void keeps_what_it_acknowledged(void **state)
{
	struct fixture *fixture = *state;
	int64_t number = 7;

	assert_int_equal(store_change(fixture->store, add_number, &number), OK);
	assert_true(has_number(fixture->store, 7));
	fixture_close(fixture);
	fixture_open(fixture);
	assert_true(has_number(fixture->store, 7));
}

static void decides_a_race_by_the_row_count(void **state)
{
	struct fixture *fixture = *state;
	int64_t number = 7;

	assert_int_equal(store_change(fixture->store, add_number, &number), OK);
	assert_int_equal(store_change(fixture->store, add_number, &number), ERR_WRONG_STATE);
	assert_int_equal(count_numbers(fixture->store), 1);
}

/* Adds its number, then answers as told. */
struct verdict {
	int64_t number;
	enum err err;
	bool keep;
};

static enum err add_and_say(struct db *db, void *argument)
{
	struct verdict *verdict = argument;
	enum err err = add_number(db, &verdict->number);

	if (err)
		return err;
	return verdict->keep ? db_keep(db, verdict->err) : verdict->err;
}

static void rolls_back_what_is_not_kept(void **state)
{
	static const struct { enum err err; bool keep, stays; } cases[] = {
		{ OK, false, true },
		{ OK, true, true },
		{ ERR_CODE_REFUSED, false, false },
		{ ERR_CODE_REFUSED, true, true },
		{ ERR_TOO_MANY, true, true },
		{ ERR_STORE, false, false },
		{ ERR_STORE, true, false }, /* could not tell: no verdict to keep */
		{ ERR_CRYPTO, true, false },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct verdict verdict = { (int64_t)i, cases[i].err, cases[i].keep };
		assert_int_equal(store_change(fixture->store, add_and_say, &verdict), cases[i].err);
		if (has_number(fixture->store, (int64_t)i) != cases[i].stays)
			fail_msg("row %zu: %s, %s", i, err_name(cases[i].err), cases[i].stays ? "lost" : "stayed");
	}
}

static enum err keep_one_answer_another(struct db *db, void *argument)
{
	enum err err = add_number(db, argument);

	if (err)
		return err;
	(void)db_keep(db, ERR_CODE_REFUSED);
	return ERR_NOT_FOUND;
}

static void keeps_only_the_refusal_that_was_named(void **state)
{
	struct fixture *fixture = *state;
	int64_t number = 1;

	assert_int_equal(store_change(fixture->store, keep_one_answer_another, &number), ERR_NOT_FOUND);
	assert_false(has_number(fixture->store, 1));
}

/* Goes on after a statement that failed, as a careless rule might. */
static enum err ignore_a_fault(struct db *db, void *argument)
{
	int64_t changed = 77;

	(void)!add_number(db, argument);
	assert_int_equal(db_change(db, &changed, "INSERT INTO meta (name, value) VALUES ($1, $1)", db_text("no blob")), ERR_STORE);
	assert_int_equal(changed, 77);
	assert_int_equal(db_change(db, &changed, "DELETE FROM meta"), ERR_STORE);
	return OK;
}

static void refuses_after_a_fault_whatever_the_function_says(void **state)
{
	struct fixture *fixture = *state;
	int64_t one = 1, two = 2;

	assert_int_equal(store_change(fixture->store, add_number, &one), OK);
	assert_int_equal(store_change(fixture->store, ignore_a_fault, &two), ERR_STORE);
	assert_int_equal(store_read(fixture->store, ignore_a_fault, &two), ERR_STORE);
	assert_int_equal(count_numbers(fixture->store), 1);
}

/* Leaves with rows open, one of them of a statement that writes. */
static enum err forget_rows(struct db *db, void *argument)
{
	struct db_rows reading = { 0 }, writing = { 0 };
	int64_t *number = argument;

	if (db_one(db, &reading, "SELECT name FROM sqlite_schema") ||
	    db_one(db, &writing, "INSERT INTO meta (name, value) VALUES ($1, $2), ($3, $2) RETURNING name", db_text("a"),
	           db_blob("", 0), db_text("b")))
		return ERR_STORE;
	return add_number(db, number) ? ERR_STORE : ERR_NOT_FOUND;
}

static void closes_rows_that_a_function_forgot(void **state)
{
	struct fixture *fixture = *state;

	for (int64_t i = 0; i < 3; i++) {
		int64_t number = i;
		assert_int_equal(store_change(fixture->store, forget_rows, &number), ERR_NOT_FOUND);
		assert_int_equal(store_change(fixture->store, add_number, &number), OK);
	}
	assert_int_equal(count_numbers(fixture->store), 3);
	assert_int_equal(ask_number(fixture->store, "SELECT COUNT(*) FROM meta WHERE name IN ('a', 'b')"), 0);
}

static enum err count_up(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "INSERT INTO failure (kind, subject, network, count, blocked_until, changed_at) VALUES (1, $1, $2, 1, 0, 0)"
	        " ON CONFLICT (kind, subject, network) DO UPDATE SET count = failure.count + 1 RETURNING count",
	        db_blob("subject", 7), db_blob(NULL, 0));
	if (err)
		return err;

	*(int64_t *)argument = db_get_int(&rows, 0);
	return OK;
}

static void returns_what_a_statement_wrote(void **state)
{
	struct fixture *fixture = *state;
	int64_t count = 0;

	for (int64_t i = 1; i <= 3; i++) {
		assert_int_equal(store_change(fixture->store, count_up, &count), OK);
		assert_int_equal(count, i);
	}
}

/* Rows for nobody, and not read to their end. */
static enum err break_a_reference(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	(void)argument;
	return db_one(db, &rows,
	              "INSERT INTO recovery_set (id, account_id, issued_at) VALUES ($1, $1, 0), ($2, $2, 0) RETURNING issued_at",
	              db_blob("x", 1), db_blob("y", 1));
}

static void refuses_a_broken_reference(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(store_change(fixture->store, break_a_reference, NULL), ERR_STORE);
	assert_int_equal(ask_number(fixture->store, "SELECT COUNT(*) FROM recovery_set"), 0);
}

static enum err write_in_a_read(struct db *db, void *argument)
{
	return add_number(db, argument);
}

static void writes_nothing_in_a_read(void **state)
{
	struct fixture *fixture = *state;
	int64_t number = 1;

	assert_int_equal(store_read(fixture->store, write_in_a_read, &number), ERR_STORE);
	assert_int_equal(count_numbers(fixture->store), 0);
}

static enum err use_values_wrongly(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	switch (*(int *)argument) {
	case 0: return db_change(db, NULL, "SELECT 1");                                 /* rows where none are expected */
	case 1: return db_change(db, NULL, "DELETE FROM meta WHERE name = $1");         /* a value too few */
	case 2: return db_change(db, NULL, "DELETE FROM meta", db_int(1));              /* one too many */
	case 3: return db_change(db, NULL, "DELETE FROM meta; DELETE FROM meta");       /* two statements */
	case 4: return db_change(db, NULL, "");
	case 5: return db_change(db, NULL, "DELETE FROM meta WHERE name = ?", db_int(1));
	case 6: return db_one(db, &rows, "SELECT nothing FROM nowhere");
	case 7: return db_change(db, NULL, "DELETE FROM meta WHERE name = \"a string\"");
	default: return db_next(&rows);
	}
}

static void refuses_statements_used_wrongly(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i <= 8; i++)
		if (store_change(fixture->store, use_values_wrongly, &i) != ERR_STORE)
			fail_msg("case %d was taken", i);
}

static enum err bind_out_of_order(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT $3, $1, $2, $1, $4, $5", db_int(1), db_text("two"), db_int(3), db_null(), db_time(0));

	if (err)
		return err;
	*(bool *)argument = db_get_int(&rows, 0) == 3 && db_get_int(&rows, 1) == 1 && !strcmp(db_get_text(&rows, 2), "two") &&
	                    db_get_int(&rows, 3) == 1 && db_is_null(&rows, 4) && db_is_null(&rows, 5) &&
	                    !strcmp(db_get_text(&rows, 4), "");
	return db_next(&rows) == ERR_NOT_FOUND && db_next(&rows) == ERR_NOT_FOUND ? OK : ERR_INVALID;
}

static void binds_values_by_their_number(void **state)
{
	struct fixture *fixture = *state;
	bool right = false;

	assert_int_equal(store_read(fixture->store, bind_out_of_order, &right), OK);
	assert_true(right);
}

static enum err forget_the_value(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	char text[] = "given";
	enum err err = db_query(db, &rows, "SELECT $1 = 'given'", db_text(text));

	memcpy(text, "taken", sizeof(text));
	if (!err && !(err = db_next(&rows)))
		*(bool *)argument = db_get_int(&rows, 0);
	return err;
}

static void keeps_values_for_its_rows(void **state)
{
	struct fixture *fixture = *state;
	bool right = false;

	assert_int_equal(store_read(fixture->store, forget_the_value, &right), OK);
	assert_true(right);
}

static enum err copy_columns(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	static const uint8_t id[ID_BYTES] = "0123456789abcdef";
	struct id found;
	char text[4];
	size_t length = 9;
	enum err err = db_one(db, &rows, "SELECT $1, $2, $3, $4, $5", db_blob(id, sizeof(id)), db_blob(id, 3), db_text("abc"),
	        db_text("abcd"), db_blob(NULL, 0));

	(void)argument;
	assert_int_equal(err, OK);
	assert_int_equal(db_get_id(&rows, 0, &found), OK);
	assert_memory_equal(found.bytes, id, ID_BYTES);
	assert_int_equal(db_get_id(&rows, 1, &found), ERR_STORE); /* a damaged row */
	assert_memory_equal(found.bytes, id, ID_BYTES);
	assert_int_equal(db_get_id(&rows, 9, &found), OK);
	assert_true(id_empty(&found));
	assert_int_equal(db_copy_text(&rows, 2, text, sizeof(text)), OK);
	assert_string_equal(text, "abc");
	assert_int_equal(db_copy_text(&rows, 3, text, sizeof(text)), ERR_STORE);
	assert_string_equal(text, "abc");
	assert_non_null(db_get_blob(&rows, 4, &length));
	assert_int_equal(length, 0);
	return OK;
}

static void copies_only_what_fits(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(store_read(fixture->store, copy_columns, NULL), OK);
}

/* The same literal, each level inside the rows of the one above: more than a set of kept statements has places for. */
static int64_t nest(struct db *db, int depth)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	int64_t seen = 0;

	if (!depth || db_query(db, &rows, "SELECT $1 UNION ALL SELECT 10 * $1", db_int(depth)))
		return 0;
	while (!db_next(&rows))
		seen += db_get_int(&rows, 0) + nest(db, depth - 1);
	return seen;
}

static enum err nest_queries(struct db *db, void *argument)
{
	*(int64_t *)argument = nest(db, 7);
	return OK;
}

static void runs_a_query_inside_its_own_rows(void **state)
{
	struct fixture *fixture = *state;
	int64_t seen = 0, expected = 0;

	for (int depth = 7; depth >= 1; depth--)
		expected += (int64_t)11 * depth << (7 - depth);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_read(fixture->store, nest_queries, &seen), OK);
		assert_int_equal(seen, expected);
	}
}

struct snapshot {
	struct store *store;
	int64_t before, after;
};

static enum err count_rows(struct db *db, int64_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT COUNT(*) FROM audit_event");

	*count = err ? -1 : db_get_int(&rows, 0);
	return err;
}

static enum err look_twice(struct db *db, void *argument)
{
	struct snapshot *snapshot = argument;
	int64_t number = 5;
	enum err err;

	if ((err = count_rows(db, &snapshot->before)) || (err = store_change(snapshot->store, add_number, &number)))
		return err;
	return count_rows(db, &snapshot->after);
}

static void reads_one_moment(void **state)
{
	struct fixture *fixture = *state;
	struct snapshot snapshot = { fixture->store, -1, -1 };

	assert_int_equal(store_read(fixture->store, look_twice, &snapshot), OK);
	assert_int_equal(snapshot.before, 0);
	assert_int_equal(snapshot.after, 0);
	assert_int_equal(count_numbers(fixture->store), 1);
}

static enum err change_inside(struct db *db, void *argument)
{
	struct fixture *fixture = argument;
	int64_t number = 1;

	(void)db;
	return store_change(fixture->store, add_number, &number);
}

static void refuses_a_change_inside_a_change(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(store_change(fixture->store, change_inside, fixture), ERR_STORE);
	assert_int_equal(count_numbers(fixture->store), 0);
}

#define THREADS          32
#define CHANGES_OF_EACH  16 /* 512 in all */

struct crowd {
	struct store *store;
	pthread_t thread;
	int64_t first;
	int acknowledged;
};

static void *add_many(void *argument)
{
	struct crowd *member = argument;

	for (int64_t i = 0; i < CHANGES_OF_EACH; i++) {
		struct verdict verdict = { member->first + i, i % 4 == 3 ? ERR_CODE_REFUSED : OK, i % 8 == 7 };
		enum err err = store_change(member->store, add_and_say, &verdict);
		member->acknowledged += err == verdict.err;
	}
	return NULL;
}

/* A quarter is refused, half of these kept. */
static void counts_all_changes_of_many_threads(void **state)
{
	struct fixture *fixture = *state;
	struct crowd crowd[THREADS];
	int acknowledged = 0;

	for (int64_t i = 0; i < THREADS; i++) {
		crowd[i] = (struct crowd){ .store = fixture->store, .first = i * CHANGES_OF_EACH };
		assert_int_equal(pthread_create(&crowd[i].thread, NULL, add_many, &crowd[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(crowd[i].thread, NULL);
		acknowledged += crowd[i].acknowledged;
	}
	assert_int_equal(acknowledged, THREADS * CHANGES_OF_EACH);
	assert_int_equal(count_numbers(fixture->store), THREADS * CHANGES_OF_EACH * 7 / 8);
	for (int64_t i = 0; i < THREADS * CHANGES_OF_EACH; i++)
		if (has_number(fixture->store, i) != (i % 8 != 3))
			fail_msg("change %" PRId64 " of the crowd", i);
}

static void *read_many(void *argument)
{
	struct crowd *member = argument;

	for (int64_t i = 0; i < CHANGES_OF_EACH; i++) {
		struct snapshot snapshot = { .store = member->store };
		member->acknowledged += store_read(member->store, look_twice, &snapshot) == ERR_WRONG_STATE;
	}
	return NULL;
}

/* More threads than connections, each holding its reader while it waits for the writer. */
static void lends_readers_to_more_threads_than_there_are(void **state)
{
	struct fixture *fixture = *state;
	struct crowd crowd[STORE_READERS * 2];
	int64_t number = 5;

	assert_int_equal(store_change(fixture->store, add_number, &number), OK);
	for (size_t i = 0; i < COUNT(crowd); i++) {
		crowd[i] = (struct crowd){ .store = fixture->store };
		assert_int_equal(pthread_create(&crowd[i].thread, NULL, read_many, &crowd[i]), 0);
	}
	for (size_t i = 0; i < COUNT(crowd); i++) {
		pthread_join(crowd[i].thread, NULL);
		assert_int_equal(crowd[i].acknowledged, CHANGES_OF_EACH);
	}
}

struct woken {
	atomic_int times;
	atomic_uint bits;
};

static void take_note(void *to, unsigned bits)
{
	struct woken *woken = to;

	woken->times++;
	woken->bits |= bits;
}

static enum err ask_for_a_wake(struct db *db, void *argument)
{
	db_wake(db, DB_WAKE_MAIL);
	return add_and_say(db, argument);
}

static void wakes_others_after_a_commit(void **state)
{
	static const struct { struct verdict verdict; int times; } cases[] = {
		{ { 1, OK, false }, 1 }, { { 2, ERR_CODE_REFUSED, false }, 0 }, { { 3, ERR_CODE_REFUSED, true }, 1 },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct woken woken = { 0 };
		struct verdict verdict = cases[i].verdict;
		int64_t quiet = 100 + (int64_t)i;
		store_on_wake(fixture->store, take_note, &woken);
		assert_int_equal(store_change(fixture->store, ask_for_a_wake, &verdict), verdict.err);
		assert_int_equal(store_change(fixture->store, add_number, &quiet), OK);
		assert_int_equal(woken.times, cases[i].times);
		assert_int_equal(woken.bits, cases[i].times ? DB_WAKE_MAIL : 0);
	}
}

static void answers_its_probe(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 3; i++)
		assert_int_equal(store_probe(fixture->store), OK);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	static const struct CMUnitTest tests[] = {
		WITH_STORE(keeps_what_it_acknowledged),
		WITH_STORE(decides_a_race_by_the_row_count),
		WITH_STORE(rolls_back_what_is_not_kept),
		WITH_STORE(keeps_only_the_refusal_that_was_named),
		WITH_STORE(refuses_after_a_fault_whatever_the_function_says),
		WITH_STORE(closes_rows_that_a_function_forgot),
		WITH_STORE(returns_what_a_statement_wrote),
		WITH_STORE(refuses_a_broken_reference),
		WITH_STORE(writes_nothing_in_a_read),
		WITH_STORE(refuses_statements_used_wrongly),
		WITH_STORE(binds_values_by_their_number),
		WITH_STORE(keeps_values_for_its_rows),
		WITH_STORE(copies_only_what_fits),
		WITH_STORE(runs_a_query_inside_its_own_rows),
		WITH_STORE(reads_one_moment),
		WITH_STORE(refuses_a_change_inside_a_change),
		WITH_STORE(counts_all_changes_of_many_threads),
		WITH_STORE(lends_readers_to_more_threads_than_there_are),
		WITH_STORE(wakes_others_after_a_commit),
		WITH_STORE(answers_its_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
