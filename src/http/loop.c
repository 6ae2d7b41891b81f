#include "http/loop.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/connection.h"

#include "base/banned.h"

#define EVENTS_MAX   256 /* of one turn */
#define ACCEPTS_MAX  16  /* of one turn, so that the loops share what comes */
#define PAUSE_MS     100 /* of letting in, where the system has no room */
#define COMPLAIN_MS  60000 /* from one line in the log about it to the next */
#define DATE_MS      500 /* how old the Date of an answer may be */

/* ---- letting in ---- */

static void start_accepting(struct loop *loop)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = &loop->server->listener };

	loop->paused_until_ms = 0;
	loop->accepting = !epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->server->listener.fd, &event);
	if (!loop->accepting)
		loop->paused_until_ms = loop->now_ms + PAUSE_MS;
}

/* The system told this loop alone of who waits at the door: others may have room. */
static void tell_others(const struct loop *loop)
{
	for (unsigned i = 0; i < loop->server->loop_count; i++) {
		struct loop *other = &loop->server->loops[i];

		if (other != loop && !atomic_exchange(&other->told, true))
			loop_wake(other);
	}
}

/* Not to be asked again at once, which would spin: what waits in the queue makes the socket readable all the time. */
static void pause_accepting(struct loop *loop, const char *why)
{
	if (loop->now_ms >= loop->complain_ms) {
		log_warn("accepting_paused", LOG_TEXT("why", why),
		         LOG_INT("connections", (int64_t)atomic_load(&loop->server->connections)));
		loop->complain_ms = loop->now_ms + COMPLAIN_MS;
	}
	(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, loop->server->listener.fd, NULL);
	loop->accepting = false;
	loop->paused_until_ms = loop->now_ms + PAUSE_MS;
	tell_others(loop);
}

/* For good. The last loop closes the door itself. */
static void stop_accepting(struct loop *loop)
{
	struct server *server = loop->server;

	if (loop->accepting)
		(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, server->listener.fd, NULL);
	loop->accepting = false;
	loop->paused_until_ms = 0;
	if (atomic_fetch_sub(&server->accepting, 1) == 1)
		listen_close(&server->listener);
}

union address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
	struct sockaddr_storage room;
};

static struct peer_socket peer_of(const union address *address)
{
	struct peer_socket peer = { .is_unix = false };

	if (address->any.sa_family == AF_INET6) {
		memcpy(peer.address, &address->ipv6.sin6_addr, 16);
	} else if (address->any.sa_family == AF_INET) {
		peer.address[10] = peer.address[11] = 0xff;
		memcpy(peer.address + 12, &address->ipv4.sin_addr, 4);
	} else {
		peer.is_unix = true;
	}
	return peer;
}

/* Idle or slow; NULL: all there are, a request thread has in hand. */
static struct connection *longest_waiting(const struct loop *loop)
{
	return connection_longest(loop, WAITING_IDLE, WAITING_LINGER, NULL);
}

/* It gives way to a new one: who fills the house keeps nobody out. */
static bool make_room(const struct loop *loop)
{
	struct connection *longest = longest_waiting(loop);

	if (longest)
		connection_close(longest);
	return longest;
}

static bool is_full(const struct server *server)
{
	return atomic_load(&server->connections) >= server->options.connections;
}

static void let_in(struct loop *loop, int fd, const union address *address)
{
	struct peer_socket peer = peer_of(address);

	if (is_full(loop->server))
		(void)make_room(loop);
	connection_new(loop, fd, &peer);
}

/* accept4 says that there is no file left before it looks whether anybody came: nobody is to give way to nobody. */
static bool somebody_waits(const struct loop *loop)
{
	struct pollfd door = { .fd = loop->server->listener.fd, .events = POLLIN };

	return poll(&door, 1, 0) != 0;
}

/* True: there is room now for who waits. */
static bool find_room(struct loop *loop, const char *why)
{
	if (!somebody_waits(loop))
		return false;
	if (make_room(loop))
		return true;
	pause_accepting(loop, why);
	return false;
}

