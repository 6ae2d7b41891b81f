/* Changes that wait together are committed together: counted at sqlite3_step, which the linker leads through here. */
#include "fixture.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

int __real_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement);

static atomic_int commits, members, largest, savepoints;
static int members_of_this; /* the writer's alone */

int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
	const char *sql = sqlite3_sql(statement);

	if (!strcmp(sql, "BEGIN IMMEDIATE"))
		members_of_this = 0;
	if (!strncmp(sql, "INSERT INTO meta", 16)) /* as add_number begins */
		members_of_this++;
	savepoints += !strncmp(sql, "SAVEPOINT", 9);
	if (!strcmp(sql, "COMMIT") && members_of_this) { /* not that of a read */
		commits++;
		members += members_of_this;
		if (members_of_this > largest)
			largest = members_of_this;
		members_of_this = 0;
	}
	return __real_sqlite3_step(statement);
}

static void forget_counts(void)
{
	commits = members = largest = savepoints = 0;
}

#define WAITING 300 /* more than STORE_BATCH */

struct member {
	struct store *store;
	pthread_t thread;
	int64_t number;
	enum err answer;
};

static sem_t begun, go_on;
static atomic_int asking;

/* Holds the writer for longer than it collects, while the others queue up. */
static enum err hold(struct db *db, void *argument)
{
	sem_post(&begun);
	while (sem_wait(&go_on))
		;
	return add_number(db, argument);
}

static void *change_held(void *argument)
{
	struct member *member = argument;

	member->answer = store_change(member->store, hold, &member->number);
	return NULL;
}

static void *change_one(void *argument)
{
	struct member *member = argument;

	asking++;
	member->answer = store_change(member->store, add_number, &member->number);
	return NULL;
}

static void start(struct fixture *fixture, struct member *member, int64_t number, void *(*run)(void *argument))
{
	*member = (struct member){ .store = fixture->store, .number = number, .answer = ERR_INVALID };
	assert_int_equal(pthread_create(&member->thread, NULL, run, member), 0);
}

static void commits_those_that_wait_together(void **state)
{
	struct fixture *fixture = *state;
	static struct member first, waiting[WAITING];

	forget_counts();
	asking = 0;
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	start(fixture, &first, WAITING, change_held);
	while (sem_wait(&begun))
		;
	for (int64_t i = 0; i < WAITING; i++)
		start(fixture, &waiting[i], i, change_one);
	while (asking < WAITING)
		sched_yield();
	usleep(300000); /* for the last of them to be queued */
	sem_post(&go_on);
	pthread_join(first.thread, NULL);
	assert_int_equal(first.answer, OK);
	for (size_t i = 0; i < WAITING; i++) {
		pthread_join(waiting[i].thread, NULL);
		assert_int_equal(waiting[i].answer, OK);
	}
	assert_int_equal(members, WAITING + 1);
	assert_int_equal(largest, STORE_BATCH);
	assert_int_equal(commits, 3); /* the held one alone, STORE_BATCH, the rest */
	assert_int_equal(count_numbers(fixture->store), WAITING + 1);
}

/* Lasts until the other has asked, and a little longer. */
static enum err wait_for_another(struct db *db, void *argument)
{
	sem_post(&begun);
	while (!asking)
		sched_yield();
	usleep(500);
	return add_number(db, argument);
}

static void *change_slowly(void *argument)
{
	struct member *member = argument;

	member->answer = store_change(member->store, wait_for_another, &member->number);
	return NULL;
}

/* One that is asked for while another runs goes with it. On a busy machine it may come too late: one of many must not. */
static void collects_while_it_runs(void **state)
{
	struct fixture *fixture = *state;
	struct member first, second;

	forget_counts();
	sem_init(&begun, 0, 0);
	for (int64_t i = 0; i < 100 && largest < 2; i++) {
		forget_counts();
		asking = 0;
		start(fixture, &first, 2 * i, change_slowly);
		while (sem_wait(&begun))
			;
		start(fixture, &second, 2 * i + 1, change_one);
		pthread_join(first.thread, NULL);
		pthread_join(second.thread, NULL);
		assert_int_equal(first.answer, OK);
		assert_int_equal(second.answer, OK);
		assert_int_equal(members, 2);
	}
	assert_int_equal(commits, 1);
}

