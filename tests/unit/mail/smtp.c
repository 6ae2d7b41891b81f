/*
 * smtp: what becomes of a mail, whatever the server says and when. The server is a thread here that reads from a script;
 * TLS, login and certificates are tried against a real one in tests/door/test_mail.py.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "mail/delivery.h"

/* What the server says; NULL: what servers say. "" says nothing and waits, "!" closes. */
struct script {
	const char *greeting, *ehlo, *from, *to, *data, *end, *quit;
};

struct server {
	const struct script *script;
	int listening, port;
	pthread_t thread;
	atomic_int connections, quits, mails;
	char heard[4096]; /* the last mail's lines, as they came */
};

static bool say(int to, const char *line, const char *usual)
{
	line = line ? line : usual;
	if (!strcmp(line, "!"))
		return false;
	if (*line)
		dprintf(to, "%s\r\n", line);
	return true;
}

static void hear_mail(struct server *server, FILE *in)
{
	char line[2048];
	size_t length = 0;

	while (fgets(line, sizeof(line), in) && strcmp(line, ".\r\n"))
		length += (size_t)snprintf(server->heard + length, sizeof(server->heard) - length, "%s", line);
	server->mails++;
}

static bool serve_line(struct server *server, FILE *in, int to, const char *line)
{
	const struct script *script = server->script;

	if (!strncmp(line, "EHLO", 4))
		return say(to, script->ehlo, "250-here\r\n250 8BITMIME");
	if (!strncmp(line, "MAIL", 4))
		return say(to, script->from, "250 ok");
	if (!strncmp(line, "RCPT", 4))
		return say(to, script->to, "250 ok");
	if (!strncmp(line, "QUIT", 4)) {
		server->quits++;
		return say(to, script->quit, "221 bye");
	}
	if (strncmp(line, "DATA", 4))
		return say(to, NULL, "500 what?");
	if (!say(to, script->data, "354 go on") || (script->data && *script->data != '3'))
		return script->data && *script->data != '!';
	hear_mail(server, in);
	return say(to, script->end, "250 taken");
}

static void serve_one(struct server *server, int connection)
{
	FILE *in = fdopen(connection, "r");
	char line[2048];
	bool on = say(connection, server->script->greeting, "220 here");

	while (on && fgets(line, sizeof(line), in))
		on = serve_line(server, in, connection, line);
	fclose(in);
}

static void *serve(void *argument)
{
	struct server *server = argument;
	int connection;

	while ((connection = accept(server->listening, NULL, NULL)) >= 0) {
		server->connections++;
		serve_one(server, connection);
	}
	return NULL;
}

static void start(struct server *server, const struct script *script)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);

	memset(server, 0, sizeof(*server));
	server->script = script;
	server->listening = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server->listening, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server->listening, 8), 0);
	assert_int_equal(getsockname(server->listening, (struct sockaddr *)&address, &length), 0);
	server->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
	shutdown(server->listening, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listening);
}

#define LONG "sixty bytes of words of which no server has too many to say "

static const char message[] = "Subject: x\r\n\r\nHello\r\n.\r\n..two\r\nend\r\n";

/* A way to a host, with what it needs. */
struct line_out {
	struct settings settings;
	char url[64];
	atomic_bool stop;
	void *way;
};

static void dial(struct line_out *out, const char *host, int port)
{
	const char *why = "";

	memset(out, 0, sizeof(*out));
	(void)snprintf(out->url, sizeof(out->url), "smtp://%s:%d", host, port);
	out->settings = (struct settings){ .mail = out->url, .mail_from = "login@example.com", .public_host = "login.example.com",
		.mail_loopback = strcmp(host, "0.0.0.0") };
	if (smtp_delivery.open(&out->settings, &out->stop, &out->way, &why))
		fail_msg("%s: %s", out->url, why);
}

static enum delivered send_one(struct line_out *out, bool last, struct delivery_trouble *trouble)
{
	struct mail mail = { "kim@example.com", message, strlen(message), last };

