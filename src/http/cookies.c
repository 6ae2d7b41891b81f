#include "http/cookies.h"

#include "base/base.h"
#include "http/call.h"

#include "base/banned.h"

#define HOST_PREFIX "__Host-"

static const struct {
	const char *name;
	bool scripts_read; /* nothing secret: the language */
} cookies[COOKIE_COUNT] = {
	[COOKIE_SESSION] = { "twostep", false },
	[COOKIE_LOGIN] = { "twostep-login", false },
	[COOKIE_SIGNUP] = { "twostep-signup", false },
	[COOKIE_DEVICE] = { "twostep-device", false },
	[COOKIE_KNOWN] = { "twostep-known", false },
	[COOKIE_LOCALE] = { "twostep-locale", true },
	[COOKIE_RETURN] = { "twostep-return", false },
	[COOKIE_NOTICE] = { "twostep-notice", false },
	[COOKIE_APP] = { "twostep-app", false },
	[COOKIE_NONCE] = { "twostep-nonce", false },
	[COOKIE_DISABLE] = { "twostep-disable", false },
};

/* RFC 6265 section 4.1.1 */
static bool is_octet(char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

static bool is_value(const char *value, size_t length)
{
	size_t n = 0;

	while (n < length && is_octet(value[n]))
		n++;
	return n == length && length <= COOKIE_VALUE_BYTES;
}

/* Whether this pair is the cookie; on https one without the prefix is somebody else's. */
static bool is_named(struct view name, enum cookie cookie, bool https)
{
	size_t prefix = https ? sizeof(HOST_PREFIX) - 1 : 0;

	if (name.length < prefix || memcmp(name.bytes, HOST_PREFIX, prefix) != 0)
		return false;
	return view_same((struct view){ name.bytes + prefix, name.length - prefix }, cookies[cookie].name);
}

/* A place in the Cookie lines of a request. */
struct jar {
	const struct request *request;
	size_t header;
	struct view rest; /* of the present line */
};

static bool next_line(struct jar *jar)
{
	while (jar->header < jar->request->header_count) {
		const struct header *header = &jar->request->headers[jar->header++];

		if (view_ascii_same(header->name, "Cookie")) {
			jar->rest = header->value;
			return true;
		}
	}
	return false;
}

static bool next_pair(struct jar *jar, struct view *name, struct view *value)
{
	struct view pair = { "", 0 };
	const char *end, *equals;

	while (!pair.length) {
		if (!jar->rest.length && !next_line(jar))
			return false;
		end = jar->rest.length ? memchr(jar->rest.bytes, ';', jar->rest.length) : NULL;
		pair = (struct view){ jar->rest.bytes, end ? (size_t)(end - jar->rest.bytes) : jar->rest.length };
		jar->rest.bytes += pair.length + (end ? 1 : 0);
		jar->rest.length -= pair.length + (end ? 1 : 0);
	}
	equals = memchr(pair.bytes, '=', pair.length);
	*name = view_trim((struct view){ pair.bytes, equals ? (size_t)(equals - pair.bytes) : pair.length });
	*value = equals ? view_trim((struct view){ equals + 1, (size_t)(pair.bytes + pair.length - equals - 1) }) : (struct view){ "", 0 };
	return true;
}

bool cookie_find(const struct request *request, enum cookie cookie, bool https, struct view *out)
{
	struct jar jar = { .request = request };
	struct view name, value, found = { NULL, 0 };

	while (next_pair(&jar, &name, &value)) {
		if (!is_named(name, cookie, https))
			continue;
		if (found.bytes)
			return false; /* two: which of them is ours, nobody can tell */
		found = value;
	}
	*out = found;
	return found.length && is_value(found.bytes, found.length);
}

const char *cookie_get(struct call *call, enum cookie cookie)
{
	struct view found;

	return cookie_find(call->request, cookie, call->settings->https, &found) ? arena_copy(call->arena, found.bytes, found.length)
	                                                                         : NULL;
}

bool cookie_any(const struct call *call)
{
	struct jar jar = { .request = call->request };
	struct view name, value;

	while (next_pair(&jar, &name, &value))
		for (enum cookie cookie = COOKIE_NONE + 1; cookie < COOKIE_COUNT; cookie++)
			if (is_named(name, cookie, call->settings->https))
				return true;
	return false;
}

static void set(struct call *call, enum cookie cookie, bool https, const char *value, int64_t max_age_s)
{
	SCOPED(buf_done) struct buf line = { 0 };

	buf_printf(&line, "%s%s=%s", https ? HOST_PREFIX : "", cookies[cookie].name, value);
	if (max_age_s >= 0)
		buf_printf(&line, "; Max-Age=%" PRId64, max_age_s);
	buf_text(&line, "; Path=/; SameSite=Lax");
	buf_text(&line, cookies[cookie].scripts_read ? "" : "; HttpOnly");
	buf_text(&line, https ? "; Secure" : "");
	if (line.failed)
		call->out->head.failed = true;
	else
		answer_header(call->out, "Set-Cookie", buf_string(&line));
}

void cookie_set_at(struct call *call, enum cookie cookie, bool https, const char *value, int64_t max_age_s)
{
	if (!is_value(value, strlen(value)))
		call->out->head.failed = true;
	else
		set(call, cookie, https, value, max_age_s > 0 ? max_age_s : -1);
}

void cookie_set(struct call *call, enum cookie cookie, const char *value, int64_t max_age_s)
{
	cookie_set_at(call, cookie, call->settings->https, value, max_age_s);
}

void cookie_clear(struct call *call, enum cookie cookie)
{
	set(call, cookie, call->settings->https, "", 0);
}
