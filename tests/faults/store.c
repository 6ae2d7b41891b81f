/*
 * The n-th thing that the store asks of SQLite, memory or disk fails, for n = 1, 2, 3 … until there is none; alone, or
 * from then on all. The answer is a refusal or the truth, nothing stands by half, and once the trouble is over the same store goes on.
 */
#include "fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "faulty.h"

#define N_MAX    100000 /* far more than any of it takes */
#define TOGETHER      6
#define MANY_ROWS    12
#define ROW_BYTES  8000 /* two pages */

static void new_folder(struct fixture *fixture)
{
	*fixture = (struct fixture){ .store = NULL };
	fixture_folder(fixture, access("/dev/shm", W_OK) ? NULL : "/dev/shm");
}

/* The bytes of a new database: what each start on an empty folder would make again, step after step. */
static struct {
	size_t length;
	char bytes[1 << 20];
} template;

static void make_template(struct fixture *fixture)
{
	FILE *file;

	fixture_open(fixture);
	fixture_close(fixture);
	assert_non_null(file = fopen(fixture->path, "rb"));
	template.length = fread(template.bytes, 1, sizeof(template.bytes), file);
	assert_in_range(template.length, 1, sizeof(template.bytes) - 1);
	fclose(file);
}

/* A store that is open, in a folder of its own. */
static void new_store(struct fixture *fixture)
{
	new_folder(fixture);
	if (!template.length) {
		make_template(fixture);
	} else {
		FILE *file = fopen(fixture->path, "wb");

		assert_non_null(file);
		assert_int_equal(fwrite(template.bytes, 1, template.length, file), template.length);
		assert_int_equal(fclose(file), 0);
		assert_int_equal(chmod(fixture->path, 0600), 0);
	}
	fixture_open(fixture);
}

/* Numbers whose change was answered, and how. */
struct asked {
	int64_t number;
	enum err answer, expected;
	bool expected_there;
};

static void check(struct store *store, const struct asked *asked)
{
	bool there = has_number(store, asked->number);

	if (asked->answer == asked->expected && there != asked->expected_there)
		fail_msg("%" PRId64 " was answered %s and is %s", asked->number, err_name(asked->answer), there ? "there" : "not there");
	if (asked->answer != asked->expected && asked->answer != ERR_STORE)
		fail_msg("%" PRId64 " was answered %s", asked->number, err_name(asked->answer));
}

static enum err refuse(struct db *db, void *argument)
{
	enum err err = add_number(db, argument);

	return err ? err : ERR_CODE_REFUSED;
}

static enum err refuse_and_keep(struct db *db, void *argument)
{
	return db_keep(db, refuse(db, argument));
}

static enum err add_row(struct db *db, int64_t number, int64_t i)
{
	static const char filler[ROW_BYTES];
	char name[64];

	snprintf(name, sizeof(name), "filler %" PRId64 " of %" PRId64, i, number);
	return db_change(db, NULL, "INSERT INTO meta (name, value) VALUES ($1, $2)", db_text(name), db_blob(filler, sizeof(filler)));
}

/* Rows of more than the cache holds, made small for it: SQLite writes before the COMMIT, and rolls all back where it cannot. */
static enum err add_much(struct db *db, void *argument)
{
	const int64_t *number = argument;
	enum err err = db_change(db, NULL, "PRAGMA cache_size = 10");

	if (!err)
		err = add_number(db, argument);
	for (int64_t i = 0; i < MANY_ROWS && !err; i++)
		err = add_row(db, *number, i);
	return err;
}

/* Does not look whether any of it failed; what comes after must not be written outside the transaction. */
static enum err add_much_without_care(struct db *db, void *argument)
{
	const int64_t *number = argument;

	(void)!db_change(db, NULL, "PRAGMA cache_size = 10");
	(void)!add_number(db, argument);
	for (int64_t i = 0; i < MANY_ROWS; i++)
		(void)!add_row(db, *number, i);
	return OK;
}

/* One after the other, each of another kind. */
static const struct { store_function *change; enum err expected; bool stays; } kinds[] = {
	{ add_number, OK, true },
	{ refuse_and_keep, ERR_CODE_REFUSED, true },
	{ refuse, ERR_CODE_REFUSED, false },
	{ add_much, OK, true },
	{ add_much_without_care, OK, true },
	{ add_number, OK, true },
};

struct together {
	struct store *store;
	store_function *change;
	pthread_t thread;
	bool started;
	struct asked asked;
};

static void *change_together(void *argument)
{
	struct together *one = argument;

	one->asked.answer = store_change(one->store, one->change, &one->asked.number);
	return NULL;
}

