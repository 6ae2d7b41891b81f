/*
 * Whole requests to a whole server, one after the other, each in the name of somebody. The input is text:
 *
 *   +SECONDS                                 the clock moves on; may be left out
 *   W METHOD TARGET                          who asks (`letters` below), and for what
 *   Header: value                            as many as there are; Host, Origin, Cookie and Content-Type come by themselves where left out
 *                                            an empty line, then the body; {o}, {mailed} and so on (`words` below) are filled in
 *   ---                                      and the next request
 *
 * After each: one whole answer, of a status that the route may have, that says nothing of the third organisation; nobody without a
 * session, and no restricted one, gets through where the route table says so. At the end: what is the third organisation's is as it was.
 */
#include <strings.h>

#include "answers.h"
#include "world.h"
#include "wrapped.h"

#define REQUESTS_MAX 16
#define CLOCK_MAX_S  (20 * 24 * 60 * 60) /* a signing key, which memory keeps over the inputs, has its time for longer */
#define CAPTURED     400
#define JAR_MAX      12

static const struct { char letter; enum somebody who; } letters[] = {
	{ 'n', NOBODY }, { 'j', NOBODY }, /* j: a browser that keeps its cookies */
	{ 'l', LOGIN }, { 'e', ENDED }, { 'r', RESTRICTED }, { 'o', OWNER }, { 'b', OWNER_BEARER }, { 'm', MEMBER }, { 's', STRANGER },
};

enum route_who { ROUTE_ANYBODY, ROUTE_RESTRICTED, ROUTE_SIGNED_IN };
struct route_told {
	const char *method, *path;
	enum route_who who;
	const char *statuses; /* "200 400 …"; "": not told */
};
static const struct route_told routes[] = {
#include "routes_told.h"
};

/* A browser's cookies. */
struct jar {
	char cookie[JAR_MAX][CAPTURED]; /* name=value; empty: free */
	bool moved; /* somebody else may be signed in by now */
};

/* What this input has come to. */
static struct run {
	struct jar jar[COUNT(letters)];
	char login[CAPTURED], signup[CAPTURED], next[CAPTURED], location[CAPTURED];
	int64_t gone_s;
} run;

/* One request, made. */
struct asking {
	size_t letter;
	struct view method, target; /* as they were expanded */
	char line[2048];
	struct buf bytes, body;
	bool own_proof;  /* the input gave cookies or a token by itself */
	bool others_host; /* asks for the host of the third organisation, and for no other */
};

static void asking_done(struct asking *asking)
{
	buf_done(&asking->bytes);
	buf_done(&asking->body);
}

/* ---- words ---- */

static const char *code_of(const struct totp_secret *secret, char out[static TOTP_DIGITS + 1])
{
	must(!totp_code(secret, totp_step_at(WORLD_NOW_S + run.gone_s), out));
	return out;
}

/* What a word between braces stands for; NULL: nothing. */
static const char *word_value(const char *word, size_t length, enum somebody who, char digits[static TOTP_DIGITS + 1])
{
	static struct made_last last;
	const struct world *w = world();

	last = made_look();
	const struct { const char *word, *value; } words[] = {
		{ "o", w->harbor.organization }, { "s", w->harbor.service }, { "i", w->harbor.invitation }, { "a", w->harbor.account },
		{ "host", w->harbor.host },      { "id", w->session[who] },  { "code", "invalid_code" },
		{ "x.host", w->other.host },
		{ "x.o", w->other.organization }, { "x.s", w->other.service }, { "x.i", w->other.invitation }, { "x.a", w->other.account },
		{ "mailed", last.mailed },       { "newrecovery", last.recovery }, { "recovery", w->recovery },
		{ "newtotp", code_of(&last.secret, digits) }, { "token", last.token.text }, { "invitation", w->invitation },
		{ "password", WORLD_PASSWORD },  { "login", *run.login ? run.login : w->token[LOGIN].text }, { "signup", run.signup },
		{ "next", run.next },            { "location", *run.location ? run.location : "/" },
	};

	if (length == 4 && !memcmp(word, "totp", 4))
		return code_of(&w->secret, digits);
	for (size_t i = 0; i < COUNT(words); i++)
		if (strlen(words[i].word) == length && !memcmp(words[i].word, word, length))
			return words[i].value;
	return NULL;
}

