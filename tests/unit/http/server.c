/* A server with a toy surface: order, deadlines, limits, memory that ends, clients that go away, the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "client.h"
#include "http/server.h"

#define H           "Host: localhost\r\n\r\n"
#define BIG_BYTES   (6u << 20) /* more than a socket takes at once */
#define PART_BYTES  (BIG_BYTES / 24)
#define HEAD_MS     300
#define BODY_MS     400
#define IDLE_MS     600
#define WRITE_MS    1500
#define DRAIN_MS    700

/* ---- the surface ---- */

static sem_t entered, let_go, written;

static enum err hello(struct call *call)
{
	call->out->content_type = "text/plain";
	buf_text(&call->out->body, "hello");
	return OK;
}

/* Whatever the body is: no route would give it. */
static void echo(struct call *call)
{
	call->out->content_type = "text/plain";
	buf_add(&call->out->body, call->request->body.bytes, call->request->body.length);
}

static enum err big(struct call *call)
{
	char *body = buf_grow(&call->out->body, BIG_BYTES);

	call->out->content_type = "text/plain";
	if (!body)
		return ERR_MEMORY;
	for (size_t i = 0; i < BIG_BYTES; i += PART_BYTES)
		memset(body + i, (char)('a' + i / PART_BYTES), PART_BYTES);
	buf_grown(&call->out->body, BIG_BYTES);
	sem_post(&written);
	return OK;
}

static enum err stay(struct call *call)
{
	sem_post(&entered);
	sem_wait(&let_go);
	return hello(call);
}

static enum err forge(struct call *call)
{
	answer_header(call->out, "X-Name", "a\r\nX-Evil: 1");
	return hello(call);
}

struct pieces {
	struct stream stream;
	int left;
};

static enum err more(struct stream *stream, int64_t now_s UNUSED, struct arena *arena UNUSED, struct buf *out)
{
	struct pieces *pieces = (struct pieces *)stream;
	char *piece = buf_grow(out, PART_BYTES);

	if (!piece)
		return ERR_MEMORY;
	memset(piece, 'p', PART_BYTES);
	buf_grown(out, PART_BYTES);
	sem_post(&written);
	return --pieces->left ? OK : ERR_NOT_FOUND;
}

static void pieces_done(struct stream *stream)
{
	free(stream);
}

static enum err pieces(struct call *call)
{
	struct pieces *made = calloc(1, sizeof(*made));

	if (!made)
		return ERR_MEMORY;
	*made = (struct pieces){ { more, pieces_done }, BIG_BYTES / PART_BYTES };
	call->out->content_type = "text/plain";
	call->out->stream = &made->stream;
	return OK;
}

static const struct route routes[] = {
	{ GET, "/hello", ACCESS_ANYBODY, FRESH_NOT, NULL, hello },
	{ GET, "/big", ACCESS_ANYBODY, FRESH_NOT, NULL, big },
	{ GET, "/stay", ACCESS_ANYBODY, FRESH_NOT, NULL, stay },
	{ POST | HASHES, "/hash", ACCESS_ANYBODY, FRESH_NOT, NULL, stay },
	{ GET, "/pieces", ACCESS_ANYBODY, FRESH_NOT, NULL, pieces },
	{ GET, "/forge", ACCESS_ANYBODY, FRESH_NOT, NULL, forge },
	ROUTES_END
};
static const struct route *const tables[] = { routes, NULL };

static void refuse(struct call *call, enum err err)
{
	call->out->status = err_status(err);
	call->out->content_type = "text/plain";
	buf_text(&call->out->body, err_word(err));
}

static enum err let_in(struct call *call UNUSED)
{
	return OK;
}

static const struct surface surface = { .prefix = "/", .tables = tables, .json = true, .refuse = refuse };
static const struct surface echoes = { .prefix = "/echo", .whole = echo, .json = true };
static const struct surface *const surfaces[] = { &echoes, &surface, NULL };
static const struct router router = { .surfaces = surfaces, .guard = let_in };

static bool answer_fast(const struct fast *fast, struct answer *answer)
{
	if (!view_same(fast->request->path, "/fast"))
		return false;
	answer->content_type = "text/plain";
	buf_text(&answer->body, "fast");
	return true;
}

/* ---- memory ---- */

static atomic_int until_failure; /* allocations of loops until one fails; 0: none does */

void *__real_malloc(size_t length);
void *__wrap_malloc(size_t length);

void *__wrap_malloc(size_t length)
{
	char name[16] = "";

	if (atomic_load(&until_failure) && !pthread_getname_np(pthread_self(), name, sizeof(name)) && !strcmp(name, "loop") &&
	    atomic_fetch_sub(&until_failure, 1) == 1)
		return NULL;
	return __real_malloc(length);
}

/* ---- a server of its own for each test ---- */

struct running {
	struct settings settings;
	struct server *server;
	char where[128];
};

static void begin(struct running *running, const char *listen, const struct server_options *changes)
{
	struct server_options options = changes ? *changes : (struct server_options){ 0 };
	const char *why = "";

	*running = (struct running){ .settings = { .listen = listen, .public_url = "http://localhost" } };
	options.settings = &running->settings;
	options.router = &router;
	options.fast = answer_fast;
	options.loops = options.loops ? options.loops : 2;
	options.deadlines = (struct server_deadlines){
		.head_ms = options.deadlines.head_ms ? options.deadlines.head_ms : HEAD_MS,
		.body_ms = options.deadlines.body_ms ? options.deadlines.body_ms : BODY_MS,
		.write_ms = options.deadlines.write_ms ? options.deadlines.write_ms : WRITE_MS,
		.idle_ms = options.deadlines.idle_ms ? options.deadlines.idle_ms : IDLE_MS,
		.drain_ms = options.deadlines.drain_ms ? options.deadlines.drain_ms : DRAIN_MS,
		.linger_ms = 300,
	};
	if (server_new(&options, &running->server, &why))
		fail_msg("%s: %s", listen, why);
	assert_int_equal(server_start(running->server), OK);
	snprintf(running->where, sizeof(running->where), "%s", server_where(running->server));
}

