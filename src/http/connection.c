#include "http/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "http/admit.h"
#include "http/request_id.h"

#include "base/banned.h"

#define READS_MAX       4    /* of one connection before the others have their turn */
#define INPUT_BYTES_MIN 1024 /* most requests fit */

#define LOGGED_PATH_BYTES 128 /* of a path in a line that the loop writes itself */

struct outgoing {
	size_t length, sent;
	char bytes[];
};

/* ---- deadlines ---- */

static void leave_list(struct connection *c)
{
	struct waiters *list = &c->loop->waiting[c->waiting];

	*(c->before ? &c->before->next : &list->first) = c->next;
	*(c->next ? &c->next->before : &list->last) = c->before;
	c->before = c->next = NULL;
}

static void join_list(struct connection *c, enum waiting waiting)
{
	struct waiters *list = &c->loop->waiting[waiting];

	c->waiting = waiting;
	c->until_ms = c->loop->now_ms + c->loop->server->longest_ms[waiting];
	c->before = list->last;
	c->next = NULL;
	*(list->last ? &list->last->next : &list->first) = c;
	list->last = c;
}

static enum waiting waits_for(const struct connection *c)
{
	if (c->busy)
		return WAITING_WORK;
	if (c->out)
		return WAITING_WRITE;
	if (c->lingering)
		return WAITING_LINGER;
	if (c->parser.head)
		return WAITING_BODY;
	return c->in.length ? WAITING_HEAD : WAITING_IDLE;
}

static int64_t waits_since_ms(const struct connection *c)
{
	return c->until_ms - c->loop->server->longest_ms[c->waiting];
}

struct connection *connection_longest(const struct loop *loop, enum waiting from, enum waiting to, const struct connection *but)
{
	struct connection *longest = NULL;

	for (enum waiting waiting = from; waiting <= to; waiting++) {
		struct connection *first = loop->waiting[waiting].first;

		if (first && first == but)
			first = first->next;
		if (first && (!longest || waits_since_ms(first) < waits_since_ms(longest)))
			longest = first;
	}
	return longest;
}

/* After anything that happened: a deadline begins anew only where something was brought to its end. */
static void settle(struct connection *c)
{
	enum waiting waiting = waits_for(c);

	if (c->fd < 0 || (waiting == c->waiting && !c->answered))
		return;
	c->answered = false;
	leave_list(c);
	join_list(c, waiting);
}

/* ---- memory, counted over all connections of a loop ---- */

static void release(struct connection *c, void *memory, size_t bytes)
{
	if (!memory)
		return;
	wipe(memory, bytes);
	free(memory);
	c->loop->held_bytes -= bytes;
}

static void drop_input(struct connection *c)
{
	release(c, c->in.bytes, c->in.room);
	c->in.bytes = NULL;
	c->in.length = c->in.room = 0;
}

/* For the loop to free, once no event can name it any more. */
static void hand_to_free(struct connection *c)
{
	c->next = c->loop->closed;
	c->loop->closed = c;
}

static void drop_output(struct connection *c)
{
	if (c->out)
		release(c, c->out, sizeof(*c->out) + c->out->length);
	c->out = NULL;
}

void connection_free(struct connection *c)
{
	drop_input(c);
	drop_output(c);
	free(c);
}

/* Without chunks the end of the connection is the end of the answer: one that was cut ends in a reset, not in an end. */
static void cut(const struct connection *c)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

void connection_close(struct connection *c)
{
	if (c->fd < 0)
		return;
	if (c->streaming || c->out)
		cut(c);
	close(c->fd);
	c->fd = -1;
	atomic_fetch_sub(&c->loop->server->connections, 1);
	leave_list(c);
	drop_input(c);
	drop_output(c);
	job_free(c->stream);
	c->stream = NULL;
	if (!c->busy) /* else when its job comes back */
		hand_to_free(c);
}

/* Who holds something and was waited for longest gives way, until there is room; false where nobody is left. */
static bool make_way(struct connection *c, size_t bytes)
{
	struct loop *loop = c->loop;
	size_t most = loop->server->options.held_bytes;
	struct connection *longest;

	if (bytes > most)
		return false;
	while (loop->held_bytes > most - bytes) {
		if (!(longest = connection_longest(loop, WAITING_HEAD, WAITING_WRITE, c)))
			return false;
		connection_close(longest);
	}
	return true;
}