static void expand(struct buf *out, struct view text, enum somebody who)
{
	char digits[TOTP_DIGITS + 1];

	while (text.length) {
		const char *open = memchr(text.bytes, '{', text.length), *close;
		size_t before = open ? (size_t)(open - text.bytes) : text.length;
		const char *value = NULL;

		buf_add(out, text.bytes, before);
		text = (struct view){ text.bytes + before, text.length - before };
		if (!text.length)
			break;
		if ((close = memchr(text.bytes, '}', text.length)))
			value = word_value(text.bytes + 1, (size_t)(close - text.bytes) - 1, who, digits);
		before = value ? (size_t)(close - text.bytes) + 1 : 1;
		if (value)
			buf_text(out, value);
		else
			buf_char(out, '{');
		text = (struct view){ text.bytes + before, text.length - before };
	}
}

/* ---- the request ---- */

/* Takes what stands before the separator off the text, with it. */
static struct view take(struct view *text, const char *separator)
{
	const char *end = text->length ? memmem(text->bytes, text->length, separator, strlen(separator)) : NULL;
	struct view part = { text->bytes, end ? (size_t)(end - text->bytes) : text->length };
	size_t taken = part.length + (end ? strlen(separator) : 0);

	*text = (struct view){ text->bytes + taken, text->length - taken };
	return part;
}

static bool begins(struct view text, const char *word)
{
	return text.length >= strlen(word) && !strncasecmp(text.bytes, word, strlen(word));
}

static size_t letter_of(char letter)
{
	for (size_t i = 0; i < COUNT(letters); i++)
		if (letters[i].letter == letter)
			return i;
	return 0;
}

static void move_clock(struct view *text)
{
	int64_t seconds = 0;

	if (!begins(*text, "+"))
		return;
	for (struct view line = take(text, "\n"); line.length > 1 && line.bytes[1] >= '0' && line.bytes[1] <= '9' && seconds < CLOCK_MAX_S;
	     line.bytes++, line.length--)
		seconds = seconds * 10 + (line.bytes[1] - '0');
	run.gone_s = run.gone_s + seconds < CLOCK_MAX_S ? run.gone_s + seconds : CLOCK_MAX_S;
	clock_put(WORLD_NOW_S + run.gone_s);
}

static bool take_line(struct view *text, struct asking *asking)
{
	SCOPED(buf_done) struct buf line = { 0 };
	struct view first = take(text, "\n"), rest;

	if (first.length < 3)
		return false;
	asking->letter = letter_of(first.bytes[0]);
	expand(&line, (struct view){ first.bytes + 2, first.length - 2 }, letters[asking->letter].who);
	if (line.length >= sizeof(asking->line))
		return false;
	memcpy(asking->line, buf_string(&line), line.length + 1);
	rest = (struct view){ asking->line, line.length };
	asking->method = take(&rest, " ");
	asking->target = rest;
	buf_add(&asking->bytes, line.bytes ? line.bytes : "", line.length);
	buf_text(&asking->bytes, " HTTP/1.1\r\n");
	return true;
}

static void add_cookies(struct asking *asking)
{
	const struct jar *jar = &run.jar[asking->letter];
	const char *between = "Cookie: ";

	for (size_t i = 0; i < JAR_MAX; i++)
		if (*jar->cookie[i]) {
			buf_text(&asking->bytes, between);
			buf_text(&asking->bytes, jar->cookie[i]);
			between = "; ";
		}
	if (*between == ';')
		buf_text(&asking->bytes, "\r\n");
}

/* What comes by itself: bits of those that the input gave. */
enum { GAVE_HOST = 1, GAVE_ORIGIN = 2, GAVE_COOKIE = 4, GAVE_TOKEN = 8, GAVE_TYPE = 16 };

static void add_own(struct asking *asking, unsigned gave)
{
	enum somebody who = letters[asking->letter].who;
	const struct world *w = world();

	if (!(gave & GAVE_HOST))
		buf_text(&asking->bytes, "Host: localhost\r\n");
	if (!(gave & GAVE_ORIGIN))
		buf_text(&asking->bytes, "Origin: http://localhost\r\n");
	if (!(gave & GAVE_COOKIE))
		add_cookies(asking);
	if (!(gave & GAVE_TOKEN) && (who == OWNER_BEARER || who == LOGIN))
		buf_printf(&asking->bytes, "Authorization: Bearer %s\r\n", w->token[who].text);
	if (!(gave & GAVE_TYPE) && asking->body.length)
		buf_printf(&asking->bytes, "Content-Type: %s\r\n",
		           begins(asking->target, "/api/") ? "application/json" : "application/x-www-form-urlencoded");
}

