/* A copy is of one moment, ends whoever writes meanwhile, keeps nobody waiting, and is told apart from a damaged one. */
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "store/copy.h"

#define FILLER_PAGES 2500 /* ten steps' worth */
#define STEPS_MAX     100 /* a copy that begins again at each change takes more */

static struct fixture *fixture;
static int64_t looks, stop_after;

static enum err fill(struct db *db, void *argument)
{
	(void)argument;
	return db_change(db, NULL, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)"
	                           " INSERT INTO meta (name, value) SELECT 'filler ' || i, zeroblob(4000) FROM n", db_int(FILLER_PAGES));
}

/* Between two steps somebody changes something, and it is acknowledged. */
static bool change_between(void)
{
	int64_t number = ++looks;

	assert_int_equal(store_change(fixture->store, add_number, &number), OK);
	return looks > stop_after;
}

static enum err count(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT COUNT(*) FROM audit_event");

	if (!err)
		*(int64_t *)argument = db_get_int(&rows, 0);
	return err;
}

struct target {
	char path[128];
	struct copy_to to;
};

static void make_target(struct target *target, int64_t steps)
{
	snprintf(target->path, sizeof(target->path), "%s/copy-XXXXXX", fixture->folder);
	target->to = (struct copy_to){ target->path, mkstemp(target->path), change_between };
	assert_true(target->to.file >= 0);
	looks = 0;
	stop_after = steps;
}

static void is_of_one_moment_whoever_writes(void **state)
{
	struct target target;
	const char *why = "";
	int64_t numbers = -1;

	fixture = *state;
	assert_int_equal(store_change(fixture->store, fill, NULL), OK);
	make_target(&target, STEPS_MAX);
	if (copy_make(fixture->path, &target.to, &why))
		fail_msg("after %" PRId64 " steps: %s", looks, why);
	assert_in_range(looks, 5, STEPS_MAX);
	assert_int_equal(copy_check(target.path, count, &numbers, &why), OK);
	assert_int_equal(numbers, 0); /* the moment was before the first of them */
	assert_int_equal(count_numbers(fixture->store), looks);
	close(target.to.file);
}

static void ends_when_it_is_told_to(void **state)
{
	struct target target;
	const char *why = "";

	fixture = *state;
	assert_int_equal(store_change(fixture->store, fill, NULL), OK);
	make_target(&target, 2);
	assert_int_equal(copy_make(fixture->path, &target.to, &why), ERR_BUSY);
	assert_int_equal(looks, 3);
	close(target.to.file);
}

static void a_change_that_fails_leaves_nothing(void **state)
{
	struct target target;
	const char *why = "";
	int64_t number = 1, numbers = -1;

	fixture = *state;
	make_target(&target, STEPS_MAX);
	assert_int_equal(copy_make(fixture->path, &target.to, &why), OK);
	assert_int_equal(copy_change(target.path, add_number, &number, &why), OK);
	assert_int_equal(copy_change(target.path, add_number, &number, &why), ERR_WRONG_STATE);
	assert_int_equal(copy_check(target.path, count, &numbers, &why), OK);
	assert_int_equal(numbers, 1);
	close(target.to.file);
}

static void settles_only_what_nobody_has_open(void **state)
{
	const char *why = "";
	char log[128];

	fixture = *state;
	snprintf(log, sizeof(log), "%s-wal", fixture->path);
	assert_int_equal(copy_settle(fixture->path, &why), ERR_BUSY);
	fixture_close(fixture);
	assert_int_equal(copy_settle(fixture->path, &why), OK);
	assert_int_equal(access(log, F_OK), -1);
	fixture_open(fixture);
}

/* As a server that was killed leaves it: what it wrote stands in the log alone. */
static void leave_a_log(void)
{
	pid_t child;
	int status = -1;

	fixture_close(fixture);
	child = fork();
	if (!child) {
		fixture_open(fixture);
		_exit(store_change(fixture->store, fill, NULL) ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Only one that is damaged itself may be left as it is: what a disk refuses today it may do tomorrow. */
static void tells_damage_from_trouble(void **state)
{
	const struct rlimit small = { 1 << 20, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
	const char *why = "";
	char none_there[128];
	FILE *file;

	fixture = *state;
	snprintf(none_there, sizeof(none_there), "%s.none", fixture->path);
	assert_int_equal(copy_settle(none_there, &why), ERR_IO);

	leave_a_log();
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(copy_settle(fixture->path, &why), ERR_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(copy_settle(fixture->path, &why), OK);

	assert_non_null(file = fopen(fixture->path, "r+"));
	fputs("no database", file);
	fclose(file);
	assert_int_equal(copy_settle(fixture->path, &why), ERR_STORE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_of_one_moment_whoever_writes, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(ends_when_it_is_told_to, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_change_that_fails_leaves_nothing, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(settles_only_what_nobody_has_open, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(tells_damage_from_trouble, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