/* A number as text: SQLite needs memory to answer it, at a place where there is no error to return. */
static enum err read_as_text(struct db *db, char out[static 32])
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT $1 + 1", db_int(12344));

	if (!err && strcmp(db_get_text(&rows, 0), "12345"))
		snprintf(out, 32, "not 12345");
	return err;
}

static enum err read_something(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT name FROM meta WHERE name = $1", db_text("number 0"));

	if (!err)
		err = db_copy_text(&rows, 0, argument, 32);
	return err ? err : read_as_text(db, argument);
}

/* What a running server asks, with faults. */
struct run {
	struct asked alone[COUNT(kinds)];
	struct together together[TOGETHER];
};

static void run_all(struct store *store, struct run *run)
{
	char name[32] = "";
	enum err err;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		run->alone[i] = (struct asked){ 1 + (int64_t)i, OK, kinds[i].expected, kinds[i].stays };
		run->alone[i].answer = store_change(store, kinds[i].change, &run->alone[i].number);
	}
	for (size_t i = 0; i < TOGETHER; i++) {
		struct together *one = &run->together[i];
		*one = (struct together){ store, i ? add_number : add_much, .asked = { 100 + (int64_t)i, ERR_STORE, OK, true } };
		one->started = !pthread_create(&one->thread, NULL, change_together, one);
	}
	err = store_read(store, read_something, name);
	if (err ? err != ERR_STORE : strcmp(name, "number 0") != 0)
		fail_msg("a read was answered %s, '%s'", err_name(err), name);
	for (size_t i = 0; i < TOGETHER; i++)
		if (run->together[i].started)
			pthread_join(run->together[i].thread, NULL);
}

static void check_all(struct store *store, const struct run *run)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		check(store, &run->alone[i]);
	for (size_t i = 0; i < TOGETHER; i++)
		if (run->together[i].started)
			check(store, &run->together[i].asked);
	count_numbers(store);
	assert_int_equal(ask_number(store, "SELECT COUNT(*) FROM meta WHERE name LIKE 'filler %'") % MANY_ROWS, 0);
	assert_int_equal(ask_number(store, "SELECT COUNT(*) FROM pragma_integrity_check() WHERE integrity_check <> 'ok'"), 0);
}

/* No restart: what store_probe says is so is so. */
static void check_recovery(struct fixture *fixture, const struct run *run, enum fault fault, int n)
{
	int64_t number = 500;
	enum err err;

	if ((err = store_probe(fixture->store)))
		fail_msg("still down after %s %d: %s", faulty_name(fault), n, err_name(err));
	assert_int_equal(store_change(fixture->store, add_number, &number), OK);
	check_all(fixture->store, run);
	fixture_close(fixture);
	fixture_open(fixture);
	assert_true(has_number(fixture->store, number));
	check_all(fixture->store, run);
}

/* True where a fault was met. */
static bool run_with(enum fault fault, int n, bool on)
{
	struct fixture fixture;
	struct run run;
	int64_t number = 0;
	bool hit;

	new_store(&fixture);
	assert_int_equal(store_change(fixture.store, add_number, &number), OK);
	faulty_arm(fault, n, on);
	run_all(fixture.store, &run);
	hit = faulty_disarm();
	check_recovery(&fixture, &run, fault, n);
	fixture_remove(&fixture);
	return hit;
}

/* Every n at first, then ever fewer: the thousandth allocation or page is like the one before. */
static int next_n(int n)
{
	return n < 30 ? n + 1 : n + n / 3;
}

static void run_until_none(enum fault fault, bool on, bool (*run)(enum fault fault, int n, bool on))
{
	int n = 1, met = 0;

	for (; n < N_MAX && run(fault, n, on); n = next_n(n))
		met++;
	if (n >= N_MAX)
		fail_msg("%s still fails at %d", faulty_name(fault), n);
	if (!met)
		fail_msg("%s was never asked for", faulty_name(fault));
}

/* The disk is full for this one alone. */
static enum err fill_and_add(struct db *db, void *argument)
{
	enum err err;

	faulty_arm(FAULT_FULL, 1, true);
	err = add_much(db, argument);
	(void)faulty_disarm();
	return err;
}

static sem_t begun, go_on;

static enum err hold(struct db *db, void *argument)
{
	sem_post(&begun);
	while (sem_wait(&go_on))
		;
	return add_number(db, argument);
}

static void start(struct together *one, struct store *store, store_function *change, int64_t number)
{
	*one = (struct together){ store, change, .asked = { number, ERR_INVALID, OK, true } };
	assert_int_equal(pthread_create(&one->thread, NULL, change_together, one), 0);
}

