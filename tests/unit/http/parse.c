/* HTTP requests, right and wrong, whole and in every two pieces and byte by byte: the answer is always the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/buf.h"
#include "http/parse.h"

#define H    "Host: a.example\r\n"
#define GET1 "GET / HTTP/1.1\r\n" H
#define POST1 "POST / HTTP/1.1\r\n" H
#define TE   "Transfer-Encoding: chunked\r\n"

/* What a reader does: grows a buffer, in memory of exactly its size that moves with each piece. */
struct reader {
	struct parser parser;
	struct request request;
	char *bytes;
	size_t length;
	enum parsed parsed;
};

static void feed(struct reader *reader, const char *piece, size_t length)
{
	char *moved = malloc(reader->length + length + !(reader->length + length));

	assert_non_null(moved);
	if (reader->length)
		memcpy(moved, reader->bytes, reader->length);
	memcpy(moved + reader->length, piece, length);
	free(reader->bytes);
	reader->bytes = moved;
	reader->length += length;
	reader->parsed = parse_more(&reader->parser, reader->bytes, &reader->length, &reader->request);
	if (reader->length > PARSE_BYTES && reader->parsed == PARSED_MORE)
		fail_msg("asks to keep %zu bytes", reader->length);
}

static void feed_in_steps(struct reader *reader, const char *text, size_t length, size_t first, size_t step)
{
	size_t at = 0, piece = first;

	do {
		piece = piece < length - at ? piece : length - at;
		feed(reader, text + at, piece);
		at += piece;
		piece = step;
	} while (at < length && reader->parsed == PARSED_MORE);
}

typedef void judge(const struct reader *reader, const char *name, const void *expected);

static void in_all_pieces(const char *name, const char *text, size_t length, judge *check, const void *expected)
{
	for (size_t first = 0; first < length; first++) {
		struct reader reader = { .parsed = PARSED_MORE };

		feed_in_steps(&reader, text, length, first ? first : 1, first ? length : 1);
		check(&reader, name, expected);
		free(reader.bytes);
	}
}

static void whole(const char *name, const char *text, size_t length, judge *check, const void *expected)
{
	const size_t steps[] = { length < 20000 ? 1 : 61, 1000, SIZE_MAX };

	for (size_t i = 0; i < COUNT(steps); i++) {
		struct reader reader = { .parsed = PARSED_MORE };

		feed_in_steps(&reader, text, length, steps[i], steps[i]);
		check(&reader, name, expected);
		free(reader.bytes);
	}
}

static void refused(const struct reader *reader, const char *name, const void *expected)
{
	const enum err *err = expected;

	if (reader->parsed != PARSED_REFUSED || reader->parser.err != *err)
		fail_msg("%s: %d, %s instead of %s", name, reader->parsed, err_name(reader->parser.err), err_name(*err));
}

struct wrong {
	enum err err;
	const char *text;
	size_t length; /* 0: up to NUL */
};

static void refuse_all(const struct wrong *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		in_all_pieces(cases[i].text, cases[i].text, cases[i].length ? cases[i].length : strlen(cases[i].text), refused,
		              &cases[i].err);
}

#define WITH_NUL(text) (text), sizeof(text) - 1

