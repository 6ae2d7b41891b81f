#include "gate/asked.h"

#include "base/base.h"
#include "organizations/rule.h"

#include "base/banned.h"

static const struct {
	const char *path;
	bool begins; /* what follows is the asked-for path */
	enum asking how;
} routes[] = {
	{ "/authz/forward-auth", false, FORWARD_AUTH },
	{ "/authz/auth-request", false, AUTH_REQUEST },
	{ "/authz/ext-authz", true, EXT_AUTHZ },
};

enum asking asking_of(const struct request *request)
{
	const struct view *path = &request->path;

	for (size_t i = 0; i < COUNT(routes); i++) {
		size_t length = strlen(routes[i].path);

		if (path->length < length || memcmp(path->bytes, routes[i].path, length) != 0)
			continue;
		if (path->length == length || (routes[i].begins && path->bytes[length] == '/'))
			return routes[i].how;
	}
	return ASKING_NOTHING;
}

/* What nobody knows may mean anything to the application: rules_need holds it to all rules. */
static enum err read_method(struct view text, struct asked *out)
{
	if (!rule_is_method(text))
		return ERR_INVALID;
	out->method = text;
	out->safe = view_same(text, "GET") || view_same(text, "HEAD");
	return OK;
}

static enum err read_host(struct view text, struct asked *out)
{
	char host[HOSTNAME_TEXT + 1];

	if (!text.length || text.length >= sizeof(host) || memchr(text.bytes, '\0', text.length))
		return ERR_INVALID;
	memcpy(host, text.bytes, text.length);
	host[text.length] = '\0';
	return hostname_read(host, out->https, out->host);
}

/* Traefik names the scheme of a websocket. */
static enum err read_scheme(struct view text, struct asked *out)
{
	static const struct { const char *name; bool https; } schemes[] = {
		{ "https", true }, { "http", false }, { "wss", true }, { "ws", false },
	};

	for (size_t i = 0; i < COUNT(schemes); i++)
		if (view_same(text, schemes[i].name)) {
			out->https = schemes[i].https;
			return OK;
		}
	return ERR_INVALID;
}

/* What means something else to one reader than to another is no address: controls, blanks, a fragment, a backslash. */
static bool is_uri_byte(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && c != '#' && c != '\\';
}

static enum err read_uri(struct view text, struct asked *out)
{
	const char *query;

	if (!text.length || text.bytes[0] != '/' || text.length > ASKED_URI_BYTES_MAX)
		return ERR_INVALID;
	for (size_t i = 0; i < text.length; i++)
		if (!is_uri_byte(text.bytes[i]))
			return ERR_INVALID;
	query = memchr(text.bytes, '?', text.length);
	out->uri = text;
	out->path = (struct view){ text.bytes, query ? (size_t)(query - text.bytes) : text.length };
	return OK;
}

/* The only one of its name, or nothing at all. */
static struct view header(const struct request *request, const char *name)
{
	const struct view *value = request_header(request, name, NULL);

	return value ? *value : (struct view){ "", 0 };
}

enum err asked_origin(const struct request *request, struct asked *out)
{
	enum err err;

	*out = (struct asked){ .how = ASKING_NOTHING };
	if ((err = read_scheme(header(request, "X-Forwarded-Proto"), out)))
		return err;
	return read_host(header(request, "X-Forwarded-Host"), out);
}

static enum err read_forwarded(const struct request *request, struct asked *out)
{
	enum err err;

	if ((err = read_scheme(header(request, "X-Forwarded-Proto"), out)) ||
	    (err = read_host(header(request, "X-Forwarded-Host"), out)) ||
	    (err = read_method(header(request, "X-Forwarded-Method"), out)))
		return err;
	return read_uri(header(request, "X-Forwarded-Uri"), out);
}

/* scheme://host[:port]/path?query; whoever names a user in it means another host than we would read. */
static enum err read_url(struct view url, struct asked *out)
{
	static const char slash[] = "/";
	const char *colon = memchr(url.bytes, ':', url.length), *end = url.bytes + url.length, *rest;
	struct view authority;
	enum err err;

	if (!colon || end - colon < 3 || memcmp(colon, "://", 3) != 0)
		return ERR_INVALID;
	if ((err = read_scheme((struct view){ url.bytes, (size_t)(colon - url.bytes) }, out)))
		return err;
	for (rest = colon + 3; rest < end && *rest != '/' && *rest != '?'; rest++)
		;
	authority = (struct view){ colon + 3, (size_t)(rest - colon - 3) };
	if ((err = read_host(authority, out)))
		return err;
	return read_uri(rest < end ? (struct view){ rest, (size_t)(end - rest) } : (struct view){ slash, 1 }, out);
}

static enum err read_original(const struct request *request, struct asked *out)
{
	enum err err = read_method(header(request, "X-Original-Method"), out);

	return err ? err : read_url(header(request, "X-Original-URL"), out);
}

/* Envoy tells the scheme only where it was told to; then it is that of our own address (out->https). */
static enum err read_itself(const struct request *request, struct asked *out)
{
	size_t prefix = sizeof("/authz/ext-authz") - 1;
	bool several = false;
	const struct view *scheme = request_header(request, "X-Forwarded-Proto", &several);
	enum err err;

	if (several || (scheme && read_scheme(*scheme, out)))
		return ERR_INVALID;
	if ((err = read_host(request->host, out)) || (err = read_method(request->method_text, out)))
		return err;
	return read_uri((struct view){ request->target.bytes + prefix, request->target.length - prefix }, out);
}

/* Whichever line says so: nobody is let in by this. */
bool asked_by_browser(const struct request *request)
{
	for (size_t i = 0; i < request->header_count; i++) {
		const struct header *line = &request->headers[i];

		if (view_ascii_same(line->name, "X-Requested-With") && view_ascii_same(line->value, "XMLHttpRequest"))
			return false;
	}
	return request_takes_pages(request);
}

enum err asked_read(const struct request *request, bool https, struct asked *out)
{
	static enum err (*const readers[])(const struct request *request, struct asked *out) = {
		[FORWARD_AUTH] = read_forwarded, [AUTH_REQUEST] = read_original, [EXT_AUTHZ] = read_itself,
	};

	*out = (struct asked){ .how = asking_of(request), .https = https };
	return out->how == ASKING_NOTHING ? ERR_INVALID : readers[out->how](request, out);
}
