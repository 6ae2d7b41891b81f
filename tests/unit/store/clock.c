/* What goes by a clock that was set back since is neither read nor written. */
#include "fixture.h"

#include <pthread.h>

#include "base/base.h"
#include "base/clock.h"

static enum err look(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	(void)argument;
	return db_one(db, &rows, "SELECT 1");
}

static void *set_back(void *to_s)
{
	clock_unsure();
	clock_go_back(*(int64_t *)to_s);
	return NULL;
}

/* By another thread, as it is. */
static void somebody_sets_it_back(int64_t to_s)
{
	pthread_t other;

	assert_int_equal(pthread_create(&other, NULL, set_back, &to_s), 0);
	pthread_join(other, NULL);
}

static void refuses_who_goes_by_the_clock_of_before(void **state)
{
	struct fixture *fixture = *state;
	int64_t one = 1, two = 2, now_s = clock_now_s();

	assert_int_equal(store_change(fixture->store, add_number, &one), OK);
	assert_int_equal(store_read(fixture->store, look, NULL), OK);
	somebody_sets_it_back(now_s);
	assert_int_equal(store_change(fixture->store, add_number, &two), ERR_BUSY);
	assert_int_equal(store_read(fixture->store, look, NULL), ERR_BUSY);
	(void)clock_shown_s(); /* a line in the log changes nothing */
	assert_int_equal(store_change(fixture->store, add_number, &two), ERR_BUSY);
	(void)clock_now_s();
	assert_false(has_number(fixture->store, two));
	assert_int_equal(store_change(fixture->store, add_number, &two), OK);
	assert_int_equal(store_read(fixture->store, look, NULL), OK);
}

static void refuses_everybody_while_nobody_knows_how_late_it_is(void **state)
{
	struct fixture *fixture = *state;
	int64_t one = 1, two = 2;

	clock_unsure();
	assert_int_equal(store_change(fixture->store, add_number, &one), OK); /* by who sees to it */
	(void)clock_now_s();
	assert_int_equal(store_change(fixture->store, add_number, &two), ERR_BUSY);
	assert_int_equal(store_read(fixture->store, look, NULL), ERR_BUSY);
	clock_sure();
	assert_int_equal(store_change(fixture->store, add_number, &two), ERR_BUSY); /* told meanwhile */
	(void)clock_now_s();
	assert_int_equal(store_change(fixture->store, add_number, &two), OK);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(refuses_who_goes_by_the_clock_of_before),
		WITH_STORE(refuses_everybody_while_nobody_knows_how_late_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