static void refuses_request_lines(void **state)
{
	static const struct wrong cases[] = {
		{ ERR_MALFORMED, "GET  / HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET /  HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1 \r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, " GET / HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET\t/\tHTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET /\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "\r\n\r\n" GET1 "\r\n", 0 },
		{ ERR_MALFORMED, "\n" GET1 "\r\n", 0 },
		{ ERR_MALFORMED, "G(T / HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "G\xc3\x89T / HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, WITH_NUL("G\0T / HTTP/1.1\r\n" H "\r\n") },
		{ ERR_MALFORMED, WITH_NUL("GET /\0 HTTP/1.1\r\n" H "\r\n") },
		{ ERR_MALFORMED, WITH_NUL("GET / HTTP/1.1\0\r\n" H "\r\n") },
		{ ERR_MALFORMED, "GET / HTTP/1.1\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1\r" H "\r\n\r\n", 0 },
		{ ERR_MALFORMED, "GET /a\rb HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET /\x01 HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET /\x7f HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET /# HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET /a#b HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET /% HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET /%4 HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET /%4g HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET /?%zz HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET a HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET * HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "OPTIONS ** HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "CONNECT a.example:443 HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET a.example:80 HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET ftp://a.example/ HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET http:///x HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET http:// HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET http://kim@a.example/ HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET http://b.example/ HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET http://a.example:81/ HTTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET / http/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.10\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/01.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1,1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/x.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "GET / FTP/1.1\r\n" H "\r\n", 0 },
		{ ERR_MALFORMED, "\x16\x03\x01\x02\r\n\r\n", 0 },
		{ ERR_HTTP_VERSION, "PRI * HTTP/2.0\r\n\r\n", 0 },
		{ ERR_HTTP_VERSION, "GET / HTTP/2.0\r\n" H "\r\n", 0 },
		{ ERR_HTTP_VERSION, "GET / HTTP/0.9\r\n" H "\r\n", 0 },
		{ ERR_HTTP_VERSION, "GET / HTTP/1.2\r\n" H "\r\n", 0 },
	};
	(void)state;
	refuse_all(cases, COUNT(cases));
}

static void refuses_fields(void **state)
{
	static const struct wrong cases[] = {
		{ ERR_MALFORMED, "GET / HTTP/1.1\r\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 H "\r\n", 0 },
		{ ERR_MALFORMED, GET1 "hOST: b.example\r\n\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.0\r\n" H H "\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1\r\nHost: []\r\n\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1\r\nHost: a\xff\r\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 "X : y\r\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 "X\t: y\r\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 ": y\r\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 "X\r\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 "X(y): z\r\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 "X\xff: y\r\n\r\n", 0 },
		{ ERR_MALFORMED, WITH_NUL(GET1 "X\0: y\r\n\r\n") },
		{ ERR_MALFORMED, WITH_NUL(GET1 "X: y\0z\r\n\r\n") },
		{ ERR_MALFORMED, GET1 "X: y\x01z\r\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 "X: y\x7fz\r\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 "X: y\x0bz\r\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 "X: y\rz\r\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 "X: y\r\r\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 "X: y\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 "X: y\nZ: z\r\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 "X: y\r\n\n", 0 },
		{ ERR_MALFORMED, GET1 "X: y\r\n z\r\n\r\n", 0 },
		{ ERR_MALFORMED, GET1 "X: y\r\n\tz\r\n\r\n", 0 },
		{ ERR_MALFORMED, "GET / HTTP/1.1\r\n X: y\r\n" H "\r\n", 0 },
		{ ERR_EXPECTATION, POST1 "Expect: 200-ok\r\nContent-Length: 2\r\n\r\n", 0 },
		{ ERR_EXPECTATION, POST1 "Expect:\r\nContent-Length: 2\r\n\r\n", 0 },
	};
	(void)state;
	refuse_all(cases, COUNT(cases));
}

static void refuses_lengths_that_could_be_read_in_two_ways(void **state)
{
	static const struct wrong cases[] = {
		{ ERR_MALFORMED, POST1 "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 0 },
		{ ERR_MALFORMED, POST1 "Content-Length: 2\r\ncontent-length: 2\r\n\r\n{}", 0 },
		{ ERR_MALFORMED, POST1 "Content-Length: 2, 2\r\n\r\n{}", 0 },
		{ ERR_MALFORMED, POST1 "Content-Length: +2\r\n\r\n{}", 0 },
		{ ERR_MALFORMED, POST1 "Content-Length: -2\r\n\r\n{}", 0 },
		{ ERR_MALFORMED, POST1 "Content-Length: 0x2\r\n\r\n{}", 0 },
		{ ERR_MALFORMED, POST1 "Content-Length: 2 2\r\n\r\n{}", 0 },
		{ ERR_MALFORMED, POST1 "Content-Length: 2.0\r\n\r\n{}", 0 },
		{ ERR_MALFORMED, POST1 "Content-Length:\r\n\r\n{}", 0 },
		{ ERR_MALFORMED, POST1 "Content-Length: \xd9\xa2\r\n\r\n{}", 0 },
		{ ERR_MALFORMED, POST1 "Content-Length: 18446744073709551618\r\n\r\n{}", 0 },
		{ ERR_MALFORMED, POST1 "Content-Length: 2\r\n" TE "\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, POST1 TE "Content-Length: 2\r\n\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, POST1 TE "Content-Length: 0\r\n\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, POST1 TE TE "\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, POST1 "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, POST1 "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, POST1 "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, POST1 "Transfer-Encoding:\r\n\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, POST1 "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, POST1 "Transfer-Encoding: \x0b" "chunked\r\n\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, POST1 "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, "POST / HTTP/1.0\r\n" H TE "\r\n0\r\n\r\n", 0 },
		{ ERR_NOT_IMPLEMENTED, POST1 "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 0 },
		{ ERR_NOT_IMPLEMENTED, POST1 "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0 },
		{ ERR_NOT_IMPLEMENTED, POST1 "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", 0 },
		{ ERR_NOT_IMPLEMENTED, POST1 "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 0 },
		{ ERR_TOO_LARGE, POST1 "Content-Length: 65537\r\n\r\n", 0 },
		{ ERR_TOO_LARGE, POST1 "Content-Length: 9999999999\r\n\r\n", 0 },
		{ ERR_TOO_LARGE, POST1 "Content-Length: 9999999999999999999\r\n\r\n", 0 },
	};
	(void)state;
	refuse_all(cases, COUNT(cases));
}

#define CHUNKS POST1 TE "\r\n"

static void refuses_chunks(void **state)
{
	static const struct wrong cases[] = {
		{ ERR_MALFORMED, CHUNKS "zz\r\n{}\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "\r\n{}\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS ";a\r\n{}\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "-2\r\n{}\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "0x2\r\n{}\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS " 2\r\n{}\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "2 \r\n{}\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "2 ;a\r\n{}\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "10000000000000002\r\n{}\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "2\n{}\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "2\r{}\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "2\r\n{}\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "2\r\n{}0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "2\r\n{}\r0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "2\r\n{}\rx0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "2\r\n{}x\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "1\r\n{}\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "2\r\n{}\r\n0\n\n", 0 },
		{ ERR_MALFORMED, CHUNKS "2\r\n{}\r\n0\r\n\n", 0 },
		{ ERR_MALFORMED, CHUNKS "2;a=\n\r\n{}\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "2;a=\rb\r\n{}\r\n0\r\n\r\n", 0 },
		{ ERR_MALFORMED, WITH_NUL(CHUNKS "2\0\r\n{}\r\n0\r\n\r\n") },
		{ ERR_MALFORMED, WITH_NUL(CHUNKS "2;\0\r\n{}\r\n0\r\n\r\n") },
		{ ERR_MALFORMED, CHUNKS "0\r\nX\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "0\r\nX : y\r\n\r\n", 0 },
		{ ERR_MALFORMED, CHUNKS "0\r\nX: y\r\n z\r\n\r\n", 0 },
		{ ERR_MALFORMED, WITH_NUL(CHUNKS "0\r\nX: \0\r\n\r\n") },
		{ ERR_TOO_LARGE, CHUNKS "10001\r\n{}", 0 },
		{ ERR_TOO_LARGE, CHUNKS "ffffffff\r\n{}", 0 },
		{ ERR_TOO_LARGE, CHUNKS "ffffffffffffffff\r\n{}", 0 },
		{ ERR_TOO_LARGE, CHUNKS "1\r\n{\r\n10000\r\n", 0 },
	};
	(void)state;
	refuse_all(cases, COUNT(cases));
}

struct right {
	const char *text;
	enum method method;
	const char *path, *query, *host, *body;
	bool keep_alive;
	size_t headers;
};

static void accepted(const struct reader *reader, const char *name, const void *expected)
{
	const struct right *right = expected;
	const struct request *r = &reader->request;

	if (reader->parsed != PARSED_ALL)
		fail_msg("%s: %d, %s", name, reader->parsed, err_name(reader->parser.err));
	if (r->method != right->method || !view_same(r->path, right->path) || !view_same(r->query, right->query) ||
	    !view_same(r->host, right->host) || !view_same(r->body, right->body) || r->keep_alive != right->keep_alive ||
	    r->header_count != right->headers || r->has_body != (right->body[0] != '\0'))
		fail_msg("%s: method %d, path %.*s, query %.*s, host %.*s, body %.*s, %s, %zu headers", name, r->method,
		         (int)r->path.length, r->path.bytes, (int)r->query.length, r->query.bytes, (int)r->host.length,
		         r->host.bytes, (int)r->body.length, r->body.bytes, r->keep_alive ? "stays" : "closes", r->header_count);
	if (reader->parser.used != reader->length)
		fail_msg("%s: used %zu of %zu", name, reader->parser.used, reader->length);
}

static void reads_what_is_right(void **state)
{
	static const struct right cases[] = {
		{ GET1 "\r\n", GET, "/", "", "a.example", "", true, 1 },
		{ "\r\n" GET1 "\r\n", GET, "/", "", "a.example", "", true, 1 },
		{ "HEAD /a/b?c=%20d HTTP/1.1\r\n" H "\r\n", HEAD, "/a/b", "c=%20d", "a.example", "", true, 1 },
		{ "GET /? HTTP/1.1\r\n" H "\r\n", GET, "/", "", "a.example", "", true, 1 },
		{ "GET /a?b?c HTTP/1.1\r\n" H "\r\n", GET, "/a", "b?c", "a.example", "", true, 1 },
		{ "GET //b HTTP/1.1\r\n" H "\r\n", GET, "//b", "", "a.example", "", true, 1 },
		{ "GET /?<{|}>\\^`[]\" HTTP/1.1\r\n" H "\r\n", GET, "/", "<{|}>\\^`[]\"", "a.example", "", true, 1 },
		{ "BREW /pot HTTP/1.1\r\n" H "\r\n", METHOD_OTHER, "/pot", "", "a.example", "", true, 1 },
		{ "get / HTTP/1.1\r\n" H "\r\n", METHOD_OTHER, "/", "", "a.example", "", true, 1 },
		{ "OPTIONS * HTTP/1.1\r\n" H "\r\n", OPTIONS, "*", "", "a.example", "", true, 1 },
		{ "GET http://a.example/x?y HTTP/1.1\r\n" H "\r\n", GET, "/x", "y", "a.example", "", true, 1 },
		{ "GET HTTPS://A.example HTTP/1.1\r\n" H "\r\n", GET, "/", "", "a.example", "", true, 1 },
		{ "GET http://a.example?y HTTP/1.1\r\n" H "\r\n", GET, "/", "y", "a.example", "", true, 1 },
		{ "GET http://a.example/ HTTP/1.0\r\n\r\n", GET, "/", "", "a.example", "", false, 0 },
		{ "GET / HTTP/1.1\r\nhOsT:[::1]:8080\r\n\r\n", GET, "/", "", "[::1]:8080", "", true, 1 },
		{ "GET / HTTP/1.1\r\nHost: \t a-b_c.9:1 \t \r\n\r\n", GET, "/", "", "a-b_c.9:1", "", true, 1 },
		{ "GET / HTTP/1.0\r\n\r\n", GET, "/", "", "", "", false, 0 },
		{ "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", GET, "/", "", "", "", false, 1 },
		{ GET1 "Connection: close\r\n\r\n", GET, "/", "", "a.example", "", false, 2 },
		{ GET1 "Connection: te ,\tClose\r\n\r\n", GET, "/", "", "a.example", "", false, 2 },
		{ GET1 "Connection: keep-alive\r\nConnection: close\r\n\r\n", GET, "/", "", "a.example", "", false, 3 },
		{ GET1 "Connection: ,,closed,\r\n\r\n", GET, "/", "", "a.example", "", true, 2 },
		{ GET1 "X:\r\nX: \xea\xb0\x80\xff\r\nX: a \t b\r\n\r\n", GET, "/", "", "a.example", "", true, 4 },
		{ GET1 "!#$%&'*+-.^_`|~0Az: y\r\n\r\n", GET, "/", "", "a.example", "", true, 2 },
		{ POST1 "Content-Length: 2\r\n\r\n{}", POST, "/", "", "a.example", "{}", true, 2 },
		{ POST1 "Content-Length: 0002\r\n\r\n{}", POST, "/", "", "a.example", "{}", true, 2 },
		{ POST1 "Content-Length: 0\r\n\r\n", POST, "/", "", "a.example", "", true, 2 },
		{ POST1 "Content-Length: 00000000000000000000000\r\n\r\n", POST, "/", "", "a.example", "", true, 2 },
		{ "POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: x\r\n\r\n{}", POST, "/", "", "", "{}", false, 2 },
		{ POST1 "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n{}", POST, "/", "", "a.example", "{}", true, 3 },
		{ "PATCH / HTTP/1.1\r\n" H TE "\r\n2\r\n{}\r\n0\r\n\r\n", PATCH, "/", "", "a.example", "{}", true, 2 },
		{ POST1 "transfer-encoding: \tChunked \r\n\r\n0\r\n\r\n", POST, "/", "", "a.example", "", true, 2 },
		{ CHUNKS "1\r\n{\r\n001\r\n \r\nA\r\n\"a\":\"bcdef\r\n2\r\n\"}\r\n000\r\n\r\n", POST, "/", "", "a.example",
		  "{ \"a\":\"bcdef\"}", true, 2 },
		{ CHUNKS "2;a=b;c=\"d e\" ; f\r\n{}\r\n0;x\r\n\r\n", POST, "/", "", "a.example", "{}", true, 2 },
		{ CHUNKS "2\r\n\r\n\r\n0\r\n\r\n", POST, "/", "", "a.example", "\r\n", true, 2 },
		{ CHUNKS "2\r\n{}\r\n0\r\nContent-Length: 9\r\nX: y\r\n\r\n", POST, "/", "", "a.example", "{}", true, 2 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		in_all_pieces(cases[i].text, cases[i].text, strlen(cases[i].text), accepted, &cases[i]);
}

struct aimed {
	const char *text, *target;
};

static void aimed(const struct reader *reader, const char *name, const void *expected)
{
	const struct aimed *right = expected;

	if (reader->parsed != PARSED_ALL || !view_same(reader->request.target, right->target))
		fail_msg("%s: %.*s", name, (int)reader->request.target.length, reader->request.target.bytes);
}

/* Whoever reads the target reads what whoever reads path and query does. */
static void the_target_is_path_and_query_in_each_form(void **state)
{
	static const struct aimed cases[] = {
		{ "GET /x/y?z=%20 HTTP/1.1\r\n" H "\r\n", "/x/y?z=%20" },
		{ "GET http://a.example/x/y?z=%20 HTTP/1.1\r\n" H "\r\n", "/x/y?z=%20" },
		{ "GET hTTps://A.example//x HTTP/1.1\r\n" H "\r\n", "//x" },
		{ "GET http://a.example HTTP/1.1\r\n" H "\r\n", "/" },
		{ "GET http://a.example?y HTTP/1.1\r\n" H "\r\n", "?y" },
		{ "OPTIONS * HTTP/1.1\r\n" H "\r\n", "*" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		in_all_pieces(cases[i].text, cases[i].text, strlen(cases[i].text), aimed, &cases[i]);
}

/* Whatever is too large, in one piece or in chunks: its head can be read, and who asked for what. */
static void tells_whose_body_is_too_large(void **state)
{
	static const char head[] = "POST /form HTTP/1.1\r\n" H "Accept: text/html\r\n";
	static const char *const bodies[] = { "Content-Length: 65537\r\n\r\n", TE "\r\n10001\r\n", TE "\r\n1\r\n{\r\n10000\r\n" };
	(void)state;

	for (size_t i = 0; i < COUNT(bodies); i++) {
		SCOPED(buf_done) struct buf text = { 0 };
		buf_text(&text, head);
		buf_text(&text, bodies[i]);
		for (size_t first = 1; first <= text.length; first++) {
			struct reader reader = { .parsed = PARSED_MORE };
			const struct request *r = &reader.request;
			feed(&reader, text.bytes, first);
			reader.request = (struct request){ 0 }; /* it may have been another connection's meanwhile */
			if (reader.parsed == PARSED_MORE)
				feed(&reader, text.bytes + first, text.length - first);
			else if (first < text.length)
				fail_msg("%s: refused after %zu bytes", bodies[i], first);
			if (first == text.length) {
				free(reader.bytes);
				continue;
			}
			if (reader.parsed != PARSED_REFUSED || reader.parser.err != ERR_TOO_LARGE ||
			    reader.parser.used != sizeof(head) - 1 + (size_t)(strstr(bodies[i], "\r\n\r\n") + 4 - bodies[i]) ||
			    !view_same(r->path, "/form") || r->method != POST || r->header_count != 3 || r->body.length)
				fail_msg("%s after %zu: %zu bytes, %.*s", bodies[i], first, reader.parser.used, (int)r->path.length, r->path.bytes);
			free(reader.bytes);
		}
	}
}

static void leaves_the_next_request_alone(void **state)
{
	static const char *const texts[] = {
		GET1 "\r\n", POST1 "Content-Length: 2\r\n\r\n{}", CHUNKS "2\r\n{}\r\n0\r\nX: y\r\n\r\n",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		SCOPED(buf_done) struct buf both = { 0 };
		buf_text(&both, texts[i]);
		buf_text(&both, GET1 "\r\n");
		for (size_t first = 1; first <= both.length; first++) {
			struct reader reader = { .parsed = PARSED_MORE };
			feed_in_steps(&reader, both.bytes, both.length, first, both.length);
			if (reader.parsed != PARSED_ALL ||
			    strncmp(reader.bytes + reader.parser.used, GET1 "\r\n", reader.length - reader.parser.used) != 0)
				fail_msg("%s in %zu: %d", texts[i], first, reader.parsed);
			free(reader.bytes);
		}
	}
}

/* BEFORE, so many times REPEATED, BEHIND. */
struct long_text {
	const char *before, *repeated;
	size_t times;
	const char *behind;
	enum err err; /* OK: accepted */
};

static void took(const struct reader *reader, const char *name, const void *expected UNUSED)
{
	if (reader->parsed != PARSED_ALL)
		fail_msg("%s: %d, %s", name, reader->parsed, err_name(reader->parser.err));
}

static void keeps_its_limits(void **state)
{
	static const struct long_text cases[] = {
		{ "GET /", "a", 8192 - 16, " HTTP/1.1\r\n" H "\r\n", OK },
		{ "GET /", "a", 8193 - 16, " HTTP/1.1\r\n" H "\r\n", ERR_URI_TOO_LONG },
		{ "GET /", "a", 1000000, "", ERR_URI_TOO_LONG },
		{ "", "A", 8192, "", ERR_URI_TOO_LONG },
		{ "GET / HTTP/1.1\r\n" H "X: ", "a", 32768 - 17 - 5 - 2, "\r\n\r\n", OK },
		{ "GET / HTTP/1.1\r\n" H "X: ", "a", 32769 - 17 - 5 - 2, "\r\n\r\n", ERR_HEAD_TOO_LARGE },
		{ "GET / HTTP/1.1\r\n", "X", 40000, "", ERR_HEAD_TOO_LARGE },
		{ GET1, "X: y\r\n", 99, "\r\n", OK },
		{ GET1, "X: y\r\n", 100, "\r\n", ERR_HEAD_TOO_LARGE },
		{ GET1, "X: y\r\n", 100, "", ERR_HEAD_TOO_LARGE },
		{ POST1 "Content-Length: 65536\r\n\r\n", "x", 65536, "", OK },
		{ CHUNKS "10000\r\n", "x", 65536, "\r\n0\r\n\r\n", OK },
		{ CHUNKS, "1\r\nx\r\n", 65536, "0\r\n\r\n", OK },
		{ CHUNKS, "1\r\nx\r\n", 65537, "0\r\n\r\n", ERR_TOO_LARGE },
		{ CHUNKS "1;", "x", 8191, "\r\nx\r\n0\r\n\r\n", OK },
		{ CHUNKS "1;", "x", 8192, "\r\nx\r\n0\r\n\r\n", ERR_MALFORMED },
		{ CHUNKS "1;", "x", 100000, "", ERR_MALFORMED },
		{ CHUNKS, "1;345678\r\nx\r\n", 1170, "0\r\n\r\n", OK },
		{ CHUNKS, "1;345678\r\nx\r\n", 1171, "0\r\n\r\n", ERR_MALFORMED },
		{ CHUNKS "0\r\n", "X: y\r\n", 100, "\r\n", OK },
		{ CHUNKS "0\r\n", "X: y\r\n", 101, "\r\n", ERR_HEAD_TOO_LARGE },
		{ CHUNKS "0\r\nX: ", "y", 8192 - 7, "\r\n\r\n", OK },
		{ CHUNKS "0\r\nX: ", "y", 8193 - 7, "\r\n\r\n", ERR_HEAD_TOO_LARGE },
		{ CHUNKS "0\r\n", "X", 9000, "", ERR_HEAD_TOO_LARGE },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(buf_done) struct buf text = { 0 };
		char name[80];

		buf_text(&text, cases[i].before);
		for (size_t n = 0; n < cases[i].times; n++)
			buf_text(&text, cases[i].repeated);
		buf_text(&text, cases[i].behind);
		assert_int_equal(buf_check(&text), OK);
		snprintf(name, sizeof(name), "row %zu, %zu times %.20s", i, cases[i].times, cases[i].repeated);
		whole(name, text.bytes, text.length, cases[i].err ? refused : took, &cases[i].err);
	}
}

static void says_when_a_client_waits_for_100(void **state)
{
	static const struct { const char *text; bool waits; } cases[] = {
		{ POST1 "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", true },
		{ POST1 "Expect: 100-continue\r\n" TE "\r\n", true },
		{ POST1 "Content-Length: 2\r\n\r\n", false },
		{ "POST / HTTP/1.0\r\n" H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reader reader = { .parsed = PARSED_MORE };
		feed(&reader, cases[i].text, strlen(cases[i].text));
		if (reader.parsed != PARSED_MORE || reader.parser.head != reader.length || reader.parser.wants_continue != cases[i].waits)
			fail_msg("%s: %d, waits %d", cases[i].text, reader.parsed, reader.parser.wants_continue);
		free(reader.bytes);
	}
}

static void finds_the_only_field_of_a_name(void **state)
{
	const char *text = GET1 "A: 1\r\nB: 2\r\nb: 3\r\n\r\n";
	struct reader reader = { .parsed = PARSED_MORE };
	bool several = true;
	(void)state;

	feed(&reader, text, strlen(text));
	assert_true(view_same(*request_header(&reader.request, "a", &several), "1"));
	assert_false(several);
	assert_null(request_header(&reader.request, "B", &several));
	assert_true(several);
	assert_null(request_header(&reader.request, "C", &several));
	assert_false(several);
	free(reader.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_request_lines),
		cmocka_unit_test(refuses_fields),
		cmocka_unit_test(refuses_lengths_that_could_be_read_in_two_ways),
		cmocka_unit_test(refuses_chunks),
		cmocka_unit_test(reads_what_is_right),
		cmocka_unit_test(the_target_is_path_and_query_in_each_form),
		cmocka_unit_test(tells_whose_body_is_too_large),
		cmocka_unit_test(leaves_the_next_request_alone),
		cmocka_unit_test(keeps_its_limits),
		cmocka_unit_test(says_when_a_client_waits_for_100),
		cmocka_unit_test(finds_the_only_field_of_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