/* One of a group takes the transaction of all with it: the others are run again, and stand. */
static void runs_the_others_again_when_one_takes_all_with_it(void **state)
{
	struct fixture fixture;
	struct together held, group[TOGETHER];

	(void)state;
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	new_store(&fixture);
	start(&held, fixture.store, hold, 0);
	while (sem_wait(&begun))
		;
	for (size_t i = 0; i < TOGETHER; i++) {
		start(&group[i], fixture.store, i == TOGETHER / 2 ? fill_and_add : add_number, 1 + (int64_t)i);
		usleep(20000); /* queued in this order */
	}
	sem_post(&go_on);
	pthread_join(held.thread, NULL);
	for (size_t i = 0; i < TOGETHER; i++) {
		pthread_join(group[i].thread, NULL);
		assert_int_equal(group[i].asked.answer, i == TOGETHER / 2 ? ERR_STORE : OK);
		assert_int_equal(has_number(fixture.store, group[i].asked.number), i != TOGETHER / 2);
	}
	assert_int_equal(count_numbers(fixture.store), TOGETHER);
	fixture_remove(&fixture);
}

static const enum fault running_faults[] = {
	FAULT_STEP, FAULT_STEP_DONE, FAULT_PREPARE, FAULT_BIND, FAULT_SQLITE_MEMORY, FAULT_WRITE_PART, FAULT_FULL, FAULT_SYNC,
};

static void refuses_changes_when_one_thing_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(running_faults); i++)
		run_until_none(running_faults[i], false, run_with);
}

static void refuses_changes_when_all_fails_from_then_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(running_faults); i++)
		run_until_none(running_faults[i], true, run_with);
}

/* How often each number was asked of the database: a change that ran once more would show, also where that harmed nothing. */
static atomic_int runs[TOGETHER];

static enum err count_and_add(struct db *db, void *argument)
{
	const int64_t *number = argument;

	runs[*number]++;
	return add_number(db, argument);
}

static void check_once(struct store *store, const struct together *one, bool stands)
{
	int64_t number = one->asked.number;

	if (runs[number] != 1)
		fail_msg("%" PRId64 " was run %d times", number, runs[number]);
	if (one->asked.answer && one->asked.answer != ERR_STORE)
		fail_msg("%" PRId64 " was answered %s", number, err_name(one->asked.answer));
	if (has_number(store, number) != (!one->asked.answer || stands))
		fail_msg("%" PRId64 " was answered %s", number, err_name(one->asked.answer));
}

/* Several wait together; the n-th COMMIT fails for all of its group, having been done or not. */
static bool commit_with(enum fault fault, int n, bool on)
{
	struct fixture fixture;
	struct together group[TOGETHER];
	bool hit;

	new_store(&fixture);
	faulty_arm(fault, n, on);
	for (size_t i = 0; i < TOGETHER; i++) {
		runs[i] = 0;
		start(&group[i], fixture.store, count_and_add, (int64_t)i);
	}
	for (size_t i = 0; i < TOGETHER; i++)
		pthread_join(group[i].thread, NULL);
	hit = faulty_disarm();
	for (size_t i = 0; i < TOGETHER; i++)
		check_once(fixture.store, &group[i], fault == FAULT_COMMIT_DONE);
	fixture_remove(&fixture);
	return hit;
}

static void never_repeats_a_commit_of_unknown_outcome(void **state)
{
	(void)state;
	run_until_none(FAULT_COMMIT, false, commit_with);
	run_until_none(FAULT_COMMIT_DONE, false, commit_with);
}

/* Closed in the middle of trouble: what was acknowledged is there at the next start. */
static bool close_with(enum fault fault, int n, bool on)
{
	struct fixture fixture;
	struct asked asked = { 1, OK, OK, true };
	bool hit;

	new_store(&fixture);
	assert_int_equal(store_change(fixture.store, add_number, &asked.number), OK);
	faulty_arm(fault, n, on);
	fixture_close(&fixture);
	hit = faulty_disarm();
	fixture_open(&fixture);
	check(fixture.store, &asked);
	fixture_remove(&fixture);
	return hit;
}

static void loses_nothing_when_closing_fails(void **state)
{
	static const enum fault faults[] = { FAULT_WRITE_PART, FAULT_FULL, FAULT_SYNC };

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		run_until_none(faults[i], false, close_with);
		run_until_none(faults[i], true, close_with);
	}
}