static char *hold(struct connection *c, size_t bytes)
{
	char *memory = make_way(c, bytes) ? malloc(bytes) : NULL;

	if (memory)
		c->loop->held_bytes += bytes;
	return memory;
}

/* ---- sending ---- */

/* Says that nothing more will come, and reads on for a while: closing on unread bytes would reset what the client has not read. */
static void linger(struct connection *c)
{
	drop_input(c);
	if (shutdown(c->fd, SHUT_WR)) {
		connection_close(c);
		return;
	}
	c->lingering = true;
}

static void answer_left(struct connection *c)
{
	c->answered = true;
	if (c->closing)
		linger(c);
}

/* What has left makes room for the next piece. */
static void pull(struct connection *c)
{
	struct job *job = c->stream;

	if (!job || c->out || c->fd < 0)
		return;
	c->stream = NULL;
	c->busy = true;
	job->streaming = true;
	buf_reset(&job->head);
	if (!work_add(&c->loop->server->work, job))
		return;
	c->busy = false;
	job_free(job);
	connection_close(c);
}

/* Keeps what the system did not take. */
static void keep_output(struct connection *c, const struct iovec *parts, size_t count, size_t sent)
{
	size_t length = 0, at = 0;

	for (size_t i = 0; i < count; i++)
		length += parts[i].iov_len;
	length -= sent;
	if (!(c->out = (void *)hold(c, sizeof(*c->out) + length))) {
		cut(c);
		connection_close(c);
		return;
	}
	c->out->length = length;
	c->out->sent = 0;
	for (size_t i = 0; i < count; i++) {
		size_t skip = sent < parts[i].iov_len ? sent : parts[i].iov_len;

		memcpy(c->out->bytes + at, (const char *)parts[i].iov_base + skip, parts[i].iov_len - skip);
		at += parts[i].iov_len - skip;
		sent -= skip;
	}
}

static bool would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK;
}

/* True where it has to be asked for again: nothing else would tell when. */
static bool interrupted(ssize_t result)
{
	return result < 0 && errno == EINTR;
}

/* Sends at once what goes; true where all went. */
static bool send_parts(struct connection *c, struct iovec *parts, size_t count)
{
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
	size_t length = 0;
	ssize_t sent;

	do
		sent = sendmsg(c->fd, &message, MSG_NOSIGNAL);
	while (interrupted(sent));
	if (sent < 0 && !would_block()) {
		connection_close(c);
		return false;
	}
	for (size_t i = 0; i < count; i++)
		length += parts[i].iov_len;
	if (sent >= 0 && (size_t)sent == length)
		return true;
	keep_output(c, parts, count, sent < 0 ? 0 : (size_t)sent);
	return false;
}

static void send_answer(struct connection *c, const struct buf *head, const struct answer *answer, bool with_body)
{
	struct iovec parts[2] = { { head->bytes, head->length }, { answer->body.bytes, answer->body.length } };

	if (head->failed)
		connection_close(c);
	else if (send_parts(c, parts, with_body && reply_has_body(answer) ? 2 : 1))
		answer_left(c);
}

static void send_more(struct connection *c)
{
	struct outgoing *out = c->out;
	ssize_t sent;

	do
		sent = send(c->fd, out->bytes + out->sent, out->length - out->sent, MSG_NOSIGNAL);
	while (interrupted(sent));
	if (sent < 0 && !would_block()) {
		connection_close(c);
		return;
	}
	if (sent <= 0)
		return;
	out->sent += (size_t)sent;
	c->answered = true; /* it takes something: its deadline begins anew */
	if (out->sent < out->length)
		return;
	drop_output(c);
	answer_left(c);
	pull(c);
}

/* An answer of the loop's own, from loop->answer. */
static void send_own(struct connection *c, const char *id, bool keep_alive, bool with_body)
{
	struct loop *loop = c->loop;
	const struct reply reply = {
		.date = loop->date, .id = id, .https = loop->server->options.settings->https, .keep_alive = keep_alive,
	};

	c->closing = !keep_alive;
	loop->head.length = 0; /* not buf_reset, which would wipe all its room: it is written anew at once */
	loop->head.failed = false;
	reply_head(&loop->head, &loop->answer, &reply);
	send_answer(c, &loop->head, &loop->answer, with_body);
	if (loop->answer.body.room > LOOP_SCRATCH_BYTES)
		answer_done(&loop->answer); /* not to be wiped, and kept, for each small answer that follows */
	else
		answer_reset(&loop->answer);
}

