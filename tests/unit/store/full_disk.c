/* A disk that fills up: changes are refused, reads go on, and once there is room the same store goes on by itself. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"

#define ROWS_MAX 100000

/* Adds numbers from *next on until one is refused; each that was acknowledged stands. */
static void add_until_refused(struct fixture *fixture, int64_t *next)
{
	int64_t first = *next;
	enum err err = OK;

	while (!err && *next - first < ROWS_MAX) {
		int64_t number = *next;
		if (!(err = store_change(fixture->store, add_number, &number)))
			++*next;
	}
	assert_int_equal(err, ERR_STORE);
}

static void refuse_while_full(struct fixture *fixture, int64_t next)
{
	int64_t number = next, began_ms;

	assert_int_equal(store_change(fixture->store, add_number, &number), ERR_STORE);
	began_ms = clock_monotonic_ms();
	for (int i = 0; i < 200; i++)
		assert_int_equal(store_change(fixture->store, add_number, &number), ERR_STORE);
	assert_in_range(clock_monotonic_ms() - began_ms, 0, 2000); /* at once: nobody waits for a disk that is known to be full */
	assert_int_equal(store_probe(fixture->store), ERR_STORE);
	assert_int_equal(count_numbers(fixture->store), next);
}

static void go_on_with_room(struct fixture *fixture, int64_t next)
{
	int64_t number = next;
	int tries = 0;

	while (store_change(fixture->store, add_number, &number) && ++tries < 50)
		usleep(100000);
	assert_in_range(tries, 0, 49);
	assert_int_equal(store_probe(fixture->store), OK);
	fixture_close(fixture);
	fixture_open(fixture);
	assert_int_equal(count_numbers(fixture->store), next + 1);
}

/* Takes what room there is. */
static void fill(const char *path)
{
	static const char block[4096];
	int file = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(file >= 0);
	while (write(file, block, sizeof(block)) == sizeof(block))
		;
	close(file);
}

/* A small disk in a mount namespace of our own, gone with this process. */
static bool mount_small(const char *folder)
{
	return !unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("tmpfs", folder, "tmpfs", 0, "size=3m,mode=700");
}

static void goes_on_when_a_disk_has_room_again(void **state)
{
	struct fixture fixture = { .store = NULL };
	char filler[128];
	int64_t next = 0;

	(void)state;
	fixture_folder(&fixture, NULL);
	if (!mount_small(fixture.folder)) {
		fixture_remove(&fixture);
		skip(); /* not root */
	}
	snprintf(filler, sizeof(filler), "%s/filler", fixture.folder);
	fixture_open(&fixture);
	for (int i = 0; i < 3; i++) {
		fill(filler);
		add_until_refused(&fixture, &next);
		refuse_while_full(&fixture, next);
		assert_int_equal(unlink(filler), 0);
		go_on_with_room(&fixture, next++);
	}
	fixture_close(&fixture);
	assert_int_equal(umount(fixture.folder), 0);
	fixture_remove(&fixture);
}

/* The same where files may not grow. */
static void goes_on_when_files_may_grow_again(void **state)
{
	struct fixture fixture = { .store = NULL };
	struct rlimit before, small;
	int64_t next = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	fixture_folder(&fixture, NULL);
	fixture_open(&fixture);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 400000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	add_until_refused(&fixture, &next);
	refuse_while_full(&fixture, next);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	go_on_with_room(&fixture, next);
	fixture_remove(&fixture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_when_files_may_grow_again),
		cmocka_unit_test(goes_on_when_a_disk_has_room_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
