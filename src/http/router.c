#include "http/route.h"

#include "base/base.h"
#include "base/log.h"
#include "base/text.h"
#include "http/call.h"
#include "http/cross_site.h"
#include "http/percent.h"

#include "base/banned.h"

#define PARTS_MAX 12 /* our longest path has six */
#define PROOFS    2  /* that may have grown old: password, second step */

/* A path in its segments, decoded: "/a/b%20c" is "a" and "b c". */
struct path {
	const char *part[PARTS_MAX];
	size_t count;
};

static const struct surface *surface_of(const struct router *router, struct view path)
{
	const struct surface *const *surface = router->surfaces;

	while (surface[1] && (path.length < strlen((*surface)->prefix) ||
	                      memcmp(path.bytes, (*surface)->prefix, strlen((*surface)->prefix)) != 0))
		surface++;
	return *surface; /* what no prefix fits is refused by the last, which takes what is left */
}

/* A slash that was encoded is none that we ever wrote. */
static enum err decode_part(struct arena *arena, struct view part, const char **out)
{
	char *text = arena_alloc(arena, part.length + 1);
	size_t length;

	if (!text)
		return ERR_MEMORY;
	if (!percent_decode(part, PERCENT_PATH, text, &length) || !text_is_utf8(text, length) || memchr(text, '/', length))
		return ERR_NOT_FOUND;
	*out = text;
	return OK;
}

static enum err split(struct call *call, struct path *out)
{
	struct view rest = call->request->path;
	enum err err;

	if (!rest.length || rest.bytes[0] != '/')
		return ERR_NOT_FOUND;
	do {
		const char *slash = memchr(rest.bytes + 1, '/', rest.length - 1);
		struct view part = { rest.bytes + 1, (size_t)((slash ? slash : rest.bytes + rest.length) - rest.bytes) - 1 };

		if (out->count == PARTS_MAX)
			return ERR_NOT_FOUND;
		if ((err = decode_part(call->arena, part, &out->part[out->count++])))
			return err;
		rest.bytes += part.length + 1;
		rest.length -= part.length + 1;
	} while (rest.length);
	return OK;
}

/* Takes the first segment off a pattern. */
static struct view next_part(const char **pattern)
{
	const char *start = *pattern + 1, *end = strchrnul(start, '/');

	*pattern = end;
	return (struct view){ start, (size_t)(end - start) };
}

static bool is_name(struct view part)
{
	return part.length > 2 && part.bytes[0] == '{' && part.bytes[part.length - 1] == '}';
}

/* Whether the path is of this pattern; a name takes one segment, and not an empty one. */
static bool matches(const char *pattern, const struct path *path, const char *segment[static SEGMENTS_MAX])
{
	size_t names = 0, i = 0;

	for (; *pattern && i < path->count; i++) {
		struct view part = next_part(&pattern);

		if (!is_name(part) && !view_same(part, path->part[i]))
			return false;
		if (is_name(part) && (!*path->part[i] || names == SEGMENTS_MAX))
			return false;
		if (is_name(part))
			segment[names++] = path->part[i];
	}
	return !*pattern && i == path->count;
}

static int methods_of(const struct route *route)
{
	int methods = route->method & ~HASHES;

	return methods & GET ? methods | HEAD : methods;
}

/* The route, or ERR_NOT_FOUND, or ERR_METHOD with the methods that the path has. */
static enum err find_route(struct call *call, int *allowed)
{
	struct path path = { .count = 0 };
	enum err err = split(call, &path);

	for (const struct route *const *table = call->surface->tables; !err && *table; table++)
		for (const struct route *route = *table; route->path; route++) {
			const char *segment[SEGMENTS_MAX] = { NULL };

			if (!matches(route->path, &path, segment))
				continue;
			*allowed |= methods_of(route);
			if (!(methods_of(route) & (int)call->request->method))
				continue;
			call->route = route;
			memcpy(call->segment, segment, sizeof(segment));
			return OK;
		}
	if (err)
		return err;
	return *allowed ? ERR_METHOD : ERR_NOT_FOUND;
}

/* The same without decoding and without memory. */
static bool fits(const char *pattern, struct view path)
{
	while (*pattern && path.length && *path.bytes == '/') {
		const char *slash = memchr(path.bytes + 1, '/', path.length - 1);
		struct view given = { path.bytes + 1, (size_t)((slash ? slash : path.bytes + path.length) - path.bytes) - 1 };
		struct view part = next_part(&pattern);

		if (is_name(part) ? !given.length : given.length != part.length || memcmp(given.bytes, part.bytes, part.length) != 0)
			return false;
		path.bytes += given.length + 1;
		path.length -= given.length + 1;
	}
	return !*pattern && !path.length;
}

