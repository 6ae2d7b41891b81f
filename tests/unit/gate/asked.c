/* What a proxy says was asked for: each way reads its own headers, and what two could read in two ways is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base.h"
#include "gate/asked.h"
#include "http/parse.h"

#define LINES_MAX 6

struct row {
	const char *target, *method, *host, *lines[LINES_MAX]; /* lines: "Name: value" */
	const char *reads;                                     /* "GET https://host/uri"; NULL: refused */
};

#define FORWARDED(verb, proto, name, uri) \
	{ "X-Forwarded-Method: " verb, "X-Forwarded-Proto: " proto, "X-Forwarded-Host: " name, "X-Forwarded-Uri: " uri }
#define FORWARD(...) { .target = "/authz/forward-auth", .method = "GET", .host = "us.example", .lines = __VA_ARGS__
#define ORIGINAL(url, verb) { .target = "/authz/auth-request", .method = "GET", .host = "us.example", \
	.lines = { "X-Original-URL: " url, "X-Original-Method: " verb }
#define EXT(place, name, ...) { .target = place, .method = "GET", .host = name, .lines = { __VA_ARGS__ }

static const struct row rows[] = {
	FORWARD(FORWARDED("GET", "https", "App.Example:443", "/a?b=c")), "GET https://app.example/a?b=c" },
	FORWARD(FORWARDED("POST", "ws", "app.example:8080", "/")), "POST http://app.example:8080/" },
	FORWARD(FORWARDED("get", "https", "app.example", "/")), "get https://app.example/" },
	FORWARD(FORWARDED("NEWVERB", "https", "app.example", "/")), "NEWVERB https://app.example/" },
	FORWARD(FORWARDED("!#$%&'*+-.^_`|~", "https", "app.example", "/")), "!#$%&'*+-.^_`|~ https://app.example/" },
	FORWARD(FORWARDED("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "https", "app.example", "/")),
	  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA https://app.example/" },
	FORWARD(FORWARDED("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "https", "app.example", "/")), NULL },
	FORWARD(FORWARDED("GET, POST", "https", "app.example", "/")), NULL },
	FORWARD(FORWARDED("GE/T", "https", "app.example", "/")), NULL },
	FORWARD(FORWARDED("", "https", "app.example", "/")), NULL },
	FORWARD(FORWARDED("GET", "HTTPS", "app.example", "/")), NULL },
	FORWARD(FORWARDED("GET", "https", "app.example", "a")), NULL },
	FORWARD(FORWARDED("GET", "https", "app.example", "")), NULL },
	FORWARD(FORWARDED("GET", "https", "app.example", "/a\\b")), NULL },
	FORWARD(FORWARDED("GET", "https", "app.example", "/a#b")), NULL },
	FORWARD(FORWARDED("GET", "https", "app.example", "/a b")), NULL },
	FORWARD(FORWARDED("GET", "https", "app.example", "/a\tb")), NULL },
	FORWARD(FORWARDED("GET", "https", "app.example", "//evil.example/")), "GET https://app.example//evil.example/" },
	FORWARD(FORWARDED("GET", "https", "app.example", "/@evil.example/")), "GET https://app.example/@evil.example/" },
	FORWARD(FORWARDED("GET", "https", "evil@app.example", "/")), NULL },
	FORWARD(FORWARDED("GET", "https", "app.example/x", "/")), NULL },
	FORWARD(FORWARDED("GET", "https", "app.example,evil.example", "/")), NULL },
	FORWARD(FORWARDED("GET", "https", "", "/")), NULL },
	FORWARD({ "X-Forwarded-Method: GET", "X-Forwarded-Proto: https", "X-Forwarded-Host: a.example" }), NULL },
	FORWARD({ "X-Forwarded-Method: GET", "X-Forwarded-Proto: https", "X-Forwarded-Host: a.example", "X-Forwarded-Host: a.example",
	          "X-Forwarded-Uri: /" }), NULL },
	FORWARD({ "X-Original-URL: https://app.example/", "X-Original-Method: GET" }), NULL },

	ORIGINAL("https://app.example/a?b", "GET"), "GET https://app.example/a?b" },
	ORIGINAL("https://app.example", "HEAD"), "HEAD https://app.example/" },
	ORIGINAL("https://app.example/", "purge"), "purge https://app.example/" },
	ORIGINAL("https://app.example/", "GET\tX"), NULL },
	ORIGINAL("https://app.example?x", "GET"), NULL },
	ORIGINAL("https://evil@app.example/", "GET"), NULL },
	ORIGINAL("https:/app.example/", "GET"), NULL },
	ORIGINAL("//app.example/", "GET"), NULL },
	ORIGINAL("ftp://app.example/", "GET"), NULL },
	ORIGINAL("https://app.example\\@evil.example/", "GET"), NULL },
	ORIGINAL("https://app.example/", ""), NULL },
	ORIGINAL(":", "GET"), NULL },
	ORIGINAL("", "GET"), NULL },

	EXT("/authz/ext-authz/a?b", "app.example"), "GET http://app.example/a?b" },
	EXT("/authz/ext-authz/a", "app.example", "X-Forwarded-Proto: https"), "GET https://app.example/a" },
	EXT("/authz/ext-authz", "app.example"), NULL },
	EXT("/authz/ext-authz?x", "app.example"), NULL },
	EXT("/authz/ext-authz/a", "app.example", "X-Forwarded-Proto: https", "X-Forwarded-Proto: https"), NULL },
	EXT("/authz/ext-authz/a", "app.example", "X-Forwarded-Proto: gopher"), NULL },
	EXT("/authz/ext-authz//a", "app.example"), "GET http://app.example//a" },
	EXT("/authz/ext-authzz/a", "app.example"), NULL },
	EXT("/authz/forward-auth/x", "app.example"), NULL },
	EXT("/authz/start", "app.example"), NULL },
};