/* Headers up to an empty line. How long a body is, http_request tries. */
static unsigned take_headers(struct view *text, struct asking *asking)
{
	static const struct { const char *name; unsigned bit; } known[] = {
		{ "Host:", GAVE_HOST }, { "Origin:", GAVE_ORIGIN }, { "Cookie:", GAVE_COOKIE }, { "Authorization:", GAVE_TOKEN },
		{ "Content-Type:", GAVE_TYPE },
	};
	unsigned gave = 0, hosts = 0, others = 0;

	while (text->length) {
		struct view line = take(text, "\n");

		if (!line.length)
			break;
		if (begins(line, "Content-Length") || begins(line, "Transfer-Encoding"))
			continue;
		for (size_t i = 0; i < COUNT(known); i++)
			gave |= begins(line, known[i].name) ? known[i].bit : 0;
		hosts += begins(line, "X-Forwarded-Host");
		others += view_same(line, "X-Forwarded-Host: {x.host}");
		expand(&asking->bytes, line, letters[asking->letter].who);
		buf_text(&asking->bytes, "\r\n");
	}
	asking->others_host = others == 1 && hosts == 1;
	return gave;
}

static bool make(struct view text, struct asking *asking)
{
	unsigned gave;

	move_clock(&text);
	if (!take_line(&text, asking))
		return false;
	gave = take_headers(&text, asking);
	asking->own_proof = (gave & (GAVE_COOKIE | GAVE_TOKEN)) != 0;
	expand(&asking->body, text, letters[asking->letter].who);
	add_own(asking, gave);
	if (asking->body.length)
		buf_printf(&asking->bytes, "Content-Length: %zu\r\n", asking->body.length);
	buf_text(&asking->bytes, "\r\n");
	buf_add(&asking->bytes, asking->body.bytes ? asking->body.bytes : "", asking->body.length);
	must(!asking->bytes.failed && !asking->body.failed);
	return true;
}

/* ---- what must hold ---- */

static struct view path_of(const struct asking *asking)
{
	struct view rest = asking->target;

	return take(&rest, "?");
}

static bool fits(const char *pattern, struct view path)
{
	struct view rest = { pattern, strlen(pattern) };

	while (rest.length && path.length) {
		struct view part = take(&rest, "/"), given = take(&path, "/");

		if (part.length && part.bytes[0] == '{' ? !given.length : part.length != given.length || memcmp(part.bytes, given.bytes, part.length))
			return false;
		if (!rest.length != !path.length)
			return false;
	}
	return !rest.length && !path.length;
}

/* The line of the tables, where the path says so plainly. */
static const struct route_told *route_of(const struct asking *asking)
{
	struct view path = path_of(asking);

	if (!path.length || memchr(path.bytes, '%', path.length) || path.bytes[path.length - 1] == '/')
		return NULL;
	for (size_t i = 0; i < COUNT(routes); i++)
		if ((view_same(asking->method, routes[i].method) || (view_same(asking->method, "HEAD") && !strcmp(routes[i].method, "GET"))) &&
		    fits(routes[i].path, path))
			return &routes[i];
	return NULL;
}

static bool has_status(const char *statuses, int status)
{
	char text[8];

	snprintf(text, sizeof(text), "%d", status);
	return strstr(statuses, text) != NULL;
}

/* What is refused before anybody looks for a route. */
static bool is_of_the_front(int status)
{
	return has_status("400 408 413 414 417 431 501", status);
}

static void check_status(const struct asking *asking, const struct route_told *route, int status)
{
	must(has_status("200 201 202 204 302 303 304 400 401 403 404 405 408 409 410 413 414 415 417 422 429 431 501", status));
	if (route && *route->statuses)
		must(has_status(route->statuses, status) || is_of_the_front(status));
	else if (begins(path_of(asking), "/api/v1/") && !memchr(asking->target.bytes, '%', asking->target.length))
		must(is_of_the_front(status) || has_status("403 404 405 415", status));
}

/* As the table says it: who is nobody, or restricted, is not let through. */
static void check_access(const struct asking *asking, const struct route_told *route, int status, bool restricted)
{
	enum somebody who = letters[asking->letter].who;
	bool nobody = !asking->own_proof && letters[asking->letter].letter != 'j' && (who == NOBODY || who == LOGIN || who == ENDED);
	bool held = restricted && !asking->own_proof && !run.jar[asking->letter].moved;
	bool check = begins(asking->target, "/authz/forward-auth") || begins(asking->target, "/authz/auth-request") ||
	             begins(asking->target, "/authz/ext-authz");

	if (check && (nobody || held || (asking->others_host && begins(asking->target, "/authz/forward-auth"))))
		must(status != 200);
	if (!route || route->who == ROUTE_ANYBODY)
		return;
	if (nobody)
		must(status >= 300);
	if (held && route->who == ROUTE_SIGNED_IN)
		must(status >= 300);
}

