/*
 * server: loops, connections and request threads (design.md section 2). Knows routes only as a function to call.
 */
#ifndef TWOSTEP_HTTP_SERVER_H
#define TWOSTEP_HTTP_SERVER_H

#include <stdint.h>

#include "base/err.h"
#include "base/settings.h"
#include "http/call.h"
#include "http/listen.h"

#define SERVER_REQUEST_THREADS 64
#define SERVER_QUEUE           256   /* requests that wait for a thread; beyond it: 503 `busy` */
#define SERVER_CONNECTIONS     32768 /* most at once, where the limit on open files allows them */
#define SERVER_HELD_BYTES      (128u << 20) /* requests half arrived and answers half sent; of each loop an equal share */
#define SERVER_HELD_BYTES_MIN  (16u << 20)  /* but each this much, however many there are: two of the largest answers (base/buf.h) */
#define SERVER_DRAIN_S         10 /* contract section 1: SIGTERM */
#define SERVER_HEAD_S          10 /* from the first byte of a request to the end of its head */
#define SERVER_BODY_S          30 /* from there to the end of its body */
#define SERVER_IDLE_S          60 /* between requests, and before the first one */
#define SERVER_WRITE_S         30 /* a client takes nothing of its answer */
#define SERVER_LINGER_S        2  /* what still comes is read and dropped, so that the client sees the last answer */

/* For tests, which cannot wait that long. 0: as above. */
struct server_deadlines {
	int head_ms, body_ms, idle_ms, write_ms, linger_ms, drain_ms;
};

/* What a loop is about to answer. */
struct fast {
	const struct request *request;
	const struct peer_socket *from;
	unsigned loop; /* its number, from 0 */
};

/* Answers from memory alone, in the loop: checks, assets, /healthz. Returns false where it is not one of those, or cannot. */
typedef bool server_fast(const struct fast *fast, struct answer *answer);

struct server_options {
	const struct settings *settings;
	struct listener *listener;     /* open already, and the server's from now on; NULL: it opens what the settings say */
	struct store *store;
	const struct keyring *keys;
	struct hashes *hashes;
	struct hash_places *places;    /* of requests that hash; NULL: nobody waits for one before the handler does */
	struct signer *signer;
	struct gate *gate;
	const struct router *router;
	server_fast *fast;
	void (*turn)(unsigned loop, bool begins); /* around each turn of a loop in which it may call fast; NULL: nobody asks */
	unsigned loops;           /* 0: one for each core that this process may use */
	unsigned request_threads; /* 0: SERVER_REQUEST_THREADS */
	unsigned queue;           /* 0: SERVER_QUEUE */
	unsigned connections;     /* 0: SERVER_CONNECTIONS */
	size_t held_bytes;        /* of each loop; 0: its share of SERVER_HELD_BYTES */
	struct server_deadlines deadlines;
};

struct server;

/* Listens where nobody does yet (listen.h). ERR_IO: `*why` says what went wrong, static or strerror. */
MUST_USE enum err server_new(const struct server_options *options, struct server **out, const char **why);

/* Starts all threads; returns. */
MUST_USE enum err server_start(struct server *server);

/* How many loops there are; they are numbered from 0. */
unsigned server_loops(const struct server_options *options);

/* Stops accepting, lets open requests end (SERVER_DRAIN_S at most), joins all threads. */
void server_stop(struct server *server);
void server_free(struct server *server);

/* Where it listens, for the line that `make run` shows: "127.0.0.1:8080" or "unix:/…". */
const char *server_where(const struct server *server);

#endif