static void end(struct running *running)
{
	server_stop(running->server);
	server_free(running->server);
}

static int begin_test(void **state)
{
	static struct running running;

	begin(&running, "127.0.0.1:0", NULL);
	*state = &running;
	return 0;
}

static int end_test(void **state)
{
	end(*state);
	return 0;
}

static void expect(struct client *client, int status, const char *body)
{
	struct reply_seen seen;

	client_read(client, &seen, false);
	if (seen.status != status || strcmp(buf_string(&seen.body), body) != 0)
		fail_msg("expected %d %s, got %d: %s", status, body, seen.status, buf_string(&seen.body));
	seen_done(&seen);
}

static void expect_end(struct client *client, int status)
{
	struct reply_seen seen;

	client_read(client, &seen, false);
	if (seen.status != status)
		fail_msg("expected %d, got %d", status, seen.status);
	if (status)
		assert_string_equal(seen_header(&seen, "Connection"), "close");
	if (!client_ends(client, 2000))
		fail_msg("stayed open after %d", status);
	seen_done(&seen);
}

/* ---- tests ---- */

static void answers_one_after_the_other(void **state)
{
	struct running *running = *state;
	struct client client;

	client_open(&client, running->where);
	for (int i = 0; i < 50; i++) {
		client_send(&client, i % 2 ? "GET /fast HTTP/1.1\r\n" H : "GET /hello HTTP/1.1\r\n" H);
		expect(&client, 200, i % 2 ? "fast" : "hello");
	}
	client_close(&client);
}

static void answers_in_order_what_came_at_once(void **state)
{
	struct running *running = *state;
	SCOPED(buf_done) struct buf requests = { 0 };
	struct client client;

	client_open(&client, running->where);
	for (int i = 0; i < 200; i++)
		buf_printf(&requests,
		           "GET /fast HTTP/1.1\r\n" H "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n"
		           "2\r\n%02d\r\n1\r\n.\r\n0\r\n\r\nGET /hello HTTP/1.1\r\n" H "GET /none HTTP/1.1\r\n" H,
		           i % 100);
	client_send_bytes(&client, requests.bytes, requests.length);
	for (int i = 0; i < 200; i++) {
		char echoed[8];
		snprintf(echoed, sizeof(echoed), "%02d.", i % 100);
		expect(&client, 200, "fast");
		expect(&client, 200, echoed);
		expect(&client, 200, "hello");
		expect(&client, 404, "not_found");
	}
	client_close(&client);
}

static void answers_what_came_byte_by_byte(void **state)
{
	static const char text[] = "POST /echo HTTP/1.1\r\nContent-Length: 3\r\n" H "abc"
	                           "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" H "1\r\na\r\n2;x\r\nbc\r\n0\r\nX: y\r\n\r\n";
	struct running *running = *state;
	struct client client;

	client_open(&client, running->where);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		client_send_bytes(&client, text + i, 1);
	expect(&client, 200, "abc");
	expect(&client, 200, "abc");
	client_close(&client);
}

static void takes_the_largest_body(void **state)
{
	struct running *running = *state;
	SCOPED(buf_done) struct buf body = { 0 };
	struct client client;

	for (size_t i = 0; i < 65536; i++)
		buf_char(&body, (char)('a' + i % 26));
	client_open(&client, running->where);
	client_send(&client, "POST /echo HTTP/1.1\r\nContent-Length: 65536\r\n" H);
	client_send_bytes(&client, body.bytes, body.length);
	expect(&client, 200, body.bytes);
	client_send(&client, "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" H "10000\r\n");
	client_send_bytes(&client, body.bytes, body.length);
	client_send(&client, "\r\n0\r\n\r\n");
	expect(&client, 200, body.bytes);
	client_send(&client, "POST /echo HTTP/1.1\r\nContent-Length: 65537\r\n" H);
	expect_end(&client, 413);
	client_close(&client);
}

static void head_has_the_length_and_no_body(void **state)
{
	struct running *running = *state;
	struct reply_seen seen;
	struct client client;

	client_open(&client, running->where);
	client_send(&client, "HEAD /hello HTTP/1.1\r\n" H "HEAD /fast HTTP/1.1\r\n" H "GET /hello HTTP/1.1\r\n" H);
	for (int i = 0; i < 2; i++) {
		client_read(&client, &seen, true);
		assert_int_equal(seen.status, 200);
		assert_string_equal(seen_header(&seen, "Content-Length"), i ? "4" : "5");
		seen_done(&seen);
	}
	expect(&client, 200, "hello");
	client_close(&client);
}

/* Whoever asked so reads the head alone: what came behind it would be taken for the next answer. */
static void a_head_that_is_refused_gets_no_body_either(void **state)
{
	static const struct { const char *text; int status; } cases[] = {
		{ "HEAD /hello HTTP/1.1\r\nHost : localhost\r\n\r\n", 400 },
		{ "\r\nHEAD  /hello HTTP/1.1\r\n" H, 400 },
		{ "HEAD /hello HTTP/9.9\r\n" H, 505 },
		{ "HEAD /hello HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" H "no size\r\n", 400 },
		{ "HEAD /hello HTTP/1.1\r\nContent-Length: 9\r\n" H "a", 408 },
		{ "HEAD /hello HT", 408 },
	};
	struct running *running = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reply_seen seen;
		struct client client;

		client_open(&client, running->where);
		client_send(&client, cases[i].text);
		client_read(&client, &seen, true);
		if (seen.status != cases[i].status || !client_ends(&client, 10000))
			fail_msg("%s: %d, or something behind it", cases[i].text, seen.status);
		seen_done(&seen);
		client_close(&client);
	}
}

