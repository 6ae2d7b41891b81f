/* Which route, asked in which order, and who may ask from another site. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/log.h"
#include "made_call.h"

/* Each step leaves a letter. */
static char steps[32];
static enum err guard_says, mend_says, handler_says;

static void step(char letter)
{
	size_t n = strlen(steps);

	steps[n] = letter;
	steps[n + 1] = '\0';
}

static enum err handle(struct call *call)
{
	step('h');
	buf_text(&call->out->body, call->route->path);
	for (size_t i = 0; i < SEGMENTS_MAX && call->segment[i]; i++)
		buf_printf(&call->out->body, " %s", call->segment[i]);
	call->out->content_type = "text/plain";
	cookie_set(call, COOKIE_NOTICE, "done", 0);
	return handler_says;
}

static enum err break_header(struct call *call)
{
	answer_header(call->out, "X", "\n");
	return OK;
}

struct name_form { const char *name; };
static const struct field name_fields[] = { FIELD(name_form, name, FIELD_TEXT) };
static const struct form name_form = FORM(name_form, name_fields);

static const struct route json_routes[] = {
	{ GET, "/api/a", ACCESS_ANYBODY, FRESH_NOT, NULL, handle },
	{ POST, "/api/a", ACCESS_ANYBODY, FRESH_NOT, NULL, handle },
	{ DELETE, "/api/a/{id}", ACCESS_ANYBODY, FRESH_NOT, NULL, handle },
	{ POST | HASHES, "/api/in", ACCESS_ANYBODY, FRESH_NOT, NULL, handle },
	{ GET, "/api/a/{id}/b/{other}", ACCESS_ANYBODY, FRESH_NOT, NULL, handle },
	{ PATCH, "/api/form", ACCESS_ANYBODY, FRESH_NOT, &name_form, handle },
	{ GET, "/api/broken", ACCESS_ANYBODY, FRESH_NOT, NULL, break_header },
	ROUTES_END
};
static const struct route page_routes[] = {
	{ GET, "/", ACCESS_ANYBODY, FRESH_NOT, NULL, handle },
	{ GET | POST, "/page", ACCESS_ANYBODY, FRESH_NOT, NULL, handle },
	{ POST, "/form", ACCESS_ANYBODY, FRESH_NOT, &name_form, handle },
	{ POST | HASHES, "/in/{id}/word", ACCESS_ANYBODY, FRESH_NOT, NULL, handle },
	ROUTES_END
};
static const struct route *const json_tables[] = { json_routes, NULL }, *const page_tables[] = { page_routes, NULL };

static void refuse(struct call *call, enum err err)
{
	step('r');
	call->out->status = err_status(err);
	call->out->content_type = "text/plain";
	buf_text(&call->out->body, err_name(err));
}

static enum err mend(struct call *call UNUSED, enum err refusal UNUSED)
{
	step('m');
	return mend_says;
}

static enum err guard(struct call *call UNUSED)
{
	step('g');
	return guard_says;
}

static void after(struct call *call UNUSED)
{
	step('a');
}

static const struct surface json = { .prefix = "/api/", .tables = json_tables, .json = true, .refuse = refuse };
static const struct surface pages = { .prefix = "/", .tables = page_tables, .mend = mend, .refuse = refuse };
static const struct surface bare = { .prefix = "/bare", .json = true };
static const struct surface *const surfaces[] = { &bare, &json, &pages, NULL };
static const struct router router = { .surfaces = surfaces, .guard = guard, .after = after };

static void ask(struct made_call *made, const char *request)
{
	steps[0] = '\0';
	made_call(made, request, strlen(request));
	router_answer(&router, &made->call);
}

