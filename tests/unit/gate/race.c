/*
 * Fills against revocations: what was ended, and answered for, is found by nobody who looks afterwards. Also built with
 * ThreadSanitizer, which sees what the assertions cannot.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/base.h"
#include "gate/memory.h"

#define ACCOUNTS    32
#define READERS     2
#define FILLERS     2
#define REVOCATIONS 100000
#define HITS        10000 /* at least: it counts for nothing where nobody looked in between */

static struct memory memory;
static atomic_uint stored[ACCOUNTS];   /* which generation of its session the store has */
static atomic_uint answered[ACCOUNTS]; /* all before this one are ended, and somebody was told so */
static atomic_bool over;
static atomic_uint hits, wrong;

static struct id account_of(unsigned n)
{
	struct id id = { { (uint8_t)n, 7, (uint8_t)(n * 31), 1 } };

	return id;
}

static struct token_digest token_of(unsigned n)
{
	struct token_digest token = { { (uint8_t)(n * 17), 3, (uint8_t)n, 9, 5 } };

	return token;
}

static struct person *person_new(unsigned n)
{
	struct person *person = calloc(1, sizeof(*person) + 1);

	person->account = account_of(n);
	memcpy(&person->entry.hash, person->account.bytes, sizeof(person->entry.hash));
	return person;
}

static struct pass *pass_new(unsigned n, unsigned generation)
{
	struct pass *pass = calloc(1, sizeof(*pass));
	struct token_digest token = token_of(n);

	memcpy(&pass->entry.hash, token.bytes, sizeof(pass->entry.hash));
	memcpy(&pass->digest, token.bytes + sizeof(pass->entry.hash), sizeof(pass->digest));
	pass->ends_at = generation;
	return pass;
}

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

static void fill(unsigned n)
{
	uint64_t then = memory_now(&memory);
	unsigned generation = atomic_load(&stored[n]);
	struct person *person = person_new(n);
	struct pass *pass = pass_new(n, generation);

	memory_keep(&memory, then, NULL, person, pass);
}

static void look(unsigned n)
{
	unsigned ended = atomic_load(&answered[n]);
	struct token_digest token = token_of(n);
	const struct pass *pass = memory_pass(&memory, &token);

	if (!pass || atomic_load(&pass->person->dead))
		return;
	atomic_fetch_add(&hits, 1);
	if (pass->ends_at < ended)
		atomic_fetch_add(&wrong, 1);
}

static void *reader(void *argument)
{
	unsigned number = (unsigned)(uintptr_t)argument, seed = number + 100;

	while (!atomic_load(&over)) {
		quiet_awake(&memory.quiet, number);
		for (int i = 0; i < 64; i++)
			look(next(&seed) % ACCOUNTS);
		quiet_asleep(&memory.quiet, number);
	}
	return NULL;
}

static void *filler(void *argument)
{
	unsigned seed = (unsigned)(uintptr_t)argument;

	while (!atomic_load(&over))
		fill(next(&seed) % ACCOUNTS);
	return NULL;
}

static void revoke(unsigned n)
{
	const struct touched touched = { .what = TOUCHED_ACCOUNT, .id = account_of(n) };
	unsigned generation = atomic_fetch_add(&stored[n], 1) + 1; /* the commit */

	memory_forget(&memory, &touched, 1);
	atomic_store(&answered[n], generation);
}

static void nobody_finds_what_was_ended(void **state)
{
	pthread_t threads[READERS + FILLERS];
	unsigned seed = 1;

	assert_int_equal(memory_init(&memory, READERS), OK);
	for (unsigned i = 0; i < READERS + FILLERS; i++)
		assert_false(pthread_create(&threads[i], NULL, i < READERS ? reader : filler, (void *)(uintptr_t)i));
	for (unsigned i = 0; i < REVOCATIONS || atomic_load(&hits) < HITS; i++)
		revoke(next(&seed) % ACCOUNTS);
	atomic_store(&over, true);
	for (unsigned i = 0; i < READERS + FILLERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&wrong), 0);
	memory_done(&memory);
	(void)state;
}

static void all_is_forgotten_at_once(void **state)
{
	const struct touched all = { .what = TOUCHED_ALL };
	struct token_digest token = token_of(3);
	uint64_t then;

	assert_int_equal(memory_init(&memory, 1), OK);
	for (unsigned n = 0; n < ACCOUNTS; n++)
		fill(n);
	quiet_awake(&memory.quiet, 0);
	assert_non_null(memory_pass(&memory, &token));
	then = memory_now(&memory);
	memory_forget(&memory, &all, 1);
	for (unsigned n = 0; n < ACCOUNTS; n++) {
		token = token_of(n);
		assert_true(!memory_pass(&memory, &token) || atomic_load(&memory_pass(&memory, &token)->person->dead));
	}
	memory_keep(&memory, then, NULL, person_new(3), pass_new(3, 1)); /* read before: not kept */
	token = token_of(3);
	assert_true(!memory_pass(&memory, &token) || atomic_load(&memory_pass(&memory, &token)->person->dead));
	quiet_asleep(&memory.quiet, 0);
	memory_done(&memory);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_finds_what_was_ended),
		cmocka_unit_test(all_is_forgotten_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