static void every_answer_carries_the_headers_of_the_contract(void **state)
{
	static const struct { const char *name, *value; } headers[] = {
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "same-origin" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Cache-Control", "no-store" },
		{ "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'" },
		{ "Strict-Transport-Security", "" },
		{ "X-Evil", "" },
	};
	static const char *const requests[] = {
		"GET /hello HTTP/1.1\r\n" H, "GET /fast HTTP/1.1\r\n" H, "GET /none HTTP/1.1\r\n" H, "GET /forge HTTP/1.1\r\n" H,
		"GET / HTTP/2.0\r\n" H,
	};
	static const int status[] = { 200, 200, 404, 503, 505 };
	struct running *running = *state;
	struct reply_seen seen;
	struct client client;
	char id[32] = "";

	client_open(&client, running->where);
	for (size_t i = 0; i < COUNT(requests); i++) {
		client_send(&client, requests[i]);
		client_read(&client, &seen, false);
		assert_int_equal(seen.status, status[i]);
		for (size_t h = 0; h < COUNT(headers); h++)
			if (strcmp(seen_header(&seen, headers[h].name), headers[h].value) != 0)
				fail_msg("%s: %s: %s", requests[i], headers[h].name, seen_header(&seen, headers[h].name));
		assert_int_equal(strlen(seen_header(&seen, "X-Request-Id")), 16);
		assert_string_not_equal(seen_header(&seen, "X-Request-Id"), id);
		snprintf(id, sizeof(id), "%s", seen_header(&seen, "X-Request-Id"));
		assert_int_equal(strlen(seen_header(&seen, "Date")), 29);
		seen_done(&seen);
	}
	client_close(&client);
}

static void closes_when_asked_to(void **state)
{
	static const struct { const char *text; int status; } cases[] = {
		{ "GET /hello HTTP/1.1\r\nConnection: close\r\n" H, 200 },
		{ "GET /fast HTTP/1.1\r\nConnection: close\r\n" H, 200 },
		{ "GET /fast HTTP/1.0\r\n\r\n", 200 },
		{ "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200 },
		{ "GET /hello HTTP/1.1\r\nConnection: close\r\n" H "GET /hello HTTP/1.1\r\n" H, 200 },
		{ "GET /hello HTTP/1.1\nHost: a\n\n" "GET /hello HTTP/1.1\r\n" H, 400 },
		{ "GET /hello HTTP/1.1\r\nHost : a\r\n\r\n" "GET /hello HTTP/1.1\r\n" H, 400 },
	};
	struct running *running = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct client client;
		client_open(&client, running->where);
		client_send(&client, cases[i].text);
		expect_end(&client, cases[i].status);
		client_close(&client);
	}
}

static void a_refusal_reaches_who_is_still_sending(void **state)
{
	struct running *running = *state;
	SCOPED(buf_done) struct buf text = { 0 };
	struct client client;

	buf_text(&text, "GET /");
	while (text.length < 1000000)
		buf_text(&text, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	client_open(&client, running->where);
	client_send_bytes(&client, text.bytes, text.length);
	expect_end(&client, 414);
	client_close(&client);
}

static void says_continue_once(void **state)
{
	struct running *running = *state;
	struct reply_seen seen;
	struct client client;

	client_open(&client, running->where);
	for (int i = 0; i < 2; i++) {
		client_send(&client, "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" H);
		client_read(&client, &seen, true);
		assert_int_equal(seen.status, 100);
		seen_done(&seen);
		client_send(&client, "a");
		client_send(&client, "b");
		expect(&client, 200, "ab");
	}
	client_send(&client, "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" H "cd");
	expect(&client, 200, "cd");
	client_close(&client);
}

static void the_slow_are_told_so(void **state)
{
	static const struct { const char *text; int status, least_ms, most_ms; } cases[] = {
		{ "", 0, IDLE_MS, IDLE_MS + 900 },
		{ "GET /hello HT", 408, HEAD_MS, HEAD_MS + 900 },
		{ "POST /echo HTTP/1.1\r\nContent-Length: 9\r\n" H "a", 408, BODY_MS, BODY_MS + 900 },
		{ "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" H "1\r\n", 408, BODY_MS, BODY_MS + 900 },
	};
	struct running *running = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct client client;
		int64_t began_ms = clock_monotonic_ms(), took_ms;

		client_open(&client, running->where);
		client_send(&client, cases[i].text);
		expect_end(&client, cases[i].status);
		took_ms = clock_monotonic_ms() - began_ms;
		if (took_ms < cases[i].least_ms || took_ms > cases[i].most_ms)
			fail_msg("%s: after %" PRId64 " ms", cases[i].text, took_ms);
		client_close(&client);
	}
}

/* A byte now and then buys no time, but each request has its own. */
static void trickling_does_not_help(void **state)
{
	struct running *running = *state;
	struct client client;
	int64_t began_ms;
	int sent = 0;

	client_open(&client, running->where);
	for (int i = 0; i < 4; i++) {
		client_send(&client, "GET /hello HTTP/1.1\r\nHost:");
		usleep(HEAD_MS * 1000 / 2);
		client_send(&client, "a\r\n\r\n");
		expect(&client, 200, "hello");
	}
	began_ms = clock_monotonic_ms();
	for (; sent < 100; sent++) {
		struct pollfd wait = { .fd = client.fd, .events = POLLIN };
		client_send(&client, "G");
		if (poll(&wait, 1, 20))
			break;
	}
	expect_end(&client, 408);
	assert_in_range(clock_monotonic_ms() - began_ms, HEAD_MS, HEAD_MS + 900);
	client_close(&client);
}