bool router_hashes(const struct router *router, const struct request *request, bool *json)
{
	const struct surface *surface = surface_of(router, request->path);

	*json = surface->json;
	for (const struct route *const *table = surface->tables; table && *table; table++)
		for (const struct route *route = *table; route->path; route++)
			if (route->method & HASHES && route->method & (int)request->method && fits(route->path, request->path))
				return true;
	return false;
}

bool router_shows_pages(const struct router *router, const struct request *request)
{
	const struct surface *surface = router ? surface_of(router, request->path) : NULL;

	return surface && !surface->json && !surface->whole && request_takes_pages(request);
}

/* A change of the API that has no fields takes bodies as all others do: JSON, or none. */
static enum err read_form(struct call *call)
{
	static const struct form no_fields = { NULL, 0, 0 };
	const struct form *form = call->route->form;

	if (call->surface->json && (form || !(call->request->method & (GET | HEAD))))
		return form_read_json(call, form ? form : &no_fields);
	return form ? form_read_urlencoded(call, form) : OK;
}

static enum err mended(struct call *call, enum err err)
{
	return err && call->surface->mend ? call->surface->mend(call, err) : err;
}

/* What a rule said of what it saw; without memory it did not see all, and "no cookie" or "no further line" may be wrong. */
static enum err seen_whole(const struct call *call, enum err err)
{
	return call->arena->failed ? ERR_MEMORY : err;
}

static enum err read_and_run(struct call *call)
{
	enum err err = seen_whole(call, read_form(call));

	return err ? err : call->route->handler(call);
}

/* A rule that asks for fresher proofs than its route does is asked again once each is given. */
static enum err handle(struct call *call)
{
	enum err err = read_and_run(call);

	for (int proofs = 0; proofs < PROOFS && (err == ERR_NEEDS_PASSWORD || err == ERR_NEEDS_SECOND_STEP); proofs++) {
		if ((err = mended(call, err)))
			return err;
		answer_reset(call->out);
		err = read_and_run(call);
	}
	return err;
}

static enum err checked(struct call *call)
{
	return call->caller && call->surface->check ? call->surface->check(call) : OK;
}

/* From the route to the answer; the first error ends it. */
static enum err run(const struct router *router, struct call *call, int *allowed)
{
	enum err err, other;

	if ((err = find_route(call, allowed)) || (err = cross_site_check(call)))
		return err;
	err = seen_whole(call, router->guard(call));
	if ((other = checked(call)))
		return seen_whole(call, other);
	if (err)
		err = seen_whole(call, mended(call, err));
	if (!err)
		err = handle(call);
	return seen_whole(call, !err && (call->out->head.failed || call->out->body.failed) ? ERR_MEMORY : err);
}

/* RFC 9110 section 15.5.6: a 405 says what there is. */
static void add_allow(struct answer *out, int allowed)
{
	static const struct {
		int method;
		const char *name;
	} names[] = { { GET, "GET" }, { HEAD, "HEAD" }, { POST, "POST" }, { PUT, "PUT" }, { PATCH, "PATCH" }, { DELETE, "DELETE" } };
	SCOPED(buf_done) struct buf list = { 0 };

	for (size_t i = 0; i < COUNT(names); i++)
		if (allowed & names[i].method) {
			buf_text(&list, list.length ? ", " : "");
			buf_text(&list, names[i].name);
		}
	answer_header(out, "Allow", buf_string(&list));
}

/* 503 is our fault and somebody should know; the rest is the daily business of a door. */
static void log_refusal(const struct call *call, enum err err)
{
	enum log_level level = err_status(err) >= 500 && err != ERR_BUSY ? LOG_WARN : LOG_DEBUG;

	if (log_wants(level))
		log_write(level, "refused", LOG_FIELDS(LOG_TEXT("id", call->id), LOG_TEXT("error", err_name(err)),
		                                       LOG_TEXT("field", call->wrong)));
}

static void answer_by_routes(const struct router *router, struct call *call)
{
	int allowed = 0;
	enum err err = call->refused ? call->refused : run(router, call, &allowed);

	if (!err)
		return;
	log_refusal(call, err);
	answer_reset(call->out);
	call->arena->failed = false;
	call->surface->refuse(call, err);
	call->out->body.failed = call->out->body.failed || call->arena->failed;
	if (err == ERR_METHOD)
		add_allow(call->out, allowed);
}

void router_answer(const struct router *router, struct call *call)
{
	call->surface = surface_of(router, call->request->path);
	if (call->surface->whole)
		call->surface->whole(call);
	else
		answer_by_routes(router, call);
	hash_place_done(&call->place); /* before anybody waits for mail */
	if (router->after)
		router->after(call);
}