/* What accept4 said; true: it may be asked again. */
static bool goes_on(struct loop *loop, int why)
{
	if (why == EAGAIN || why == EWOULDBLOCK)
		return false;
	if (why != EMFILE && why != ENFILE && why != ENOBUFS && why != ENOMEM)
		return true; /* it went away again: accept(2) */
	return find_room(loop, strerror(why));
}

/* One connection; false where there is none more for now. */
static bool accept_one(struct loop *loop)
{
	union address address = { .any.sa_family = AF_UNIX };
	socklen_t length = sizeof(address);
	int fd;

	if (is_full(loop->server) && !longest_waiting(loop))
		return find_room(loop, "connections");
	fd = accept4(loop->server->listener.fd, &address.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return goes_on(loop, errno);
	let_in(loop, fd, &address);
	return true;
}

static void accept_some(struct loop *loop)
{
	for (int i = 0; i < ACCEPTS_MAX && loop->accepting && accept_one(loop); i++)
		;
}

/* ---- what happens ---- */

void loop_wake(struct loop *loop)
{
	const uint64_t one = 1;

	while (write(loop->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void loop_answered(struct loop *loop, struct job *job)
{
	bool first;

	pthread_mutex_lock(&loop->lock);
	first = !loop->answered;
	job->next = loop->answered;
	loop->answered = job;
	pthread_mutex_unlock(&loop->lock);
	if (first)
		loop_wake(loop);
}

static struct job *take_answered(struct loop *loop)
{
	struct job *jobs;

	pthread_mutex_lock(&loop->lock);
	jobs = loop->answered;
	loop->answered = NULL;
	pthread_mutex_unlock(&loop->lock);
	return jobs;
}

static void send_answered(struct loop *loop)
{
	struct job *job = take_answered(loop), *next;

	for (; job; job = next) {
		next = job->next;
		if (!connection_answered(job->connection, job))
			job_free(job);
	}
}

/* A last look at who waits at the door: at all of them, as long as there are places. */
static void accept_rest(struct loop *loop)
{
	const struct server *server = loop->server;

	for (unsigned i = 0; i < server->options.connections && loop->accepting && !is_full(server) && accept_one(loop); i++)
		;
}

static void drain_idle(struct loop *loop)
{
	struct connection *c, *next;

	for (c = loop->waiting[WAITING_IDLE].first; c; c = next) {
		next = c->next;
		connection_drain(c);
	}
}

/* From now on only what is under way counts. Who is idle goes first, which makes room for who waits at the door. */
static void begin_drain(struct loop *loop)
{
	loop->draining = true;
	loop->drained_ms = loop->now_ms + loop->server->drain_ms;
	drain_idle(loop);
	accept_rest(loop);
	stop_accepting(loop);
	drain_idle(loop);
}

static void take_wake(struct loop *loop)
{
	uint64_t count;

	while (read(loop->wake, &count, sizeof(count)) < 0 && errno == EINTR)
		;
	send_answered(loop);
	if (atomic_exchange(&loop->told, false))
		accept_some(loop);
}

static void expire(struct loop *loop)
{
	for (enum waiting waiting = WAITING_IDLE; waiting < WAITING_COUNT; waiting++) {
		struct connection *c;

		while ((c = loop->waiting[waiting].first) && c->until_ms <= loop->now_ms)
			connection_expired(c);
	}
	if (loop->paused_until_ms && loop->paused_until_ms <= loop->now_ms)
		start_accepting(loop);
}

static void free_closed(struct loop *loop)
{
	while (loop->closed) {
		struct connection *c = loop->closed;
		loop->closed = c->next;
		connection_free(c);
	}
}

static void tick(struct loop *loop)
{
	loop->now_ms = clock_monotonic_ms();
	if (loop->now_ms - loop->dated_ms < DATE_MS && loop->dated_ms)
		return;
	loop->dated_ms = loop->now_ms;
	date_text(clock_shown_s(), loop->date);
}

static int64_t sooner(int64_t a, int64_t b)
{
	return !b || (a && a < b) ? a : b;
}

/* How long nothing need be done: -1, for ever, where nobody is connected. */
static int idle_ms(const struct loop *loop)
{
	int64_t until_ms = sooner(loop->paused_until_ms, loop->drained_ms);

	for (enum waiting waiting = WAITING_IDLE; waiting < WAITING_COUNT; waiting++)
		if (loop->waiting[waiting].first)
			until_ms = sooner(until_ms, loop->waiting[waiting].first->until_ms);
	if (!until_ms)
		return -1;
	return until_ms <= loop->now_ms ? 0 : (int)(until_ms - loop->now_ms);
}

static bool is_empty(const struct loop *loop)
{
	for (enum waiting waiting = 0; waiting < WAITING_COUNT; waiting++)
		if (loop->waiting[waiting].first)
			return false;
	return true;
}

static bool is_over(const struct loop *loop)
{
	return loop->draining && (is_empty(loop) || loop->now_ms >= loop->drained_ms);
}

static void dispatch(struct loop *loop, const struct epoll_event *event)
{
	if (event->data.ptr == &loop->server->listener)
		accept_some(loop);
	else if (event->data.ptr == &loop->wake)
		take_wake(loop);
	else
		connection_event(event->data.ptr, event->events);
}

static void turn(const struct loop *loop, bool begins)
{
	if (loop->server->options.turn)
		loop->server->options.turn(loop->number, begins);
}

static void *run(void *argument)
{
	struct loop *loop = argument;
	struct epoll_event events[EVENTS_MAX];

	tick(loop);
	start_accepting(loop);
	while (!is_over(loop)) {
		int count = epoll_wait(loop->epoll, events, EVENTS_MAX, idle_ms(loop));

		turn(loop, true);
		tick(loop);
		for (int i = 0; i < count; i++)
			dispatch(loop, &events[i]);
		if (atomic_load(&loop->server->stopping) && !loop->draining)
			begin_drain(loop);
		expire(loop);
		free_closed(loop);
		turn(loop, false);
	}
	return NULL;
}

/* ---- life ---- */

enum err loop_init(struct loop *loop, struct server *server, unsigned number)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &loop->wake };

	loop->server = server;
	loop->number = number;
	pthread_mutex_init(&loop->lock, NULL);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->epoll < 0 || loop->wake < 0 || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event))
		return ERR_IO;
	return OK;
}