static void a_large_answer_comes_whole(void **state)
{
	struct running *running = *state;
	struct reply_seen seen;
	struct client client;

	client_open(&client, running->where);
	client_send(&client, "GET /big HTTP/1.1\r\n" H "GET /hello HTTP/1.1\r\n" H);
	usleep(WRITE_MS * 1000 / 3);
	client_read(&client, &seen, false);
	assert_int_equal(seen.body.length, BIG_BYTES);
	for (size_t i = 0; i < BIG_BYTES; i++)
		if (seen.body.bytes[i] != (char)('a' + i / PART_BYTES))
			fail_msg("another byte at %zu", i);
	sem_wait(&written);
	seen_done(&seen);
	expect(&client, 200, "hello");
	client_close(&client);
}

/* Slow, but never still for long. */
static void who_takes_a_little_now_and_then_gets_it_all(void **state)
{
	struct running *running = *state;
	struct client client;
	static char bytes[BIG_BYTES / 16];
	size_t taken = 0;
	ssize_t n = 1;

	client_open_narrow(&client, running->where);
	client_send(&client, "GET /big HTTP/1.1\r\nConnection: close\r\n" H);
	sem_wait(&written);
	while (n > 0) {
		usleep(WRITE_MS * 1000 / 6);
		n = recv(client.fd, bytes, sizeof(bytes), MSG_WAITALL);
		taken += n > 0 ? (size_t)n : 0;
	}
	assert_true(taken > BIG_BYTES);
	client_close(&client);
}

static void who_takes_nothing_is_dropped(void **state)
{
	struct running *running = *state;
	struct reply_seen seen = { 0 };
	struct client client;
	char bytes[4096];
	ssize_t n;

	client_open_narrow(&client, running->where);
	client_send(&client, "GET /big HTTP/1.1\r\n" H);
	sem_wait(&written);
	usleep((WRITE_MS + 700) * 1000);
	while ((n = recv(client.fd, bytes, sizeof(bytes), 0)) > 0)
		seen.status += (int)n;
	assert_true(seen.status < (int)BIG_BYTES);
	client_close(&client);
}

static void a_client_that_goes_away_disturbs_nobody(void **state)
{
	static const char text[] = "POST /echo HTTP/1.1\r\nContent-Length: 3\r\n" H "abc";
	const struct linger reset = { 1, 0 };
	struct running *running = *state;
	struct client client;

	for (size_t n = 1; n < sizeof(text); n += 3) {
		client_open(&client, running->where);
		client_send_bytes(&client, text, n);
		if (n % 2)
			setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		client_close(&client);
	}
	for (int i = 0; i < 8; i++) { /* while its request is being answered */
		client_open(&client, running->where);
		client_send(&client, "GET /stay HTTP/1.1\r\n" H);
		sem_wait(&entered);
		if (i % 2)
			setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		client_close(&client);
	}
	usleep(50000);
	for (int i = 0; i < 8; i++)
		sem_post(&let_go);
	client_open(&client, running->where);
	client_send(&client, "GET /hello HTTP/1.1\r\n" H);
	expect(&client, 200, "hello");
	client_close(&client);
}

static void who_has_said_all_still_gets_an_answer(void **state)
{
	struct running *running = *state;
	struct client client;

	client_open(&client, running->where);
	client_send(&client, "GET /hello HTTP/1.1\r\n" H "GET /fast HTTP/1.1\r\n" H);
	shutdown(client.fd, SHUT_WR);
	expect(&client, 200, "hello");
	expect(&client, 200, "fast");
	assert_true(client_ends(&client, IDLE_MS / 2));
	client_close(&client);
}

static void a_full_queue_is_said_at_once(void **state UNUSED)
{
	const struct server_options options = { .request_threads = 2, .queue = 3 };
	struct running running;
	struct client clients[6];
	struct reply_seen seen;

	begin(&running, "127.0.0.1:0", &options);
	for (size_t i = 0; i < COUNT(clients); i++) {
		client_open(&clients[i], running.where);
		client_send(&clients[i], "GET /stay HTTP/1.1\r\n" H);
		if (i < 2)
			sem_wait(&entered);
		else
			usleep(20000);
	}
	client_read(&clients[5], &seen, false);
	assert_int_equal(seen.status, 503);
	assert_string_equal(seen_header(&seen, "Retry-After"), "1");
	assert_string_equal(seen_header(&seen, "Content-Type"), "application/problem+json");
	assert_non_null(strstr(buf_string(&seen.body), "\"code\":\"busy\""));
	seen_done(&seen);
	client_send(&clients[5], "GET /fast HTTP/1.1\r\n" H);
	expect(&clients[5], 200, "fast"); /* what memory decides is answered all the same */
	for (size_t i = 0; i < 5; i++)
		sem_post(&let_go);
	for (size_t i = 0; i < 5; i++)
		expect(&clients[i], 200, "hello");
	for (size_t i = 0; i < 3; i++)
		sem_wait(&entered);
	for (size_t i = 0; i < COUNT(clients); i++)
		client_close(&clients[i]);
	end(&running);
}

/* Reads until nothing comes for a while: how much that was. *ended: by the end of the connection. */
static size_t read_what_comes(struct client *client, int quiet_ms, bool *ended)
{
	static char bytes[PART_BYTES];
	struct pollfd wait = { .fd = client->fd, .events = POLLIN };
	size_t taken = 0;

	for (*ended = false; !*ended && poll(&wait, 1, quiet_ms) > 0;) {
		ssize_t n = recv(client->fd, bytes, sizeof(bytes), 0);

		*ended = n <= 0;
		taken += n > 0 ? (size_t)n : 0;
	}
	return taken;
}