static struct view view_of(const char *text)
{
	return (struct view){ text, strlen(text) };
}

static void build(const struct row *row, struct request *out)
{
	*out = (struct request){ .method_text = view_of(row->method), .target = view_of(row->target), .host = view_of(row->host) };
	out->path = (struct view){ row->target, strcspn(row->target, "?") };
	for (size_t i = 0; i < LINES_MAX && row->lines[i]; i++) {
		const char *colon = strchr(row->lines[i], ':');

		out->headers[out->header_count++] = (struct header){ { row->lines[i], (size_t)(colon - row->lines[i]) }, view_of(colon + 2) };
	}
}

static void reads_one_way_or_not_at_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		static struct request request;
		struct asked asked;
		char text[512] = "";

		build(&rows[i], &request);
		if (!asked_read(&request, false, &asked))
			snprintf(text, sizeof(text), "%.*s %s://%s%.*s", (int)asked.method.length, asked.method.bytes, asked.https ? "https" : "http",
			         asked.host, (int)asked.uri.length, asked.uri.bytes);
		if (strcmp(text, rows[i].reads ? rows[i].reads : "") != 0)
			fail_msg("row %zu (%s): %s", i, rows[i].lines[0] ? rows[i].lines[0] : rows[i].target, text);
	}
}

/* As the parser leaves it, the target of absolute form holds nothing but path and query. */
static void reads_each_form_of_a_request_alike(void **state)
{
	static const char *const texts[] = {
		"GET /authz/ext-authz/export/x?y HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET http://localhost/authz/ext-authz/export/x?y HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET HTTPS://LOCALHOST/authz/ext-authz/export/x?y HTTP/1.1\r\nHost: localhost\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		static struct request request;
		struct parser parser = { 0 };
		struct asked asked;
		size_t length = strlen(texts[i]);
		char bytes[128];

		memcpy(bytes, texts[i], length);
		assert_int_equal(parse_more(&parser, bytes, &length, &request), PARSED_ALL);
		if (asked_read(&request, false, &asked) || !view_same(asked.uri, "/export/x?y") || !view_same(asked.path, "/export/x"))
			fail_msg("%s", texts[i]);
	}
}

/* Of Accept and X-Requested-With alone; it decides nothing but how a refusal looks. */
static void tells_browsers_from_scripts(void **state)
{
	static const struct { const char *lines[3]; bool browser; } cases[] = {
		{ { "Accept: text/html" }, true }, { { "Accept: a/b, TEXT/HTML;q=0.9" }, true }, { { "Accept: */*" }, false }, { { NULL }, false },
		{ { "Accept: text/html", "X-Requested-With: XMLHttpRequest" }, false }, { { "Accept: x/y", "Accept: text/html" }, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static struct request request;
		struct row row = { .target = "/authz/ext-authz/", .method = "GET", .host = "app.example" };

		memcpy(row.lines, cases[i].lines, sizeof(cases[i].lines));
		build(&row, &request);
		if (asked_by_browser(&request) != cases[i].browser)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_one_way_or_not_at_all),
		cmocka_unit_test(reads_each_form_of_a_request_alike),
		cmocka_unit_test(tells_browsers_from_scripts),
	};

	return cmocka_run_group_tests_name("gate/asked", tests, NULL, NULL);
}
