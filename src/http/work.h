/*
 * work: the request threads, behind a bounded queue. They are started when there is something to do, not before.
 */
#ifndef TWOSTEP_HTTP_WORK_H
#define TWOSTEP_HTTP_WORK_H

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"
#include "http/call.h"

/* Untouched pages cost nothing, but address space does. The sanitizers' frames are far larger. */
#ifdef __SANITIZE_ADDRESS__
#define THREAD_STACK_BYTES (1024 * 1024)
#else
#define THREAD_STACK_BYTES (256 * 1024)
#endif

struct connection;
struct loop;

/* How far an answer is. */
enum progress { PROGRESS_WHOLE, PROGRESS_MORE, PROGRESS_CUT };

/* A request on its way through a request thread, with its own copy of all that it is made of. */
struct job {
	struct job *next; /* in the queue, and on the way back */
	struct loop *loop;
	struct connection *connection; /* the loop's alone: it may be gone by the time the answer is there */
	struct peer_socket from;
	struct hash_place place; /* empty: it hashes nothing, or takes one later */
	int64_t began_ms;
	bool keep_alive; /* in: what the request says; out: whether the answer said so */
	enum err refused; /* in: what is wrong with the request already, for a page to say; else OK */
	char id[CALL_ID_TEXT];
	bool streaming;         /* in: the next piece of its answer is asked for */
	enum progress progress; /* out: MORE comes back for the next piece, CUT is closed as it is */
	struct request request; /* its views point into bytes */
	struct buf head;        /* out: of the answer, ready to be sent */
	struct answer answer;   /* out: its body */
	size_t length;
	char bytes[];
};

/* A copy of a request and of the bytes that it points into; NULL where memory is at its end. */
struct job *job_new(const struct request *request, const char *bytes, size_t length);

/* Wipes and frees; NULL is fine. */
void job_free(struct job *job);

struct work {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	pthread_t *threads;
	unsigned started, most, waiting; /* threads: there are, may be, have nothing to do */
	struct job *first, **last;
	unsigned queued, queue_most;
	bool stopping;
	void (*run)(void *with, struct job *job, struct arena *arena);
	void *with;
};

/* run answers the job and hands it back; the arena is the thread's own, reset by it after each job. */
MUST_USE enum err work_init(struct work *work, unsigned threads, unsigned queue,
                            void (*run)(void *with, struct job *job, struct arena *arena), void *with);

/*
 * ERR_BUSY: the queue is full, and the job is still the caller's. The next piece of an answer under way is taken all the same:
 * a connection has one at most.
 */
MUST_USE enum err work_add(struct work *work, struct job *job);

/* Waits for what is being run; returns what was not begun, for the caller to free. Accepts what was never initialised. */
struct job *work_done(struct work *work);

#endif