/* Until no further piece is made: the client's side is full. */
static void wait_for_full(void)
{
	bool more_came = true;

	while (more_came) {
		usleep(200000);
		for (more_came = false; !sem_trywait(&written);)
			more_came = true;
	}
}

/* What waits for its next piece waits on, however many requests wait in front of it. */
static void a_full_queue_cuts_no_answer_under_way(void **state UNUSED)
{
	const struct server_options options = { .request_threads = 1, .queue = 1 };
	struct client slow, busy[2];
	struct running running;
	size_t taken;
	bool ended;

	begin(&running, "127.0.0.1:0", &options);
	client_open_narrow(&slow, running.where);
	client_send(&slow, "GET /pieces HTTP/1.1\r\n" H);
	sem_wait(&written);
	wait_for_full();
	for (size_t i = 0; i < COUNT(busy); i++) {
		client_open(&busy[i], running.where);
		client_send(&busy[i], "GET /stay HTTP/1.1\r\n" H);
		if (!i)
			sem_wait(&entered);
	}
	usleep(50000);
	taken = read_what_comes(&slow, 200, &ended);
	assert_true(taken < BIG_BYTES && !ended);
	for (size_t i = 0; i < COUNT(busy); i++)
		sem_post(&let_go);
	taken += read_what_comes(&slow, IDLE_MS / 2, &ended);
	assert_true(taken > BIG_BYTES && !ended);
	for (size_t i = 0; i < COUNT(busy); i++) {
		expect(&busy[i], 200, "hello");
		client_close(&busy[i]);
	}
	sem_wait(&entered);
	while (!sem_trywait(&written))
		;
	client_close(&slow);
	end(&running);
}

/* No thread is free, and the queue is long: who needs a hash is told at once all the same, and takes no place in it from others. */
static void no_place_to_hash_in_is_said_at_once(void **state UNUSED)
{
	static const char hash[] = "POST /hash HTTP/1.1\r\n" H;
	struct hash_places places = { .most = 0 };
	const struct server_options options = { .request_threads = 1, .queue = 20, .places = &places };
	struct running running;
	struct client clients[3], other;

	assert_int_equal(hash_places_init(&places, COUNT(clients) - 1), OK);
	begin(&running, "127.0.0.1:0", &options);
	for (size_t i = 0; i < COUNT(clients); i++)
		client_open(&clients[i], running.where);
	client_open(&other, running.where);
	client_send(&clients[0], hash);
	sem_wait(&entered);
	client_send(&clients[1], hash);
	usleep(50000);
	for (int i = 0; i < 20; i++) {
		struct reply_seen seen;

		client_send(&clients[2], hash);
		client_read(&clients[2], &seen, false);
		assert_int_equal(seen.status, 503);
		assert_string_equal(seen_header(&seen, "Retry-After"), "1");
		assert_non_null(strstr(buf_string(&seen.body), "\"code\":\"busy\""));
		seen_done(&seen);
	}
	client_send(&other, "GET /hello HTTP/1.1\r\n" H);
	for (size_t i = 0; i < 2; i++)
		sem_post(&let_go);
	expect(&clients[0], 200, "hello");
	expect(&clients[1], 200, "hello");
	expect(&other, 200, "hello");
	sem_wait(&entered);
	sem_post(&let_go);
	client_send(&clients[2], hash);
	expect(&clients[2], 200, "hello"); /* places are given back */
	sem_wait(&entered);
	for (size_t i = 0; i < COUNT(clients); i++)
		client_close(&clients[i]);
	client_close(&other);
	end(&running);
	assert_int_equal(places.taken, 0);
	hash_places_done(&places);
}

static void the_longest_idle_makes_room(void **state UNUSED)
{
	const struct server_options options = { .connections = 4, .loops = 1 };
	struct running running;
	struct client clients[6];

	begin(&running, "127.0.0.1:0", &options);
	for (size_t i = 0; i < COUNT(clients); i++) {
		client_open(&clients[i], running.where);
		client_send(&clients[i], "GET /fast HTTP/1.1\r\n" H);
		expect(&clients[i], 200, "fast");
	}
	assert_true(client_ends(&clients[0], 1000));
	assert_true(client_ends(&clients[1], 1000));
	client_send(&clients[2], "GET /fast HTTP/1.1\r\n" H);
	expect(&clients[2], 200, "fast");
	for (size_t i = 0; i < COUNT(clients); i++)
		client_close(&clients[i]);
	end(&running);
}

/* Nobody is idle: of the slow the one that was waited for longest gives way, and who came last is not turned away. */
static void the_slow_make_room_too(void **state UNUSED)
{
	static const char *const parts[] = {
		"GET /fast HT", ("POST /echo HTTP/1.1\r\nContent-Length: 3\r\n" H "a"), ("GET /pieces HTTP/1.1\r\n" H),
	};
	const struct server_options options = {
		.connections = COUNT(parts), .loops = 1, .deadlines = { .head_ms = 30000, .body_ms = 30000, .write_ms = 30000 },
	};
	struct running running;
	struct client slow[COUNT(parts)], quick[COUNT(parts)];
	bool ended;

	begin(&running, "127.0.0.1:0", &options);
	for (size_t i = 0; i < COUNT(parts); i++) {
		client_open_narrow(&slow[i], running.where);
		client_send(&slow[i], parts[i]);
		usleep(20000);
	}
	sem_wait(&written);
	wait_for_full();
	for (size_t i = 0; i < COUNT(parts); i++) {
		client_open(&quick[i], running.where);
		client_send(&quick[i], "GET /fast HTTP/1.1\r\n" H);
		expect(&quick[i], 200, "fast");
		(void)read_what_comes(&slow[i], 2000, &ended);
		assert_true(ended);
		if (i == 0)
			assert_false(client_ends(&slow[1], 100));
	}
	for (size_t i = 0; i < COUNT(parts); i++) {
		client_close(&slow[i]);
		client_close(&quick[i]);
	}
	end(&running);
}