/* A start that fails says why, and the next one, without the trouble, finishes what it began. */
static bool start_with(enum fault fault, int n, bool on)
{
	struct fixture fixture;
	const char *why = NULL;
	bool created, hit;
	enum err err;

	new_folder(&fixture);
	faulty_arm(fault, n, on);
	err = store_open(fixture.path, &fixture.store, &created, &why);
	hit = faulty_disarm();
	if (err && (err != ERR_STORE || !why || !*why))
		fail_msg("%s %d: refused with %s, '%s'", faulty_name(fault), n, err_name(err), why ? why : "");
	if (err)
		assert_null(fixture.store);
	if (!err)
		fixture_close(&fixture);
	fixture_open(&fixture);
	assert_int_equal(store_probe(fixture.store), OK);
	assert_int_equal(count_numbers(fixture.store), 0);
	assert_int_equal(ask_number(fixture.store, "SELECT COUNT(*) FROM migration"),
	                 ask_number(fixture.store, "SELECT MAX(number) FROM migration"));
	fixture_remove(&fixture);
	return hit;
}

static void starts_again_after_a_start_that_failed(void **state)
{
	static const enum fault faults[] = {
		FAULT_STEP, FAULT_PREPARE, FAULT_BIND, FAULT_SCRIPT, FAULT_OPEN, FAULT_MEMORY, FAULT_THREAD, FAULT_SQLITE_MEMORY,
		FAULT_READ, FAULT_WRITE, FAULT_WRITE_PART, FAULT_FULL, FAULT_SYNC, FAULT_TRUNCATE, FAULT_MAP,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++)
		run_until_none(faults[i], false, start_with);
}

/* A reader that cannot be opened is an answer that could not be told, not an empty one. */
static bool read_with(enum fault fault, int n, bool on)
{
	struct fixture fixture;
	int64_t number = 0;
	char name[32] = "";
	enum err err;
	bool hit;

	new_store(&fixture);
	assert_int_equal(store_change(fixture.store, add_number, &number), OK);
	faulty_arm(fault, n, on);
	err = store_read(fixture.store, read_something, name);
	hit = faulty_disarm();
	if (err ? err != ERR_STORE : strcmp(name, "number 0") != 0)
		fail_msg("%s %d: a read was answered %s, '%s'", faulty_name(fault), n, err_name(err), name);
	assert_int_equal(store_read(fixture.store, read_something, name), OK);
	fixture_remove(&fixture);
	return hit;
}

static void refuses_reads_that_fail(void **state)
{
	static const enum fault faults[] = {
		FAULT_STEP, FAULT_PREPARE, FAULT_BIND, FAULT_SCRIPT, FAULT_OPEN, FAULT_MEMORY, FAULT_SQLITE_MEMORY, FAULT_READ,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++)
		run_until_none(faults[i], false, read_with);
}

/* Failing twice: refused at once, without asking the disk, until the writer's own try finds room again. */
static void comes_back_when_there_is_room_again(void **state)
{
	struct fixture fixture;
	int64_t number = 0;
	int tries = 0;

	(void)state;
	new_store(&fixture);
	faulty_arm(FAULT_FULL, 1, true);
	for (; number < 3; number++)
		assert_int_equal(store_change(fixture.store, add_number, &number), ERR_STORE);
	assert_true(faulty_disarm());

	while (store_change(fixture.store, add_number, &number) && ++tries < 100)
		usleep(100000);
	assert_in_range(tries, 0, 99);
	assert_int_equal(count_numbers(fixture.store), 1);
	fixture_remove(&fixture);
}

static void answers_a_probe_with_the_truth(void **state)
{
	struct fixture fixture;
	int64_t number = 0;

	(void)state;
	new_store(&fixture);
	assert_int_equal(store_probe(fixture.store), OK);
	faulty_arm(FAULT_FULL, 1, true);
	assert_int_equal(store_change(fixture.store, add_number, &number), ERR_STORE);
	for (int i = 0; i < 5; i++)
		assert_int_equal(store_probe(fixture.store), ERR_STORE);
	assert_true(faulty_disarm());
	assert_int_equal(store_probe(fixture.store), OK); /* at once */
	assert_int_equal(store_change(fixture.store, add_number, &number), OK);
	fixture_remove(&fixture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_when_there_is_room_again),
		cmocka_unit_test(runs_the_others_again_when_one_takes_all_with_it),
		cmocka_unit_test(never_repeats_a_commit_of_unknown_outcome),
		cmocka_unit_test(answers_a_probe_with_the_truth),
		cmocka_unit_test(refuses_reads_that_fail),
		cmocka_unit_test(starts_again_after_a_start_that_failed),
		cmocka_unit_test(loses_nothing_when_closing_fails),
		cmocka_unit_test(refuses_changes_when_one_thing_fails),
		cmocka_unit_test(refuses_changes_when_all_fails_from_then_on),
	};

	faulty_setup();
	if (!getenv("TWOSTEP_LOG_LEVEL"))
		log_setup((enum log_level)-1, false); /* thousands of faults, each in a line */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
