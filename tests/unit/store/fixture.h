/*
 * A store in a folder of its own that goes with the test, and changes that keep two tables in step: whatever happens,
 * each number stands in both or in neither.
 */
#ifndef TWOSTEP_TESTS_STORE_FIXTURE_H
#define TWOSTEP_TESTS_STORE_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "store/store.h"

struct fixture {
	char folder[64], path[96];
	struct store *store;
};

/* A new folder under `parent`, NULL: of the system's temporary files. */
void fixture_folder(struct fixture *fixture, const char *parent);
void fixture_open(struct fixture *fixture);  /* the test fails where the store does not open */
void fixture_close(struct fixture *fixture); /* the store alone */
void fixture_remove(struct fixture *fixture);

/* For cmocka_unit_test_setup_teardown: *state is a fixture with an open store. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A change: the number in both tables. ERR_WRONG_STATE where it is there already. argument: int64_t. */
enum err add_number(struct db *db, void *argument);

/* How many stand in both tables; the test fails where a number stands in one alone. */
int64_t count_numbers(struct store *store);

/* Whether this one stands in both; the test fails where the store cannot tell. */
bool has_number(struct store *store, int64_t number);

/* A change in a few words, for what is asked of the database as it is: one number. */
int64_t ask_number(struct store *store, const char *sql);

#endif