static atomic_bool holding;
static sem_t held;

/* Keeps one loop from its work, the next that is told of anything. */
static void hold_one(unsigned loop UNUSED, bool begins)
{
	if (begins && atomic_exchange(&holding, false))
		sem_wait(&held);
}

/* The system tells one loop of a newcomer. It may have nobody who could give way: then it is another's connections that do. */
static void whichever_loop_is_told_there_is_room(void **state UNUSED)
{
	const struct server_options options = { .connections = 1, .loops = 2, .turn = hold_one, .deadlines.idle_ms = 30000 };
	struct running running;
	struct client first, second, third;

	sem_init(&held, 0, 0);
	begin(&running, "127.0.0.1:0", &options);
	usleep(100000); /* both wait */
	atomic_store(&holding, true);
	client_open(&first, running.where);
	for (int i = 0; i < 1000 && atomic_load(&holding); i++)
		usleep(5000);
	client_open(&second, running.where);
	client_send(&second, "GET /fast HTTP/1.1\r\n" H);
	expect(&second, 200, "fast"); /* by the other loop */
	sem_post(&held);
	client_send(&second, "GET /fast HTTP/1.1\r\n" H);
	expect(&second, 200, "fast");
	usleep(100000); /* both wait again */
	client_open(&third, running.where);
	client_send(&third, "GET /fast HTTP/1.1\r\n" H);
	expect(&third, 200, "fast");
	assert_true(client_ends(&second, 1000));
	client_close(&first);
	client_close(&second);
	client_close(&third);
	end(&running);
	sem_destroy(&held);
}

/* The n-th allocation of a loop fails, for n = 1, 2, 3 … until none is left: the answer is 503 or none, and the next one is whole. */
static void memory_that_ended_for_a_moment_is_forgotten(void **state UNUSED)
{
	const struct server_options options = { .loops = 1 };
	int failed = 0;

	for (int n = 1, left = 0; !left; n++) {
		struct running running;
		struct reply_seen seen;
		struct client client;

		begin(&running, "127.0.0.1:0", &options);
		atomic_store(&until_failure, n);
		client_open(&client, running.where);
		client_send(&client, "GET /fast HTTP/1.1\r\nConnection: close\r\n" H);
		client_read(&client, &seen, false);
		left = atomic_exchange(&until_failure, 0);
		if (left ? seen.status != 200 : seen.status && seen.status != 503)
			fail_msg("allocation %d: %d", n, seen.status);
		failed += !left;
		seen_done(&seen);
		client_close(&client);
		client_open(&client, running.where);
		client_send(&client, "GET /fast HTTP/1.1\r\n" H);
		client_read(&client, &seen, false);
		if (seen.status != 200 || strcmp(buf_string(&seen.body), "fast") != 0)
			fail_msg("after allocation %d failed: %d", n, seen.status);
		seen_done(&seen);
		client_close(&client);
		end(&running);
	}
	assert_in_range(failed, 2, 20); /* of the head, of the body */
}

/* Room for three heads: who holds something and was waited for longest makes it, not who is idle, nor whom a thread has in hand. */
static void who_holds_something_for_longest_makes_room(void **state UNUSED)
{
	static const char half[] = "GET /fast HT", rest[] = "TP/1.1\r\n" H;
	const struct server_options options = { .loops = 1, .held_bytes = 3 * 1024, .deadlines = { .head_ms = 30000, .idle_ms = 30000 } };
	struct client idle, busy, slow[2], asks;
	struct running running;

	begin(&running, "127.0.0.1:0", &options);
	client_open(&idle, running.where);
	client_send(&idle, "GET /fast HTTP/1.1\r\n" H);
	expect(&idle, 200, "fast");
	client_open(&busy, running.where);
	client_send(&busy, "GET /stay HTTP/1.1\r\n" H "GET /fast HT");
	sem_wait(&entered);
	for (size_t i = 0; i < COUNT(slow); i++) {
		client_open(&slow[i], running.where);
		client_send(&slow[i], half);
		usleep(20000);
	}
	client_open(&asks, running.where);
	client_send(&asks, half);
	assert_true(client_ends(&slow[0], 1000));
	client_send(&asks, rest);
	expect(&asks, 200, "fast");
	client_send(&slow[1], rest);
	expect(&slow[1], 200, "fast");
	sem_post(&let_go);
	expect(&busy, 200, "hello");
	client_send(&busy, rest);
	expect(&busy, 200, "fast");
	client_send(&idle, "GET /fast HTTP/1.1\r\n" H);
	expect(&idle, 200, "fast");
	client_close(&idle);
	client_close(&busy);
	client_close(&slow[0]);
	client_close(&slow[1]);
	client_close(&asks);
	end(&running);
}

static void where_nobody_can_make_room_it_is_said(void **state UNUSED)
{
	const struct server_options options = { .loops = 1, .held_bytes = 3 * 1024 };
	static char said[2000];
	struct running running;
	struct client client;

	memset(said, 'x', sizeof(said));
	begin(&running, "127.0.0.1:0", &options);
	client_open(&client, running.where);
	client_send(&client, "POST /echo HTTP/1.1\r\nContent-Length: 3000\r\n" H);
	client_send_bytes(&client, said, sizeof(said));
	usleep(50000);
	client_send_bytes(&client, said, 3000 - sizeof(said));
	expect_end(&client, 503);
	client_close(&client);
	end(&running);
}