/* ---- requests ---- */

/* A view as text; cut where it is longer. */
static const char *text_of(struct view view, char *out, size_t room)
{
	size_t n = view.length < room ? view.length : room - 1;

	if (n)
		memcpy(out, view.bytes, n);
	out[n] = '\0';
	return out;
}

/* As a request's line has it, with method, path and visitor where the request could be read; else from where it came. */
static void log_refusal(const struct connection *c, const struct request *request, const char *id, enum err err)
{
	static const struct request nothing = { 0 };
	struct log_field fields[6] = { LOG_TEXT("id", id) };
	char method[32], path[LOGGED_PATH_BYTES];
	struct peer peer;
	size_t count = 1;

	if (!log_wants(LOG_INFO))
		return;
	peer_find(&peer, &c->peer, request ? request : &nothing, c->loop->server->options.settings);
	if (request) {
		fields[count++] = LOG_TEXT("method", text_of(request->method_text, method, sizeof(method)));
		fields[count++] = LOG_TEXT("path", text_of(request->path, path, sizeof(path)));
	}
	fields[count++] = LOG_INT("status", err_status(err));
	fields[count++] = LOG_TEXT("error", err_name(err));
	fields[count++] = LOG_TEXT("address", peer.address);
	log_write(LOG_INFO, "request_refused", fields, count);
}

/*
 * Whatever else is wrong with a request, and however far it has come: no answer to HEAD has a body (RFC 9110 section 9.3.2), for who asks
 * so reads none, and would take it for the next answer. An empty line before it is read over.
 */
static bool wants_body(const char *bytes, size_t length)
{
	static const char head[] = "HEAD ";

	if (length >= 2 && !memcmp(bytes, "\r\n", 2)) {
		bytes += 2;
		length -= 2;
	}
	return length < strlen(head) || memcmp(bytes, head, strlen(head)) != 0;
}

/* Answers an error that no route knows of, in the language that a request asks for; NULL where none could be read. */
static void refuse(struct connection *c, const struct request *request, enum err err, bool keep_alive, bool with_body)
{
	enum locale locale = c->loop->server->options.settings->locale;
	char id[CALL_ID_TEXT];

	request_id(id);
	reply_problem(&c->loop->answer, request ? call_language(request, locale) : locale, err);
	log_refusal(c, request, id, err);
	send_own(c, id, keep_alive, with_body);
}

static void log_fast(const struct request *request, const char *id, int status)
{
	char path[LOGGED_PATH_BYTES];

	if (log_wants(LOG_DEBUG))
		log_debug("fast", LOG_TEXT("id", id), LOG_TEXT("path", text_of(request->path, path, sizeof(path))), LOG_INT("status", status));
}

static bool answer_fast(struct connection *c, bool keep_alive)
{
	struct loop *loop = c->loop;
	server_fast *fast = loop->server->options.fast;
	const struct fast asked = { .request = &loop->request, .from = &c->peer, .loop = loop->number };
	char id[CALL_ID_TEXT];

	if (!fast || !fast(&asked, &loop->answer))
		return false;
	request_id(id);
	log_fast(&loop->request, id, loop->answer.status);
	send_own(c, id, keep_alive, loop->request.method != HEAD);
	return true;
}

/*
 * To a request thread; 503 where all are busy and the queue is full, or there is no place to hash in. `refused`: what it is to be told,
 * or OK.
 */
static void hand_over(struct connection *c, const char *bytes, size_t length, bool keep_alive, enum err refused)
{
	struct loop *loop = c->loop;
	struct job *job = job_new(&loop->request, bytes, length);
	enum err err = job ? OK : ERR_MEMORY;

	if (job) {
		job->loop = loop;
		job->connection = c;
		job->from = c->peer;
		job->began_ms = loop->now_ms;
		job->keep_alive = keep_alive;
		job->refused = refused;
		request_id(job->id);
		c->busy = true;
		if (refused || !(err = admit(loop->server, job)))
			err = work_add(&loop->server->work, job);
	}
	if (!err)
		return;
	c->busy = false;
	job_free(job);
	refuse(c, &loop->request, err, keep_alive, loop->request.method != HEAD);
}

static void answer_request(struct connection *c, const char *bytes, size_t length)
{
	bool keep_alive = c->loop->request.keep_alive && !c->loop->draining;

	c->answered = true;
	if (!answer_fast(c, keep_alive))
		hand_over(c, bytes, length, keep_alive, OK);
}