	return smtp_delivery.send(out->way, &mail, trouble);
}

/* Time as smtp.c sees it, ahead of libcurl's. */
static atomic_llong ahead_ms;

int64_t __real_clock_monotonic_ms(void);
int64_t __wrap_clock_monotonic_ms(void);
int64_t __wrap_clock_monotonic_ms(void)
{
	return __real_clock_monotonic_ms() + ahead_ms;
}

static void each_refusal_means_what_it_should(void **state)
{
	static const struct {
		struct script script;
		enum delivered expected;
		const char *stage;
		int64_t reply;
	} cases[] = {
		{ { 0 }, DELIVERED, "text", 250 },
		{ { .greeting = "554 no service" }, DELIVERED_NOT, "connect", 554 },
		{ { .greeting = "421 busy" }, DELIVERED_NOT, "connect", 421 },
		{ { .greeting = "!" }, DELIVERED_NOT, "connect", 0 },
		{ { .from = "550 not your sender" }, DELIVERED_NOT, "MAIL", 550 },
		{ { .from = "451 later" }, DELIVERED_NOT, "MAIL", 451 },
		{ { .to = "550 nobody here" }, DELIVERED_REFUSED, "RCPT", 550 },
		{ { .to = "550-nobody\r\n550 here" }, DELIVERED_REFUSED, "RCPT", 550 },
		{ { .to = "451 greylisted" }, DELIVERED_LATER, "RCPT", 451 },
		{ { .to = "421 going down" }, DELIVERED_NOT, "RCPT", 421 },
		{ { .to = "530 sign in first" }, DELIVERED_NOT, "RCPT", 530 },
		{ { .to = "!" }, DELIVERED_NOT, "RCPT", 0 },
		{ { .data = "554 no" }, DELIVERED_REFUSED, "DATA", 554 },
		{ { .data = "452 full" }, DELIVERED_LATER, "DATA", 452 },
		{ { .end = "554 spam" }, DELIVERED_REFUSED, "text", 554 },
		{ { .end = "452 full" }, DELIVERED_LATER, "text", 452 },
		{ { .end = "!" }, DELIVERED_NOT, "text", 0 },
		{ { .quit = "!" }, DELIVERED, "text", 250 },
		{ { .quit = "500 no" }, DELIVERED, "text", 250 },
		{ { .to = "550 nobody", .quit = "!" }, DELIVERED_REFUSED, "RCPT", 550 },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct delivery_trouble trouble = { 0 };
		struct server server;
		struct line_out out;
		start(&server, &cases[i].script);
		dial(&out, "127.0.0.1", server.port);
		enum delivered got = send_one(&out, true, &trouble);
		if (got != cases[i].expected || strcmp(trouble.stage, cases[i].stage) || trouble.reply != cases[i].reply)
			fail_msg("case %zu: %d at %s, %d (%s)", i, (int)got, trouble.stage, (int)trouble.reply, trouble.what);
		smtp_delivery.close(out.way);
		stop(&server);
	}
}