static void *stop(void *server)
{
	server_stop(server);
	return NULL;
}

/* However many, and although the house is full of idle ones. */
static void whoever_waits_at_the_door_at_the_end_is_answered(void **state UNUSED)
{
	const struct server_options options = { .loops = 1, .connections = 50, .turn = hold_one, .deadlines.drain_ms = 20000 };
	struct client idle[50], waiting[50];
	struct running running;
	pthread_t stopper;

	sem_init(&held, 0, 0);
	begin(&running, "127.0.0.1:0", &options);
	for (size_t i = 0; i < COUNT(idle); i++) {
		client_open(&idle[i], running.where);
		client_send(&idle[i], "GET /fast HTTP/1.1\r\n" H);
		expect(&idle[i], 200, "fast");
	}
	usleep(50000);
	atomic_store(&holding, true);
	for (size_t i = 0; i < COUNT(waiting); i++) {
		client_open(&waiting[i], running.where);
		client_send(&waiting[i], i % 2 ? "GET /hello HTTP/1.1\r\n" H : "GET /fast HTTP/1.1\r\n" H);
	}
	assert_int_equal(pthread_create(&stopper, NULL, stop, running.server), 0);
	usleep(50000);
	sem_post(&held);
	for (size_t i = 0; i < COUNT(waiting); i++) {
		expect_end(&waiting[i], 200);
		client_close(&waiting[i]);
	}
	pthread_join(stopper, NULL);
	server_free(running.server);
	for (size_t i = 0; i < COUNT(idle); i++)
		client_close(&idle[i]);
	sem_destroy(&held);
}

static void an_open_request_ends_before_the_server(void **state UNUSED)
{
	struct running running;
	struct client busy, half, idle, fresh;
	pthread_t stopper;

	begin(&running, "127.0.0.1:0", NULL);
	client_open(&idle, running.where);
	client_open(&fresh, running.where);
	client_open(&busy, running.where);
	client_open(&half, running.where);
	client_send(&idle, "GET /hello HTTP/1.1\r\n" H);
	expect(&idle, 200, "hello");
	client_send(&busy, "GET /stay HTTP/1.1\r\n" H);
	sem_wait(&entered);
	client_send(&half, "POST /echo HTTP/1.1\r\nContent-Length: 3\r\n" H "a");
	usleep(50000);
	assert_int_equal(pthread_create(&stopper, NULL, stop, running.server), 0);
	assert_true(client_ends(&idle, 500));
	assert_true(client_ends(&fresh, 500));
	for (int i = 0; i < 100 && !client_refused(running.where); i++)
		usleep(5000); /* the last loop closes the door */
	assert_true(client_refused(running.where));
	client_send(&half, "bc");
	expect_end(&half, 200);
	sem_post(&let_go);
	expect_end(&busy, 200);
	client_close(&half);
	client_close(&busy);
	pthread_join(stopper, NULL);
	server_free(running.server);
	client_close(&idle);
	client_close(&fresh);
}

/* Their heads say that the connection stays; nobody has told the client otherwise, and it stays. */
static void who_comes_to_rest_while_it_ends_is_not_waited_for(void **state UNUSED)
{
	static const char *const asked[] = {
		"GET /big HTTP/1.1\r\n" H, "GET /pieces HTTP/1.1\r\n" H, ("GET /pieces HTTP/1.1\r\n" H "GET /hello HTTP/1.1\r\n" H),
	};
	const struct server_options options = { .loops = 1, .deadlines = { .idle_ms = 30000, .drain_ms = 20000 } };

	for (size_t i = 0; i < COUNT(asked); i++) {
		struct running running;
		struct client client;
		pthread_t stopper;
		int64_t began_ms;
		size_t taken;
		bool ended;

		begin(&running, "127.0.0.1:0", &options);
		client_open_narrow(&client, running.where);
		client_send(&client, asked[i]);
		sem_wait(&written);
		wait_for_full();
		assert_int_equal(pthread_create(&stopper, NULL, stop, running.server), 0);
		began_ms = clock_monotonic_ms();
		usleep(50000);
		taken = read_what_comes(&client, 2000, &ended);
		assert_true(taken > BIG_BYTES && ended);
		pthread_join(stopper, NULL);
		if (clock_monotonic_ms() - began_ms >= options.deadlines.drain_ms / 2)
			fail_msg("%s: %" PRId64 " ms", asked[i], clock_monotonic_ms() - began_ms);
		while (!sem_trywait(&written))
			;
		client_close(&client);
		server_free(running.server);
	}
}

static void who_does_not_end_is_not_waited_for(void **state UNUSED)
{
	const struct server_options options = { .deadlines.body_ms = 10000 };
	struct running running;
	struct client half;
	int64_t began_ms;

	begin(&running, "127.0.0.1:0", &options);
	client_open(&half, running.where);
	client_send(&half, "POST /echo HTTP/1.1\r\nContent-Length: 3\r\n" H "a");
	usleep(50000);
	began_ms = clock_monotonic_ms();
	end(&running);
	assert_in_range(clock_monotonic_ms() - began_ms, DRAIN_MS, DRAIN_MS + 2000);
	client_close(&half);
}

