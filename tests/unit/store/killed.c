/* kill -9 in the middle of changes: what was acknowledged stands, and nothing stands by half. */
#include "fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

#define ROUNDS      6
#define THREADS     8
#define PER_ROUND 400 /* acknowledged before the kill, at least */

struct worker {
	struct store *store;
	int64_t next;
	int to;
};

static void *add_for_ever(void *argument)
{
	struct worker *worker = argument;

	for (;; worker->next += THREADS) {
		if (store_change(worker->store, add_number, &worker->next))
			_exit(3);
		if (write(worker->to, &worker->next, sizeof(worker->next)) != sizeof(worker->next))
			_exit(4);
	}
}

static _Noreturn void be_killed(const char *path, int64_t from, int to)
{
	static struct worker workers[THREADS];
	struct store *store;
	const char *why;
	bool created;

	if (store_open(path, &store, &created, &why))
		_exit(2);
	for (int64_t i = 0; i < THREADS; i++) {
		pthread_t thread;
		workers[i] = (struct worker){ store, from + i, to };
		if (pthread_create(&thread, NULL, add_for_ever, &workers[i]))
			_exit(2);
	}
	for (;;)
		pause();
}

/* Kills a child after some hundred changes; the numbers that it said stand are added to the list. */
static void run_round(const struct fixture *fixture, int64_t from, int64_t *list, size_t *count, size_t room)
{
	size_t before = *count;
	int ends[2], status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		be_killed(fixture->path, from, ends[1]);
	close(ends[1]);
	while (*count < room && read(ends[0], &list[*count], sizeof(*list)) == sizeof(*list))
		if (++*count == before + PER_ROUND)
			kill(child, SIGKILL);
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFSIGNALED(status))
		fail_msg("the child ended by itself with %d", WEXITSTATUS(status));
}

static void loses_nothing_acknowledged(void **state)
{
	size_t count = 0, room = (size_t)ROUNDS * PER_ROUND * 100;
	int64_t *list = calloc(room, sizeof(*list));
	struct fixture fixture = { .store = NULL };

	(void)state;
	assert_non_null(list);
	fixture_folder(&fixture, NULL);
	for (int64_t round = 0; round < ROUNDS; round++) {
		run_round(&fixture, round * 1000000, list, &count, room);
		fixture_open(&fixture);
		for (size_t i = 0; i < count; i++)
			if (!has_number(fixture.store, list[i]))
				fail_msg("round %" PRId64 ": lost %" PRId64, round, list[i]);
		assert_true(count_numbers(fixture.store) <= (int64_t)count + (round + 1) * THREADS);
		fixture_close(&fixture);
	}
	free(list);
	fixture_remove(&fixture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(loses_nothing_acknowledged) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
