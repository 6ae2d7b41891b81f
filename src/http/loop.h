/*
 * loop: one thread with an epoll of its own, and the connections that it accepted. What a loop and its connections hold is
 * touched by its thread alone, but for the list of answered jobs and what other loops tell.
 */
#ifndef TWOSTEP_HTTP_LOOP_H
#define TWOSTEP_HTTP_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "http/listen.h"
#include "http/reply.h"
#include "http/server.h"
#include "http/work.h"

#define LOOP_SCRATCH_BYTES 16384 /* read at once; a request that came whole is never copied before it is answered */

struct connection;

/* What a connection waits for: each has a list, in the order of deadlines, for all of one list wait equally long. */
enum waiting {
	WAITING_WORK, /* for a request thread: no deadline here */
	WAITING_IDLE,
	WAITING_HEAD, /* from here to WRITE it holds memory */
	WAITING_BODY,
	WAITING_WRITE,
	WAITING_LINGER,
	WAITING_COUNT
};

struct waiters {
	struct connection *first, *last;
};

struct server {
	struct server_options options;
	int64_t longest_ms[WAITING_COUNT], drain_ms;
	struct listener listener;
	struct work work;
	struct loop *loops;
	unsigned loop_count, loops_started;
	atomic_bool stopping;
	atomic_uint connections;
	atomic_uint accepting;  /* loops that still let somebody in */
};

struct loop {
	struct server *server;
	unsigned number;
	pthread_t thread;
	int epoll, wake; /* wake: eventfd */
	pthread_mutex_t lock;
	struct job *answered; /* under lock */
	atomic_bool told;     /* by another loop: somebody waits at the door whom it has no room for */

	int64_t now_ms, dated_ms, paused_until_ms, complain_ms, drained_ms; /* monotonic; 0: not */
	char date[DATE_TEXT];
	bool accepting, draining;
	struct waiters waiting[WAITING_COUNT];
	size_t held_bytes; /* by its connections: options.held_bytes at most */
	struct connection *closed; /* freed at the end of a turn: an event of this turn may still name one */

	/* for one request at a time */
	struct request request;
	struct answer answer;
	struct buf head;
	char scratch[LOOP_SCRATCH_BYTES];
};

MUST_USE enum err loop_init(struct loop *loop, struct server *server, unsigned number);
MUST_USE enum err loop_start(struct loop *loop);

/* From any thread: look at what has changed. */
void loop_wake(struct loop *loop);

/* From a request thread: the job is answered and the loop's again. */
void loop_answered(struct loop *loop, struct job *job);

/* After the thread has ended and no job is under way any more; accepts what was never initialised. */
void loop_done(struct loop *loop);

#endif