static void finds_the_route(void **state)
{
	static const struct { const char *line; int status; const char *body, *allow; } cases[] = {
		{ "GET /api/a", 0, "/api/a", NULL },
		{ "HEAD /api/a", 0, "/api/a", NULL },
		{ "GET /api/a?x=/y", 0, "/api/a", NULL },
		{ "POST /api/%61", 0, "/api/a", NULL },
		{ "DELETE /api/a/x%20y", 0, "/api/a/{id} x y", NULL },
		{ "GET /api/a/1/b/%ed%95%9c", 0, "/api/a/{id}/b/{other} 1 \ud55c", NULL },
		{ "GET /", 0, "/", NULL },
		{ "GET http://localhost", 0, "/", NULL },
		{ "GET /page", 0, "/page", NULL },
		{ "GET /api/a/", 404, "NOT_FOUND", NULL },
		{ "DELETE /api/a/", 404, "NOT_FOUND", NULL },
		{ "GET /api//a", 404, "NOT_FOUND", NULL },
		{ "GET //api/a", 404, "NOT_FOUND", NULL },
		{ "GET /api/A", 404, "NOT_FOUND", NULL },
		{ "GET /api/a;x", 404, "NOT_FOUND", NULL },
		{ "GET /api/./a", 404, "NOT_FOUND", NULL },
		{ "GET /api/b/../a", 404, "NOT_FOUND", NULL },
		{ "DELETE /api/a/1%2f2", 404, "NOT_FOUND", NULL },
		{ "DELETE /api/a/1%00", 404, "NOT_FOUND", NULL },
		{ "DELETE /api/a/%ff", 404, "NOT_FOUND", NULL },
		{ "DELETE /api/a/%c0%af", 404, "NOT_FOUND", NULL },
		{ "GET /api", 404, "NOT_FOUND", NULL },
		{ "GET /page/", 404, "NOT_FOUND", NULL },
		{ "GET /1/2/3/4/5/6/7/8/9/10/11/12/13", 404, "NOT_FOUND", NULL },
		{ "OPTIONS *", 404, "NOT_FOUND", NULL },
		{ "PUT /api/none", 404, "NOT_FOUND", NULL },
		{ "PUT /api/a", 405, "METHOD", "Allow: GET, HEAD, POST\r\n" },
		{ "OPTIONS /api/a", 405, "METHOD", "Allow: GET, HEAD, POST\r\n" },
		{ "BREW /api/a", 405, "METHOD", "Allow: GET, HEAD, POST\r\n" },
		{ "get /api/a", 405, "METHOD", "Allow: GET, HEAD, POST\r\n" },
		{ "GET /api/a/1", 405, "METHOD", "Allow: DELETE\r\n" },
		{ "HEAD /api/a/1", 405, "METHOD", "Allow: DELETE\r\n" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(made_call_done) struct made_call made;
		char request[256];

		snprintf(request, sizeof(request), "%s HTTP/1.1\r\nHost: localhost\r\n\r\n", cases[i].line);
		ask(&made, request);
		if (made.answer.status != cases[i].status || strcmp(buf_string(&made.answer.body), cases[i].body) != 0)
			fail_msg("%s: %d %s", cases[i].line, made.answer.status, buf_string(&made.answer.body));
		if (cases[i].status && strcmp(buf_string(&made.answer.head), cases[i].allow ? cases[i].allow : "") != 0)
			fail_msg("%s: %s", cases[i].line, buf_string(&made.answer.head));
	}
}

#define JSON_FORM "PATCH /api/form HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
#define PAGE_FORM "POST /form HTTP/1.1\r\nHost: a\r\nOrigin: http://localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
#define NO_FIELDS "DELETE /api/a/1 HTTP/1.1\r\nHost: a\r\n"
#define GOOD_JSON JSON_FORM "Content-Length: 12\r\n\r\n{\"name\":\"a\"}"
#define GOOD_PAGE PAGE_FORM "Content-Length: 6\r\n\r\nname=a"

static void asks_in_order_and_stops_at_the_first_no(void **state)
{
	static const struct { const char *request; enum err guard, mend, handler; const char *steps, *body; } cases[] = {
		{ GOOD_JSON, OK, OK, OK, "gha", "/api/form" },
		{ GOOD_PAGE, OK, OK, OK, "gha", "/form" },
		{ GOOD_JSON, ERR_NOT_SIGNED_IN, OK, OK, "gra", "NOT_SIGNED_IN" },
		{ GOOD_PAGE, ERR_NOT_SIGNED_IN, ERR_NOT_SIGNED_IN, OK, "gmra", "NOT_SIGNED_IN" },
		{ GOOD_PAGE, ERR_NEEDS_PASSWORD, ERR_PASSWORD_WRONG, OK, "gmra", "PASSWORD_WRONG" },
		{ GOOD_PAGE, ERR_NEEDS_PASSWORD, OK, OK, "gmha", "/form" },
		{ GOOD_JSON, OK, OK, ERR_WRONG_STATE, "ghra", "WRONG_STATE" },
		{ JSON_FORM "Content-Length: 2\r\n\r\n{}", OK, OK, OK, "gra", "INVALID" },
		{ JSON_FORM "Content-Length: 2\r\n\r\n{}", ERR_NOT_SIGNED_IN, OK, OK, "gra", "NOT_SIGNED_IN" },
		{ NO_FIELDS "\r\n", OK, OK, OK, "gha", "/api/a/{id} 1" },
		{ NO_FIELDS "Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n", OK, OK, OK, "gha", "/api/a/{id} 1" },
		{ NO_FIELDS "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", OK, OK, OK, "gha", "/api/a/{id} 1" },
		{ NO_FIELDS "Content-Type: application/json\r\nContent-Length: 1\r\n\r\n{", OK, OK, OK, "gra", "MALFORMED" },
		{ NO_FIELDS "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", OK, OK, OK, "gra", "MEDIA_TYPE" },
		{ NO_FIELDS "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", ERR_NOT_SIGNED_IN, OK, OK, "gra", "NOT_SIGNED_IN" },
		{ "GET /api/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", OK, OK, OK, "gha", "/api/a" },
		{ PAGE_FORM "Content-Length: 1\r\n\r\n&", OK, OK, OK, "gra", "INVALID" },
		{ "POST /form HTTP/1.1\r\nHost: a\r\n\r\n", OK, OK, OK, "ra", "CROSS_SITE" },
		{ "GET /api/none HTTP/1.1\r\nHost: a\r\n\r\n", OK, OK, OK, "ra", "NOT_FOUND" },
		{ "GET /api/broken HTTP/1.1\r\nHost: a\r\n\r\n", OK, OK, OK, "gra", "MEMORY" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(made_call_done) struct made_call made;

		guard_says = cases[i].guard;
		mend_says = cases[i].mend;
		handler_says = cases[i].handler;
		ask(&made, cases[i].request);
		if (strcmp(steps, cases[i].steps) != 0 || strcmp(buf_string(&made.answer.body), cases[i].body) != 0)
			fail_msg("row %zu: %s, %s", i, steps, buf_string(&made.answer.body));
		if (strchr(steps, 'r') && strstr(buf_string(&made.answer.head), "Set-Cookie"))
			fail_msg("row %zu: what was begun was sent", i);
	}
	guard_says = mend_says = handler_says = OK;
}

#define OWN  "Origin: http://localhost\r\n"
#define EVIL "Origin: http://evil.example\r\n"
#define SAME "Sec-Fetch-Site: same-origin\r\n"
#define OURS "Cookie: a=b; twostep-locale=ko\r\n"

static void refuses_what_another_site_began(void **state)
{
	static const struct { const char *fields; bool json, page; } cases[] = {
		{ "", true, false },
		{ OWN, true, true },
		{ SAME, true, true },
		{ OWN SAME, true, true },
		{ OWN "Sec-Fetch-Site: cross-site\r\n", true, true },
		{ EVIL, false, false },
		{ EVIL SAME, false, false },
		{ "Origin: null\r\n", false, false },
		{ "Origin:\r\n", false, false },
		{ OWN EVIL, false, false },
		{ EVIL OWN, false, false },
		{ OWN OWN, true, true },
		{ "Origin: http://localhost/\r\n", false, false },
		{ "Origin: http://localhost:80\r\n", false, false },
		{ "Origin: https://localhost\r\n", false, false },
		{ "Origin: HTTP://localhost\r\n", false, false },
		{ "Origin: http://localhost http://evil.example\r\n", false, false },
		{ "Sec-Fetch-Site: cross-site\r\n", true, false },
		{ "Sec-Fetch-Site: same-site\r\n", true, false },
		{ "Sec-Fetch-Site: none\r\n", true, false },
		{ "Sec-Fetch-Site: Same-Origin\r\n", true, false },
		{ SAME SAME, true, false },
		{ "Cookie: a=b; xtwostep=1\r\n", true, false },
		{ OURS, false, false },
		{ "Cookie: twostep=1\r\n", false, false },
		{ "Cookie: twostep=1; twostep=2\r\n", false, false },
		{ "Cookie: a=b\r\nCookie: twostep\r\n", false, false },
		{ OURS OWN, true, true },
		{ OURS SAME, true, true },
		{ OURS "Sec-Fetch-Site: none\r\n", false, false },
		{ OURS EVIL SAME, false, false },
		{ "Authorization: Bearer x\r\n", true, false },
		{ "Authorization: bEARER x\r\n" OURS EVIL, true, false },
		{ "Authorization: Bearer\r\n" OURS, false, false },
		{ "Authorization: Basic x\r\n" OURS, false, false },
		{ "Authorization: Bearer x\r\nAuthorization: Bearer y\r\n" OURS, false, false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases) * 2; i++) {
		bool page = i % 2;
		SCOPED(made_call_done) struct made_call made;
		SCOPED(buf_done) struct buf request = { 0 };

		buf_printf(&request, "POST %s HTTP/1.1\r\nHost: a\r\n%s\r\n", page ? "/page" : "/api/a", cases[i / 2].fields);
		ask(&made, buf_string(&request));
		if ((made.answer.status != 403) != (page ? cases[i / 2].page : cases[i / 2].json))
			fail_msg("%s: %d", buf_string(&request), made.answer.status);
	}
}

static void knows_who_hashes_before_a_thread_looks(void **state)
{
	static const struct { enum method method; const char *path; bool hashes, is_json; } cases[] = {
		{ POST, "/api/in", true, true }, { GET, "/api/in", false, true }, { POST, "/api/in/", false, true },
		{ POST, "/api/in/x", false, true }, { POST, "/api/i", false, true }, { POST, "/api/inn", false, true },
		{ POST, "/api/%69n", false, true }, { POST, "/api/a", false, true }, { POST, "/in/1/word", true, false },
		{ POST, "/in//word", false, false }, { POST, "/in/1/", false, false }, { POST, "/in/1", false, false },
		{ POST, "/in/1/word/", false, false }, { POST, "/", false, false }, { POST, "", false, false }, { POST, "*", false, false },
		{ POST, "/bare", false, true },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct request request = { .method = cases[i].method, .path = { cases[i].path, strlen(cases[i].path) } };
		bool found = !cases[i].is_json;

		if (router_hashes(&router, &request, &found) != cases[i].hashes || found != cases[i].is_json)
			fail_msg("%d %s", cases[i].method, cases[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_route),
		cmocka_unit_test(asks_in_order_and_stops_at_the_first_no),
		cmocka_unit_test(refuses_what_another_site_began),
		cmocka_unit_test(knows_who_hashes_before_a_thread_looks),
	};

	log_setup(LOG_ERROR, false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