/* A server that refuses says why, and repeats what it was given. */
static void what_it_says_is_told_without_what_it_repeats(void **state)
{
	static const char mail[] = "Subject: x\r\n\r\nhttps://login.example.com/signup?code=ABCD-EFGH-JKMN\r\n\r\nABCD-EFGH-JKMN\r\n\r\n123456\r\n";
	static const struct {
		struct script script;
		const char *what;
	} cases[] = {
		{ { .to = "550 5.1.1 <kim@example.com>: no such user" }, "the server says: 5.1.1 *** no such user" },
		{ { .to = "550-5.1.1 Kim is unknown,\r\n550 5.1.1 see https://help.example/550" }, "the server says: 5.1.1 *** is unknown, 5.1.1 see ***" },
		{ { .to = "451" }, "the server refused" },
		{ { .to = "550 a\tb\x1b[2Jc" }, "the server says: a b [2Jc" },
		{ { .from = "550 5.7.1 not your sender" }, "the server says: 5.7.1 not your sender" },
		{ { .greeting = "421 too busy" }, "the server says: too busy" },
		{ { .end = "554 spam: 'abcd-efgh-jkmn' (123456) is in it 4.4" }, "the server says: spam: *** *** is in it 4.4" },
		{ { .data = "452 try at 12:30" }, "the server says: try at 12:30" },
		{ { .to = "550 " LONG LONG LONG LONG LONG LONG LONG LONG }, "the server says: " LONG LONG LONG "sixty bytes of words" },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mail open = { "kim@example.com", mail, strlen(mail), true };
		struct delivery_trouble trouble = { 0 };
		struct server server;
		struct line_out out;
		start(&server, &cases[i].script);
		dial(&out, "127.0.0.1", server.port);
		(void)smtp_delivery.send(out.way, &open, &trouble);
		if (strcmp(trouble.what, cases[i].what))
			fail_msg("case %zu: %s", i, trouble.what);
		smtp_delivery.close(out.way);
		stop(&server);
	}
}

/* Lines that begin with a dot get another one on the wire (RFC 5321 section 4.5.2). */
static void a_batch_shares_a_connection_and_says_good_bye(void **state)
{
	static const struct script usual;
	struct delivery_trouble trouble;
	struct server server;
	struct line_out out;
	(void)state;

	start(&server, &usual);
	dial(&out, "localhost", server.port);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send_one(&out, i == 2, &trouble), DELIVERED);
	smtp_delivery.rest(out.way);
	assert_int_equal(send_one(&out, true, &trouble), DELIVERED);
	smtp_delivery.close(out.way);
	stop(&server);
	assert_int_equal(server.connections, 2);
	assert_int_equal(server.quits, 2);
	assert_int_equal(server.mails, 4);
}

static void the_bytes_arrive(void **state)
{
	static const struct script usual;
	struct delivery_trouble trouble;
	struct server server;
	struct line_out out;
	(void)state;

	start(&server, &usual);
	dial(&out, "127.0.0.1", server.port);
	assert_int_equal(send_one(&out, true, &trouble), DELIVERED);
	smtp_delivery.close(out.way);
	stop(&server);
	assert_string_equal(server.heard, "Subject: x\r\n\r\nHello\r\n..\r\n...two\r\nend\r\n");
}

static void nobody_answers(void **state)
{
	static const struct script usual;
	struct delivery_trouble trouble;
	struct server server;
	struct line_out out;
	(void)state;

	start(&server, &usual);
	stop(&server);
	dial(&out, "127.0.0.1", server.port);
	assert_int_equal(send_one(&out, true, &trouble), DELIVERED_NOT);
	assert_string_equal(trouble.stage, "connect");
	smtp_delivery.close(out.way);
}

/* 0.0.0.0 leads to this machine, but settings do not call it loopback: without STARTTLS nothing may be said there. */
static void off_loopback_nothing_is_said_without_tls(void **state)
{
	static const struct script usual;
	struct delivery_trouble trouble;
	struct server server;
	struct line_out out;
	(void)state;

	start(&server, &usual);
	dial(&out, "0.0.0.0", server.port);
	assert_int_equal(send_one(&out, true, &trouble), DELIVERED_NOT);
	assert_string_equal(trouble.stage, "connect");
	smtp_delivery.close(out.way);
	stop(&server);
	assert_int_equal(server.mails, 0);
}

/* A server that says nothing more after the good-bye, or before the mail was the last, holds nobody for long. */
static void silence_after_the_mail_costs_little(void **state)
{
	static const struct script silent = { .quit = "" };
	struct delivery_trouble trouble;
	struct server server;
	struct line_out out;
	(void)state;

	for (int last = 0; last < 2; last++) {
		int64_t began_ms = clock_monotonic_ms();
		start(&server, &silent);
		dial(&out, "127.0.0.1", server.port);
		assert_int_equal(send_one(&out, last, &trouble), DELIVERED);
		smtp_delivery.close(out.way);
		stop(&server);
		if (clock_monotonic_ms() - began_ms > 4500)
			fail_msg("last %d: %d ms", last, (int)(clock_monotonic_ms() - began_ms));
	}
}