/* Somebody at a form reads a page like any other, in their language, by a thread; all else is told here. */
static void refuse_request(struct connection *c, const char *bytes, size_t length)
{
	const struct parser *p = &c->parser;
	const struct request *request = &c->loop->request;

	if (p->err == ERR_TOO_LARGE && p->used && router_shows_pages(c->loop->server->options.router, request))
		hand_over(c, bytes, p->used, false, p->err);
	else
		refuse(c, p->used ? request : NULL, p->err, false, wants_body(bytes, length));
}

static void send_continue(struct connection *c)
{
	static char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct iovec part = { line, sizeof(line) - 1 };

	c->continued = true;
	send_parts(c, &part, 1);
}

static bool is_free(const struct connection *c)
{
	return c->fd >= 0 && !c->busy && !c->out && !c->closing && !c->stream;
}

/* Answers what is whole, in order; returns how many bytes that was. *length: less afterwards where chunks were joined. */
static size_t take_requests(struct connection *c, char *bytes, size_t *length)
{
	size_t used = 0;

	while (used < *length && is_free(c)) {
		size_t left = *length - used;
		enum parsed parsed = parse_more(&c->parser, bytes + used, &left, &c->loop->request);

		*length = used + left;
		if (parsed == PARSED_REFUSED) {
			refuse_request(c, bytes + used, left);
			return *length;
		}
		if (parsed == PARSED_MORE) {
			if (c->parser.wants_continue && !c->continued && c->parser.head == left)
				send_continue(c);
			break;
		}
		left = c->parser.used;
		c->parser = (struct parser){ 0 };
		c->continued = false;
		answer_request(c, bytes + used, left);
		used += left;
	}
	return used;
}

/* ---- reading ---- */

/* Room for at least one byte more; false where there is none. */
static bool make_room(struct connection *c, size_t wanted)
{
	size_t room = wanted > INPUT_BYTES_MIN ? wanted : INPUT_BYTES_MIN;
	char *bytes;

	if (wanted <= c->in.room)
		return true;
	if (wanted > PARSE_BYTES + LOOP_SCRATCH_BYTES || !(bytes = hold(c, room)))
		return false;
	if (c->in.length)
		memcpy(bytes, c->in.bytes, c->in.length);
	release(c, c->in.bytes, c->in.room);
	c->in.bytes = bytes;
	c->in.room = room;
	return true;
}

/* Room for as much again as has come, so that nobody holds much who has said little; for no more than the rest where its length is known. */
static size_t wanted_room(const struct connection *c)
{
	const struct parser *p = &c->parser;
	size_t whole = p->head && !p->chunked ? p->head + p->body_bytes : 0, twice = c->in.length * 2;

	if (c->in.length < c->in.room)
		return c->in.room;
	if (whole > c->in.length && whole < twice)
		return whole;
	return twice < PARSE_BYTES ? twice : PARSE_BYTES + 1;
}

/* No memory for a request, and nobody who could give way. Where another one is being answered there is no telling so in order. */
static void give_up(struct connection *c, const char *bytes, size_t length)
{
	if (is_free(c))
		refuse(c, NULL, ERR_BUSY, false, wants_body(bytes, length));
	else
		connection_close(c);
}

/* Puts away what is left of bytes that are not the connection's own. */
static void keep_rest(struct connection *c, const char *bytes, size_t length)
{
	if (c->fd < 0 || c->closing || !length)
		return;
	if (!make_room(c, length)) {
		give_up(c, bytes, length);
		return;
	}
	memcpy(c->in.bytes, bytes, length);
	c->in.length = length;
}

/* Goes on with what the connection holds. */
static void take_held(struct connection *c)
{
	size_t length = c->in.length, used = take_requests(c, c->in.bytes, &length);

	if (!c->in.bytes)
		return; /* closed meanwhile, or lingering */
	memmove(c->in.bytes, c->in.bytes + used, length - used);
	c->in.length = length - used;
	if (!c->in.length)
		drop_input(c);
}

static void take_scratch(struct connection *c, size_t received)
{
	char *bytes = c->loop->scratch;
	size_t length = received, used = take_requests(c, bytes, &length);

	keep_rest(c, bytes + used, length - used);
	wipe(bytes, received);
}

