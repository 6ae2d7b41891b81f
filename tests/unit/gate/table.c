/* The table against a model: what is added is found, what is removed is not, through growth, sweeps and shrinking. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/base.h"
#include "gate/table.h"

#define THINGS 20000

struct thing {
	struct entry entry;
	uint64_t key;
	bool stale;
};

static size_t released;

static void release(struct retired *retired, void *with)
{
	(void)with;
	released++;
	free(retired);
}

static bool keeps(const struct entry *entry, void *with)
{
	(void)with;
	return !((const struct thing *)(const void *)entry)->stale;
}

static bool same(const struct entry *entry, const void *key)
{
	return ((const struct thing *)(const void *)entry)->key == *(const uint64_t *)key;
}

/* Many share a place: 64 hashes alike. */
static uint64_t hash_of(uint64_t key)
{
	return key / 64 * UINT64_C(0x9e3779b97f4a7c15);
}

static struct thing *find(const struct table *table, uint64_t key)
{
	return (struct thing *)(void *)table_find(table, hash_of(key), same, &key);
}

static struct thing *add(struct table *table, uint64_t key)
{
	struct thing *thing = calloc(1, sizeof(*thing));

	thing->entry.hash = hash_of(key);
	thing->key = key;
	assert_int_equal(table_add(table, &thing->entry), OK);
	return thing;
}

static void finds_what_is_there(void **state)
{
	struct quiet quiet;
	struct table table;

	released = 0;
	assert_int_equal(quiet_init(&quiet, 1), OK);
	assert_int_equal(table_init(&table, &quiet, release, keeps, NULL), OK);
	for (uint64_t key = 0; key < THINGS; key++) {
		add(&table, key);
		assert_non_null(find(&table, key));
		assert_non_null(find(&table, key / 2));
		assert_null(find(&table, key + 1));
	}
	for (uint64_t key = 0; key < THINGS; key += 2)
		table_remove(&table, &find(&table, key)->entry);
	for (uint64_t key = 0; key < THINGS; key++)
		assert_int_equal(find(&table, key) != NULL, key % 2);
	for (int round = 0; round < 5; round++)
		for (uint64_t key = 0; key < THINGS; key += 2) {
			add(&table, key);
			table_remove(&table, &find(&table, key)->entry);
			assert_null(find(&table, key));
		}
	assert_int_equal(table.count, THINGS / 2);
	table_done(&table);
	quiet_done(&quiet);
	assert_int_equal(released, THINGS + 5 * THINGS / 2);
	(void)state;
}

static void sweeps_what_is_stale(void **state)
{
	struct quiet quiet;
	struct table table;

	assert_int_equal(quiet_init(&quiet, 1), OK);
	assert_int_equal(table_init(&table, &quiet, release, keeps, NULL), OK);
	for (uint64_t key = 0; key < THINGS; key++)
		add(&table, key)->stale = key >= 10; /* each is swept by those that follow */
	assert_true(table.count < THINGS / 2);
	table_sweep(&table);
	assert_int_equal(table.count, 10);
	for (uint64_t key = 0; key < 10; key++)
		assert_non_null(find(&table, key));
	table_done(&table);
	quiet_done(&quiet);
	(void)state;
}

static void keeps_what_somebody_may_hold(void **state)
{
	struct quiet quiet;
	struct table table;
	struct thing *held;

	assert_int_equal(quiet_init(&quiet, 2), OK);
	assert_int_equal(table_init(&table, &quiet, release, keeps, NULL), OK);
	held = add(&table, 1);
	quiet_awake(&quiet, 1);
	released = 0;
	table_remove(&table, &held->entry);
	for (uint64_t key = 2; key < 100; key++)
		add(&table, key);
	assert_int_equal(released, 0);
	assert_int_equal(held->key, 1); /* the sanitizer would tell */
	quiet_asleep(&quiet, 1);
	quiet_awake(&quiet, 0); /* who wakes later cannot have it */
	table_sweep(&table);
	table_sweep(&table);
	assert_int_equal(released, 1);
	quiet_asleep(&quiet, 0);
	table_done(&table);
	quiet_done(&quiet);
	(void)state;
}

/* Some stay while others come and go: old places that are much larger than what lives are left for small ones, which must not fill meanwhile. */
static void has_room_whatever_comes_and_goes(void **state)
{
	struct quiet quiet;
	struct table table;
	(void)state;

	for (uint64_t most = 64; most <= 4096; most *= 2)
		for (uint64_t stay = 1; stay < most; stay += stay / 8 + 1) {
			assert_int_equal(quiet_init(&quiet, 1), OK);
			assert_int_equal(table_init(&table, &quiet, release, keeps, NULL), OK);
			for (uint64_t key = 0; key < most; key++)
				add(&table, key);
			for (uint64_t key = stay; key < most; key++)
				table_remove(&table, &find(&table, key)->entry);
			for (uint64_t key = most; key < 3 * most; key++)
				table_remove(&table, &add(&table, key)->entry);
			for (uint64_t key = 0; key < stay; key++)
				assert_non_null(find(&table, key));
			table_done(&table);
			quiet_done(&quiet);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_there),
		cmocka_unit_test(sweeps_what_is_stale),
		cmocka_unit_test(keeps_what_somebody_may_hold),
		cmocka_unit_test(has_room_whatever_comes_and_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
