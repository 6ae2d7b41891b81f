#include "base/outlet.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

#include "base/banned.h"

#define OUTLET_LOOK_MS 50 /* until a non-blocking terminal is tried again */

/*
 * A terminal that has room for some bytes lets who writes more sleep until it is read. To make our side of it non-blocking would do so to
 * the shell that shares it, and it cannot always be opened anew (after su it is another user's). So one thread for each stream sleeps there
 * in everybody's stead. It begins with the first piece and ends with the process, maybe in the middle of a write.
 */
static struct terminal {
	int fd;
	bool begun;
	pthread_mutex_t mutex;
	pthread_cond_t turned; /* length has changed */
	size_t length;         /* 0: the thread has nothing to write */
	char bytes[OUTLET_PIECE_BYTES];
} terminals[] = {
	{ .fd = STDOUT_FILENO, .mutex = PTHREAD_MUTEX_INITIALIZER, .turned = PTHREAD_COND_INITIALIZER },
	{ .fd = STDERR_FILENO, .mutex = PTHREAD_MUTEX_INITIALIZER, .turned = PTHREAD_COND_INITIALIZER },
};

/* Both streams may be one pipe: two threads would find room for one piece. Another process that writes to it still may. */
static pthread_mutex_t room_mutex = PTHREAD_MUTEX_INITIALIZER;

/* Who shares a terminal may have made it non-blocking; for fewer bytes than a line's end needs poll says that there is room. */
static bool is_passing(int fd)
{
	if (errno == EAGAIN && isatty(fd) == 1)
		return poll(NULL, 0, OUTLET_LOOK_MS) <= 0;
	return errno == EINTR;
}

/* An error is nobody's to be told. */
static void write_whole(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(fd, bytes, length);
		if (written < 0 && is_passing(fd))
			continue;
		if (written <= 0)
			return;
		bytes += written;
		length -= (size_t)written;
	}
}

static void *serve_terminal(void *of)
{
	struct terminal *terminal = of;

	pthread_mutex_lock(&terminal->mutex);
	for (;;) {
		while (!terminal->length)
			pthread_cond_wait(&terminal->turned, &terminal->mutex);
		pthread_mutex_unlock(&terminal->mutex);
		write_whole(terminal->fd, terminal->bytes, terminal->length);
		pthread_mutex_lock(&terminal->mutex);
		wipe(terminal->bytes, terminal->length); /* of a mail, with a code in it */
		terminal->length = 0;
		pthread_cond_broadcast(&terminal->turned);
	}
	return NULL;
}

static bool begin(struct terminal *terminal)
{
	pthread_t thread;

	if (!terminal->begun && !pthread_create(&thread, NULL, serve_terminal, terminal)) {
		pthread_detach(thread);
		terminal->begun = true;
	}
	return terminal->begun;
}

static bool wait_written(struct terminal *terminal, int wait_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += wait_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	while (terminal->length && !pthread_cond_clockwait(&terminal->turned, &terminal->mutex, CLOCK_MONOTONIC, &until))
		;
	return !terminal->length;
}

static bool put_on_terminal(struct terminal *terminal, const char *bytes, size_t length, int wait_ms)
{
	bool taken;

	pthread_mutex_lock(&terminal->mutex);
	if ((taken = begin(terminal) && wait_written(terminal, wait_ms))) {
		memcpy(terminal->bytes, bytes, length);
		terminal->length = length;
		pthread_cond_broadcast(&terminal->turned);
		(void)wait_written(terminal, wait_ms); /* so that whoever reads has it before what follows, an end too */
	}
	pthread_mutex_unlock(&terminal->mutex);
	return taken;
}

static bool has_room(int fd, int wait_ms)
{
	struct pollfd to = { .fd = fd, .events = POLLOUT };
	int ready;

	while ((ready = poll(&to, 1, wait_ms)) < 0 && errno == EINTR)
		;
	return ready > 0;
}

static bool put_where_room(int fd, const char *bytes, size_t length)
{
	bool room;

	pthread_mutex_lock(&room_mutex);
	if ((room = has_room(fd, 0)))
		write_whole(fd, bytes, length);
	pthread_mutex_unlock(&room_mutex);
	return room;
}

bool outlet_put(int fd, const char *bytes, size_t length, int wait_ms)
{
	if (isatty(fd) == 1)
		return put_on_terminal(&terminals[fd == STDERR_FILENO], bytes, length, wait_ms);
	return put_where_room(fd, bytes, length) || (has_room(fd, wait_ms) && put_where_room(fd, bytes, length));
}
