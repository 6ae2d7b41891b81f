/*
 * connection: reads requests, has them answered one after the other, sends the answers.
 */
#ifndef TWOSTEP_HTTP_CONNECTION_H
#define TWOSTEP_HTTP_CONNECTION_H

#include "http/loop.h"
#include "http/parse.h"
#include "http/peer.h"

struct outgoing;

struct connection {
	struct connection *before, *next; /* in loop->waiting[waiting], or in loop->closed by next */
	int64_t until_ms;
	struct loop *loop;
	int fd; /* -1: closed */
	enum waiting waiting;
	bool busy;       /* a request thread has a request of it */
	bool readable;   /* there may be something to read: events tell of changes alone */
	bool ended;      /* the peer will send no more */
	bool closing;    /* the last answer is on its way */
	bool lingering;  /* it has left */
	bool answered;   /* a request was answered since its deadline was set */
	bool streaming;  /* an answer has begun whose last piece is not made */
	bool continued;  /* "100 Continue" was sent */
	struct peer_socket peer;
	struct parser parser;
	struct { /* of a request that is not whole, or that has to wait for the one before; NULL most of the time */
		char *bytes;
		size_t length, room;
	} in;
	struct outgoing *out; /* what the system did not take at once */
	struct job *stream;   /* an answer that has further pieces: the next is made once this one has left */
};

/* Takes fd over: it is closed where there is no memory. */
void connection_new(struct loop *loop, int fd, const struct peer_socket *peer);

void connection_event(struct connection *connection, unsigned events); /* of epoll */

/* True: the job is the connection's from now on, for the next piece of its answer. */
bool connection_answered(struct connection *connection, struct job *job);
void connection_expired(struct connection *connection);

/* The loop is draining: closes at once where no request has come. */
void connection_drain(struct connection *connection);

/*
 * Of those that wait for something from `from` to `to`, the one that was waited for longest: it may give way to others. `but` is not
 * looked at (NULL: all are). NULL: nobody waits for that.
 */
struct connection *connection_longest(const struct loop *loop, enum waiting from, enum waiting to, const struct connection *but);

/* Closes; what remains is freed by the loop, once nobody can name it any more. */
void connection_close(struct connection *connection);
void connection_free(struct connection *connection);

#endif