/* What epoll said is used up when less came than was asked for, but for the end, which comes alone. */
static bool receive(struct connection *c, char *to, size_t room, size_t *received)
{
	ssize_t n;

	do
		n = recv(c->fd, to, room, 0);
	while (interrupted(n));
	if (n < 0 && would_block()) {
		c->readable = false;
		return false;
	}
	if (n <= 0) {
		connection_close(c);
		return false;
	}
	c->readable = (size_t)n == room || c->ended;
	*received = (size_t)n;
	return true;
}

static void read_some(struct connection *c)
{
	size_t received;

	if (!c->in.bytes) {
		if (receive(c, c->loop->scratch, LOOP_SCRATCH_BYTES, &received))
			take_scratch(c, received);
		return;
	}
	if (!make_room(c, wanted_room(c))) {
		give_up(c, c->in.bytes, c->in.length);
		return;
	}
	if (receive(c, c->in.bytes + c->in.length, c->in.room - c->in.length, &received)) {
		c->in.length += received;
		take_held(c);
	}
}

static void read_and_drop(struct connection *c)
{
	size_t received;

	for (int i = 0; i < READS_MAX && c->fd >= 0 && c->readable; i++)
		(void)receive(c, c->loop->scratch, LOOP_SCRATCH_BYTES, &received);
}

/* So that epoll tells again what it has told already. */
static void rearm(struct connection *c)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c };

	if (epoll_ctl(c->loop->epoll, EPOLL_CTL_MOD, c->fd, &event))
		connection_close(c);
}

/* Nothing is under way, and nothing has come. */
static bool rests(const struct connection *c)
{
	return is_free(c) && !c->in.length && !c->readable;
}

/* Nobody waits for a further request: what was answered is to be read, and what asked nothing is closed. */
static void end_rest(struct connection *c)
{
	if (!c->answered) {
		connection_close(c);
		return;
	}
	c->closing = true;
	linger(c);
}

/* All that there is to do, or a fair share of it. */
static void go_on(struct connection *c)
{
	bool draining = c->loop->draining;

	c->readable = c->readable || draining; /* a request may have come that nobody has looked at */
	if (c->in.length && is_free(c))
		take_held(c);
	for (int i = 0; i < READS_MAX && is_free(c) && c->readable; i++)
		read_some(c);
	if (c->fd >= 0 && c->lingering && c->readable)
		read_and_drop(c);
	if (c->fd >= 0 && c->readable && (c->lingering || is_free(c)))
		rearm(c);
	if (draining && rests(c))
		end_rest(c);
	settle(c);
}

/* ---- what the loop calls ---- */

void connection_new(struct loop *loop, int fd, const struct peer_socket *peer)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	struct connection *c = calloc(1, sizeof(*c));

	event.data.ptr = c;
	if (!c || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event)) {
		free(c);
		close(fd);
		return;
	}
	c->loop = loop;
	c->fd = fd;
	c->peer = *peer;
	atomic_fetch_add(&loop->server->connections, 1);
	join_list(c, WAITING_IDLE);
}

void connection_event(struct connection *c, unsigned events)
{
	if (c->fd < 0)
		return;
	if ((events & (EPOLLERR | EPOLLHUP)) && c->busy) {
		connection_close(c);
		return;
	}
	c->ended = c->ended || (events & (EPOLLRDHUP | EPOLLHUP));
	c->readable = c->readable || (events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP));
	if (c->out && (events & EPOLLOUT))
		send_more(c);
	go_on(c);
}

bool connection_answered(struct connection *c, struct job *job)
{
	bool more = job->progress == PROGRESS_MORE;

	c->busy = false;
	if (c->fd < 0) {
		hand_to_free(c);
		return false;
	}
	c->streaming = job->progress != PROGRESS_WHOLE;
	if (job->progress == PROGRESS_CUT) {
		connection_close(c);
		return false;
	}
	c->closing = !more && !job->keep_alive;
	send_answer(c, &job->head, &job->answer, job->request.method != HEAD);
	more = more && c->fd >= 0;
	if (more)
		c->stream = job;
	pull(c);
	go_on(c);
	return more;
}

void connection_expired(struct connection *c)
{
	if (c->waiting != WAITING_HEAD && c->waiting != WAITING_BODY) {
		connection_close(c);
		return;
	}
	refuse(c, NULL, ERR_TIMEOUT, false, wants_body(c->in.bytes, c->in.length));
	settle(c);
}

void connection_drain(struct connection *c)
{
	if (c->waiting == WAITING_IDLE)
		go_on(c);
}