static void an_answer_may_come_after_the_loops_have_ended(void **state UNUSED)
{
	struct running running;
	struct client gone;
	pthread_t stopper;

	begin(&running, "127.0.0.1:0", NULL);
	client_open(&gone, running.where);
	client_send(&gone, "GET /stay HTTP/1.1\r\n" H);
	sem_wait(&entered);
	assert_int_equal(pthread_create(&stopper, NULL, stop, running.server), 0);
	usleep((DRAIN_MS + 300) * 1000);
	client_close(&gone);
	sem_post(&let_go);
	pthread_join(stopper, NULL);
	server_free(running.server);
}

static void listens_on_a_unix_socket(void **state UNUSED)
{
	char folder[] = "/tmp/twostep-unit-XXXXXX", where[128];
	struct running running;
	struct client client;
	struct stat made;
	const char *why = "";

	assert_non_null(mkdtemp(folder));
	snprintf(where, sizeof(where), "unix:%s/socket", folder);
	for (int i = 0; i < 2; i++) {
		struct server_options options = { .settings = &running.settings, .router = &router };
		struct server *second = NULL;
		struct sockaddr_un stale = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		memcpy(stale.sun_path, where + 5, strlen(where + 5));
		assert_int_equal(bind(fd, (void *)&stale, sizeof(stale)), 0); /* left behind by a server that was killed */
		close(fd);
		begin(&running, where, NULL);
		assert_string_equal(running.where, where);
		assert_int_equal(stat(where + 5, &made), 0);
		assert_int_equal(made.st_mode & 0777, 0660);
		client_open(&client, where);
		client_send(&client, "GET /hello HTTP/1.1\r\n" H);
		expect(&client, 200, "hello");
		client_close(&client);
		assert_int_equal(server_new(&options, &second, &why), ERR_IO); /* a living one is not replaced */
		end(&running);
		assert_int_equal(stat(where + 5, &made), -1);
	}
	assert_int_equal(rmdir(folder), 0);
}

static void takes_a_socket_that_is_handed_over(void **state UNUSED)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = 0x0100007f };
	int fd = socket(AF_INET, SOCK_STREAM, 0), saved = fcntl(3, F_DUPFD_CLOEXEC, 10);
	struct running running;
	struct client client;
	char pid[16];

	assert_int_equal(bind(fd, (void *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(dup2(fd, 3), 3);
	if (fd != 3)
		close(fd);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	begin(&running, "127.0.0.1:1", NULL);
	assert_null(getenv("LISTEN_FDS"));
	client_open(&client, running.where);
	client_send(&client, "GET /hello HTTP/1.1\r\n" H);
	expect(&client, 200, "hello");
	client_close(&client);
	end(&running);
	if (saved >= 0) {
		dup2(saved, 3);
		close(saved);
	}
}

static void says_why_it_cannot_listen(void **state)
{
	static const char *const wrong[] = { "", "nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "256.0.0.1:80",
		                                 "[::1:80", "::1:80", "localhost:80", "unix:", "unix:/nowhere/at/all" };
	struct running *running = *state;

	for (size_t i = 0; i <= COUNT(wrong); i++) {
		struct settings settings = { .listen = i < COUNT(wrong) ? wrong[i] : running->where };
		struct server_options options = { .settings = &settings, .router = &router };
		struct server *server = NULL;
		const char *why = "";
		if (server_new(&options, &server, &why) != ERR_IO || !*why)
			fail_msg("%s: %s", settings.listen, why);
	}
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, begin_test, end_test)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_socket_that_is_handed_over),
		WITH_SERVER(answers_one_after_the_other),
		WITH_SERVER(answers_in_order_what_came_at_once),
		WITH_SERVER(answers_what_came_byte_by_byte),
		WITH_SERVER(takes_the_largest_body),
		WITH_SERVER(head_has_the_length_and_no_body),
		WITH_SERVER(a_head_that_is_refused_gets_no_body_either),
		WITH_SERVER(every_answer_carries_the_headers_of_the_contract),
		WITH_SERVER(closes_when_asked_to),
		WITH_SERVER(a_refusal_reaches_who_is_still_sending),
		WITH_SERVER(says_continue_once),
		WITH_SERVER(the_slow_are_told_so),
		WITH_SERVER(trickling_does_not_help),
		WITH_SERVER(a_large_answer_comes_whole),
		WITH_SERVER(who_takes_a_little_now_and_then_gets_it_all),
		WITH_SERVER(who_takes_nothing_is_dropped),
		WITH_SERVER(a_client_that_goes_away_disturbs_nobody),
		WITH_SERVER(who_has_said_all_still_gets_an_answer),
		cmocka_unit_test(a_full_queue_is_said_at_once),
		cmocka_unit_test(a_full_queue_cuts_no_answer_under_way),
		cmocka_unit_test(no_place_to_hash_in_is_said_at_once),
		cmocka_unit_test(the_longest_idle_makes_room),
		cmocka_unit_test(the_slow_make_room_too),
		cmocka_unit_test(whichever_loop_is_told_there_is_room),
		cmocka_unit_test(who_holds_something_for_longest_makes_room),
		cmocka_unit_test(where_nobody_can_make_room_it_is_said),
		cmocka_unit_test(memory_that_ended_for_a_moment_is_forgotten),
		cmocka_unit_test(an_open_request_ends_before_the_server),
		cmocka_unit_test(who_comes_to_rest_while_it_ends_is_not_waited_for),
		cmocka_unit_test(whoever_waits_at_the_door_at_the_end_is_answered),
		cmocka_unit_test(who_does_not_end_is_not_waited_for),
		cmocka_unit_test(an_answer_may_come_after_the_loops_have_ended),
		cmocka_unit_test(listens_on_a_unix_socket),
		WITH_SERVER(says_why_it_cannot_listen),
	};

	log_setup(LOG_ERROR, false);
	sem_init(&entered, 0, 0);
	sem_init(&let_go, 0, 0);
	sem_init(&written, 0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