static void check_secrets(const struct asking *asking, const struct answered *answer)
{
	const struct world *w = world();

	must(!answer_has(answer, w->mark));
	for (enum somebody who = LOGIN; who < SOMEBODY_COUNT; who++)
		if (who != letters[asking->letter].who && w->token[who].text[0] && !asking->own_proof && letters[asking->letter].letter != 'j')
			must(!answer_has(answer, w->token[who].text) || who == LOGIN);
}

/* ---- what is kept of an answer ---- */

static void put_cookie(struct jar *jar, struct view line)
{
	struct view pair = take(&line, ";"), rest = pair, name = take(&rest, "=");
	size_t place = JAR_MAX;

	for (size_t i = JAR_MAX; i-- > 0;)
		if (!*jar->cookie[i] && place == JAR_MAX)
			place = i;
		else if (!strncmp(jar->cookie[i], name.bytes, name.length) && jar->cookie[i][name.length] == '=')
			place = i;
	if (place == JAR_MAX || pair.length >= CAPTURED)
		return;
	memcpy(jar->cookie[place], pair.bytes, pair.length);
	jar->cookie[place][rest.length ? pair.length : 0] = '\0';
	jar->moved |= view_same(name, "twostep");
}

/* Path and query of where we were sent. */
static void keep_location(const struct view *location)
{
	const char *path = location->bytes;
	size_t length = location->length;
	const char *host = memmem(path, length, "://", 3);

	if (host) {
		path = memchr(host + 3, '/', length - (size_t)(host + 3 - path));
		length = path ? length - (size_t)(path - location->bytes) : 0;
	}
	if (!length || length >= sizeof(run.location))
		return;
	memcpy(run.location, path, length);
	run.location[length] = '\0';
}

static void keep(const struct asking *asking, const struct answered *answer)
{
	enum somebody who = letters[asking->letter].who;
	char letter = letters[asking->letter].letter;

	answer_member(answer, "login", run.login, sizeof(run.login));
	answer_member(answer, "signup", run.signup, sizeof(run.signup));
	answer_member(answer, "next", run.next, sizeof(run.next));
	if (answer_field(answer, "Location"))
		keep_location(answer_field(answer, "Location"));
	if (letter == 'n' || who == LOGIN || who == ENDED)
		return;
	for (size_t i = 0; i < answer->header_count; i++)
		if (view_same(answer->headers[i].name, "Set-Cookie"))
			put_cookie(&run.jar[asking->letter], answer->headers[i].value);
}

/* ---- all together ---- */

/* FUZZ_SHOW=1: what was asked and answered, for who looks into an input. */
static void show(const struct asking *asking, const struct buf *answer)
{
	static int wanted = -1;

	if (wanted < 0)
		wanted = getenv("FUZZ_SHOW") != NULL;
	if (wanted)
		fprintf(stderr, "%c %s: %.12s\n", letters[asking->letter].letter, asking->line, buf_string(answer));
}

static void ask(struct view text)
{
	SCOPED(asking_done) struct asking asking = { .letter = 0 };
	SCOPED(buf_done) struct buf bytes = { 0 }, joined = { 0 };
	struct answered answer;
	const struct route_told *route;
	bool restricted;

	if (!make(text, &asking))
		return;
	restricted = letters[asking.letter].who == RESTRICTED && !world_has_second_step(RESTRICTED);
	world_ask(buf_string(&asking.bytes), asking.bytes.length, &bytes);
	show(&asking, &bytes);
	answer_read(&bytes, view_same(asking.method, "HEAD"), &joined, &answer);
	route = route_of(&asking);
	answer_check(&answer);
	check_status(&asking, route, answer.status);
	check_access(&asking, route, answer.status, restricted);
	check_secrets(&asking, &answer);
	keep(&asking, &answer);
}

static void begin(void)
{
	const struct world *w = world();

	run = (struct run){ .gone_s = 0 };
	for (size_t i = 0; i < COUNT(letters); i++)
		if (letters[i].who != NOBODY && letters[i].who != OWNER_BEARER)
			snprintf(run.jar[i].cookie[0], CAPTURED, "twostep=%s", w->token[letters[i].who].text);
	world_reset();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct view text = { (const char *)bytes, length };

	begin();
	for (size_t i = 0; i < REQUESTS_MAX && text.length; i++)
		ask(take(&text, "\n---\n"));
	must(world_others_untouched());
	return 0;
}