static void *stop_soon(void *argument)
{
	struct line_out *out = argument;

	usleep(300 * 1000);
	atomic_store(&out->stop, true);
	return NULL;
}

static void a_stop_ends_the_attempt(void **state)
{
	static const struct script cases[] = { { .greeting = "" }, { .ehlo = "" }, { .to = "" }, { .end = "" } };
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct delivery_trouble trouble;
		struct server server;
		struct line_out out;
		pthread_t stopper;
		int64_t began_ms = clock_monotonic_ms();
		start(&server, &cases[i]);
		dial(&out, "127.0.0.1", server.port);
		assert_int_equal(pthread_create(&stopper, NULL, stop_soon, &out), 0);
		enum delivered got = send_one(&out, true, &trouble);
		smtp_delivery.close(out.way);
		int64_t took_ms = clock_monotonic_ms() - began_ms;
		if (got != DELIVERED_STOPPED || took_ms > 300 + 1300)
			fail_msg("case %zu: %d after %d ms", i, (int)got, (int)took_ms);
		pthread_join(stopper, NULL);
		stop(&server);
	}
}

/* A while after the server fell silent: so much later at once, and a stop where that ended nothing. */
struct passing {
	struct line_out *out;
	int64_t by_ms;
};

static void *let_pass(void *argument)
{
	const struct passing *passing = argument;

	usleep(500 * 1000);
	atomic_store(&ahead_ms, passing->by_ms);
	usleep(1600 * 1000);
	atomic_store(&passing->out->stop, true);
	return NULL;
}

/* The answer to the text may take minutes, as filters do (RFC 5321 section 4.5.3.2.6); then this mail alone waits. */
static void each_stage_has_its_patience(void **state)
{
	static const struct {
		struct script script;
		int64_t by_s;
		enum delivered expected;
		const char *stage;
	} cases[] = {
		{ { .to = "" }, 50, DELIVERED_STOPPED, "RCPT" },     { { .to = "" }, 61, DELIVERED_NOT, "RCPT" },
		{ { .data = "" }, 61, DELIVERED_NOT, "DATA" },       { { .end = "" }, 61, DELIVERED_STOPPED, "text" },
		{ { .end = "" }, 290, DELIVERED_STOPPED, "text" },   { { .end = "" }, 301, DELIVERED_LATER, "text" },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct delivery_trouble trouble = { 0 };
		struct server server;
		struct line_out out;
		struct passing passing = { &out, cases[i].by_s * 1000 };
		pthread_t passes;
		start(&server, &cases[i].script);
		dial(&out, "127.0.0.1", server.port);
		assert_int_equal(pthread_create(&passes, NULL, let_pass, &passing), 0);
		enum delivered got = send_one(&out, true, &trouble);
		pthread_join(passes, NULL);
		atomic_store(&ahead_ms, 0);
		if (got != cases[i].expected || strcmp(trouble.stage, cases[i].stage) || trouble.reply)
			fail_msg("case %zu: %d at %s, %d (%s)", i, (int)got, trouble.stage, (int)trouble.reply, trouble.what);
		smtp_delivery.close(out.way);
		stop(&server);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_refusal_means_what_it_should), cmocka_unit_test(what_it_says_is_told_without_what_it_repeats),
		cmocka_unit_test(a_batch_shares_a_connection_and_says_good_bye),
		cmocka_unit_test(the_bytes_arrive), cmocka_unit_test(nobody_answers),
		cmocka_unit_test(off_loopback_nothing_is_said_without_tls), cmocka_unit_test(silence_after_the_mail_costs_little),
		cmocka_unit_test(a_stop_ends_the_attempt), cmocka_unit_test(each_stage_has_its_patience),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