static void commits_one_that_is_alone(void **state)
{
	struct fixture *fixture = *state;

	forget_counts();
	for (int64_t i = 0; i < 10; i++) {
		int64_t number = i;
		assert_int_equal(store_change(fixture->store, add_number, &number), OK);
		assert_int_equal(commits, i + 1);
	}
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* In memory, where syncing costs nothing; the fastest of many, so that a busy machine does not matter. */
static void waits_for_nobody(void **state)
{
	struct fixture fixture = { .store = NULL };
	int64_t fastest_us = INT64_MAX;

	(void)state;
	if (access("/dev/shm", W_OK))
		skip();
	fixture_folder(&fixture, "/dev/shm");
	fixture_open(&fixture);
	for (int64_t i = 0; i < 100; i++) {
		int64_t number = i, began_us = now_us();
		assert_int_equal(store_change(fixture.store, add_number, &number), OK);
		if (now_us() - began_us < fastest_us)
			fastest_us = now_us() - began_us;
	}
	fixture_remove(&fixture);
	assert_in_range(fastest_us, 0, STORE_BATCH_MS * 1000 / 2);
}

#define TOGETHER 30

static enum err fail_every_third(struct db *db, void *argument)
{
	const int64_t *number = argument;
	enum err err = add_number(db, argument);

	return err ? err : *number % 3 ? OK : db_change(db, NULL, "INSERT INTO nowhere VALUES (1)");
}

static enum err refuse_every_third(struct db *db, void *argument)
{
	const int64_t *number = argument;
	enum err err = add_number(db, argument);

	return err ? err : *number % 3 ? OK : ERR_CODE_REFUSED;
}

/* What it wrote was written by a statement whose row was read, and which was not run to its end. */
static enum err refuse_behind_a_row(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	const int64_t *number = argument;
	enum err err;

	if (*number % 3)
		return add_number(db, argument);
	err = db_one(db, &rows, "INSERT INTO meta (name, value) VALUES ('left behind', x'00') ON CONFLICT (name) DO UPDATE SET value = x'01' RETURNING name");
	return err ? err : ERR_CODE_REFUSED;
}

static enum err refuse_every_third_at_once(struct db *db, void *argument)
{
	const int64_t *number = argument;

	return *number % 3 ? add_number(db, argument) : ERR_CODE_REFUSED;
}

static store_function *tried;

static void *change_tried(void *argument)
{
	struct member *member = argument;

	asking++;
	member->answer = store_change(member->store, tried, &member->number);
	return NULL;
}

/* One change of a group that does not stay takes nothing of the others with it. */
static void part(struct fixture *fixture, enum err (*one)(struct db *db, void *argument), enum err answer, int64_t from)
{
	struct member first, waiting[TOGETHER];

	forget_counts();
	asking = 0;
	tried = one;
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	start(fixture, &first, from + TOGETHER, change_held);
	while (sem_wait(&begun))
		;
	for (int64_t i = 0; i < TOGETHER; i++)
		start(fixture, &waiting[i], from + i, change_tried);
	while (asking < TOGETHER)
		sched_yield();
	usleep(100000);
	sem_post(&go_on);
	pthread_join(first.thread, NULL);
	assert_int_equal(first.answer, OK);
	for (int64_t i = 0; i < TOGETHER; i++) {
		pthread_join(waiting[i].thread, NULL);
		assert_int_equal(waiting[i].answer, (from + i) % 3 ? OK : answer);
		assert_int_equal(has_number(fixture->store, from + i), (from + i) % 3 != 0);
	}
	assert_int_equal(commits, 2);
}

static void parts_the_good_from_the_bad(void **state)
{
	part(*state, fail_every_third, ERR_STORE, 0);
	assert_int_equal(count_numbers(((struct fixture *)*state)->store), 21);
}

/* Twice: the second time behind savepoints from the start. */
static void takes_back_what_was_refused_alone(void **state)
{
	part(*state, refuse_every_third, ERR_CODE_REFUSED, 0);
	part(*state, refuse_every_third, ERR_CODE_REFUSED, 300);
	assert_int_equal(count_numbers(((struct fixture *)*state)->store), 42);
}

static enum err look_for_left_behind(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	(void)argument;
	return db_one(db, &rows, "SELECT 1 FROM meta WHERE name = 'left behind'");
}

static void takes_back_what_answered_rows(void **state)
{
	const struct fixture *fixture = *state;

	part(*state, refuse_behind_a_row, ERR_CODE_REFUSED, 0);
	assert_int_equal(store_read(fixture->store, look_for_left_behind, NULL), ERR_NOT_FOUND);
}

/* What refuses before it writes makes no other run again. */
static void runs_nothing_twice_for_who_wrote_nothing(void **state)
{
	part(*state, refuse_every_third_at_once, ERR_CODE_REFUSED, 0);
	assert_int_equal(members, 21);
	assert_int_equal(savepoints, 0);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	static const struct CMUnitTest tests[] = {
		WITH_STORE(commits_those_that_wait_together),
		WITH_STORE(collects_while_it_runs),
		WITH_STORE(commits_one_that_is_alone),
		WITH_STORE(parts_the_good_from_the_bad),
		WITH_STORE(takes_back_what_was_refused_alone),
		WITH_STORE(takes_back_what_answered_rows),
		WITH_STORE(runs_nothing_twice_for_who_wrote_nothing),
		cmocka_unit_test(waits_for_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
