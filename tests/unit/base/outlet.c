/* Standard output and error, which nobody reads for a while. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/outlet.h"

#define WAIT_MS   20
#define BOUND_MS  5000 /* of what does not wait, on a machine that has much to do */
#define HANGS_S   30
#define ROUNDS    400

static char piece[OUTLET_PIECE_BYTES];

/* A terminal without what it does to line ends; whether who sits there has made it non-blocking. */
struct screen {
	int ours, theirs;
};

static struct screen screen_open(int flags)
{
	struct screen screen = { posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), -1 };
	struct termios raw;
	char name[64];

	assert_true(screen.ours >= 0 && !grantpt(screen.ours) && !unlockpt(screen.ours) && !ptsname_r(screen.ours, name, sizeof(name)));
	screen.theirs = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC | flags);
	assert_true(screen.theirs >= 0 && !tcgetattr(screen.theirs, &raw));
	cfmakeraw(&raw);
	assert_false(tcsetattr(screen.theirs, TCSANOW, &raw));
	return screen;
}

static size_t read_until_quiet(int file)
{
	struct pollfd from = { .fd = file, .events = POLLIN };
	char bytes[OUTLET_PIECE_BYTES];
	size_t all = 0;
	ssize_t got;

	while (poll(&from, 1, 500) > 0 && (got = read(file, bytes, sizeof(bytes))) > 0)
		all += (size_t)got;
	return all;
}

static int in_place_of(int fd, int file)
{
	int before = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	assert_true(before >= 0 && dup2(file, fd) == fd);
	return before;
}

static void put_back(int fd, int before)
{
	assert_int_equal(dup2(before, fd), fd);
	close(before);
}

static size_t count_taken(void)
{
	size_t taken = 0;

	while (outlet_put(STDERR_FILENO, piece, sizeof(piece), WAIT_MS) && taken < 100)
		taken++;
	return taken;
}

static void waits_for_no_terminal(void **state)
{
	static const struct { const char *what; int flags; bool held; } cases[] = {
		{ "not read", 0, false }, { "held", 0, true }, { "not read, non-blocking", O_NONBLOCK, false },
		{ "held, non-blocking", O_NONBLOCK, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct screen screen = screen_open(cases[i].flags);
		int before = in_place_of(STDERR_FILENO, screen.theirs);
		int64_t begun_ms = clock_monotonic_ms();
		size_t taken, read, read_again;
		bool turned = !cases[i].held || !tcflow(screen.theirs, TCOOFF), taken_again;

		taken = count_taken();
		begun_ms = clock_monotonic_ms() - begun_ms;
		turned = turned && (!cases[i].held || !tcflow(screen.theirs, TCOON));
		read = read_until_quiet(screen.ours);
		taken_again = outlet_put(STDERR_FILENO, piece, 10, BOUND_MS);
		read_again = read_until_quiet(screen.ours);
		put_back(STDERR_FILENO, before);
		if (!turned || !taken || taken >= 100 || begun_ms > BOUND_MS || read != taken * sizeof(piece) || !taken_again || read_again != 10)
			fail_msg("%s: took %zu in %" PRId64 " ms, gave %zu bytes, then %zu", cases[i].what, taken, begun_ms, read, read_again);
		close(screen.theirs);
		close(screen.ours);
	}
}

static pthread_barrier_t together;
static atomic_int arrived;

static void *put_on(void *fd)
{
	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&together);
		atomic_fetch_add(&arrived, 1); /* what a barrier wakes comes one by one */
		while (atomic_load(&arrived) < 2 * (round + 1))
			;
		(void)outlet_put(*(const int *)fd, piece, sizeof(piece), 0);
		pthread_barrier_wait(&together);
	}
	return NULL;
}

/* As in `twostep serve 2>&1 | less`: there is room for one piece, and then it is read. */
static void both_are_one_pipe(void **state)
{
	static const int fds[] = { STDOUT_FILENO, STDERR_FILENO };
	pthread_t threads[COUNT(fds)];
	char bytes[2 * sizeof(piece)];
	int before[COUNT(fds)], ends[2];
	bool whole = true;

	(void)state;
	assert_true(!pipe2(ends, O_CLOEXEC) && fcntl(ends[1], F_SETPIPE_SZ, sizeof(piece)) == sizeof(piece));
	assert_false(pthread_barrier_init(&together, NULL, COUNT(fds) + 1));
	for (size_t i = 0; i < COUNT(fds); i++)
		assert_false(pthread_create(&threads[i], NULL, put_on, (void *)&fds[i]));
	for (size_t i = 0; i < COUNT(fds); i++)
		before[i] = in_place_of(fds[i], ends[1]);
	(void)alarm(HANGS_S);
	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&together);
		pthread_barrier_wait(&together);
		whole &= read(ends[0], bytes, sizeof(bytes)) == sizeof(piece);
	}
	(void)alarm(0);
	for (size_t i = 0; i < COUNT(fds); i++)
		put_back(fds[i], before[i]);
	for (size_t i = 0; i < COUNT(fds); i++)
		assert_false(pthread_join(threads[i], NULL));
	pthread_barrier_destroy(&together);
	close(ends[0]);
	close(ends[1]);
	assert_true(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_for_no_terminal), cmocka_unit_test(both_are_one_pipe),
	};

	memset(piece, 'x', sizeof(piece));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