enum err loop_start(struct loop *loop)
{
	pthread_attr_t attributes;
	enum err err = OK;

	if (pthread_attr_init(&attributes))
		return ERR_MEMORY;
	pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	if (pthread_create(&loop->thread, &attributes, run, loop))
		err = ERR_MEMORY;
	else
		pthread_setname_np(loop->thread, "loop");
	pthread_attr_destroy(&attributes);
	return err;
}

static void close_all(struct loop *loop)
{
	for (enum waiting waiting = 0; waiting < WAITING_COUNT; waiting++)
		while (loop->waiting[waiting].first) {
			loop->waiting[waiting].first->busy = false;
			connection_close(loop->waiting[waiting].first);
		}
	free_closed(loop);
}

static void drop_answered(struct loop *loop)
{
	struct job *job = loop->answered, *next;

	loop->answered = NULL;
	for (; job; job = next) {
		next = job->next;
		job->connection->busy = false;
		if (job->connection->fd < 0)
			connection_free(job->connection);
		job_free(job);
	}
}

void loop_done(struct loop *loop)
{
	if (!loop->server)
		return;
	drop_answered(loop);
	close_all(loop);
	answer_done(&loop->answer);
	buf_done(&loop->head);
	if (loop->epoll >= 0)
		close(loop->epoll);
	if (loop->wake >= 0)
		close(loop->wake);
	pthread_mutex_destroy(&loop->lock);
	loop->server = NULL;
}
