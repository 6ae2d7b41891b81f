#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "http/hash_places.h"

static const struct peer local = { .address = "127.0.0.1" };

static void full_is_busy_at_once(void **state)
{
	struct hash_place places[3] = { { 0 } };
	struct hash_places all;
	(void)state;

	assert_int_equal(hash_places_init(&all, 2), OK);
	assert_int_equal(hash_place_take(&all, &local, &places[0]), OK);
	assert_int_equal(hash_place_take(&all, &local, &places[1]), OK);
	assert_int_equal(hash_place_take(&all, &local, &places[2]), ERR_BUSY);
	hash_place_done(&places[0]);
	assert_int_equal(hash_place_take(&all, &local, &places[2]), OK);
	hash_place_done(&places[1]);
	hash_place_done(&places[2]);
	hash_place_done(&places[2]);
	hash_places_done(&all);
}

static void one_network_holds_half(void **state)
{
	struct peer flood = { .network = { 4, { 203, 0, 113, 7 } }, .counted = true };
	struct peer other = { .network = { 4, { 198, 51, 100, 1 } }, .counted = true };
	struct hash_place places[5] = { { 0 } };
	struct hash_places all;
	(void)state;

	assert_int_equal(hash_places_init(&all, 4), OK);
	assert_int_equal(hash_place_take(&all, &flood, &places[0]), OK);
	assert_int_equal(hash_place_take(&all, &flood, &places[1]), OK);
	assert_int_equal(hash_place_take(&all, &flood, &places[2]), ERR_BUSY);
	assert_int_equal(hash_place_take(&all, &other, &places[2]), OK);
	assert_int_equal(hash_place_take(&all, &local, &places[3]), OK);
	hash_place_done(&places[0]);
	assert_int_equal(hash_place_take(&all, &flood, &places[4]), OK);
	for (size_t i = 1; i < COUNT(places); i++)
		hash_place_done(&places[i]);
	hash_places_done(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_is_busy_at_once),
		cmocka_unit_test(one_network_holds_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
