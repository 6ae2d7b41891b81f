#include "http/parse.h"

#include <strings.h>

#include "base/base.h"

#include "base/banned.h"

#define LENGTH_DIGITS_MAX 19 /* of Content-Length, without zeros before: more are beyond 64 bit */
#define SIZE_DIGITS_MAX   16 /* of a chunk, hexadecimal: the same */

/* Which bytes may stand somewhere: a bit for each. */
struct set {
	uint64_t word[4];
};

#define BITS(from, to) ((UINT64_MAX >> (63 - ((to) - (from)))) << ((from) & 63))
#define BIT(c)         BITS(c, c)
#define DIGITS         BITS('0', '9')
#define LETTERS        (BITS('A', 'Z') | BITS('a', 'z'))

/* RFC 9110 section 5.6.2 */
static const struct set token = { {
	DIGITS | BIT('!') | BITS('#', '\'') | BIT('*') | BIT('+') | BIT('-') | BIT('.'),
	LETTERS | BIT('^') | BIT('_') | BIT('`') | BIT('|') | BIT('~'),
} };

/* RFC 9110 section 5.5: visible, blank, tab, and bytes beyond ASCII, of which we make nothing */
static const struct set in_value = { { BIT('\t') | BITS(' ', '?'), BITS('@', '~'), UINT64_MAX, UINT64_MAX } };

/* Visible ASCII without '#': browsers leave a few characters raw in queries that RFC 3986 would have encoded. */
static const struct set in_target = { { BITS('!', '?') & ~BIT('#'), BITS('@', '~') } };

/* RFC 3986 section 3.2.2, without what no name or address has: percent signs and sub-delims */
static const struct set in_name = { { DIGITS | BIT('-') | BIT('.'), LETTERS | BIT('_') } };
static const struct set in_address = { { DIGITS | BIT(':') | BIT('.'), BITS('A', 'F') | BITS('a', 'f') } };
static const struct set digits = { { DIGITS } };
static const struct set hex_digits = { { DIGITS, BITS('A', 'F') | BITS('a', 'f') } };

static bool has(const struct set *set, char c)
{
	unsigned char byte = (unsigned char)c;

	return set->word[byte >> 6] >> (byte & 63) & 1;
}

/* How many bytes at the beginning are of the set. */
static size_t span(const struct set *set, struct view text)
{
	size_t n = 0;

	while (n < text.length && has(set, text.bytes[n]))
		n++;
	return n;
}

static bool all(const struct set *set, struct view text)
{
	return span(set, text) == text.length;
}

static struct view skip(struct view text, size_t n)
{
	return (struct view){ text.bytes + n, text.length - n };
}

static struct view first(struct view text, size_t n)
{
	return (struct view){ text.bytes, n };
}

static bool same_ascii(struct view a, struct view b)
{
	return a.length == b.length && !strncasecmp(a.bytes, b.bytes, a.length);
}

static enum parsed refuse(struct parser *p, enum err err)
{
	p->stage = STAGE_REFUSED;
	p->err = err;
	return PARSED_REFUSED;
}

/* ---- lines ---- */

struct input {
	char *bytes;
	size_t *length;
	struct request *request;
	bool read; /* the request was filled from these very bytes */
};

/* The next line, of `most` bytes with its end; PARSED_ALL: *line is it without, and p->at stands behind it. */
static enum parsed take_line(struct parser *p, const struct input *in, size_t most, enum err too_long, struct view *line)
{
	size_t end = p->at + most, seen = *in->length < end ? *in->length : end;
	const char *start = in->bytes + p->at;
	const char *lf = memchr(in->bytes + p->scanned, '\n', seen - p->scanned);

	if (!lf) {
		p->scanned = seen;
		return seen < end ? PARSED_MORE : refuse(p, too_long);
	}
	if (lf == start || lf[-1] != '\r')
		return refuse(p, ERR_MALFORMED);
	*line = (struct view){ start, (size_t)(lf - 1 - start) };
	p->at = p->scanned = (size_t)(lf + 1 - in->bytes);
	return PARSED_ALL;
}

/* The same of a head that is known to be whole. */
static struct view next_line(const char **at)
{
	const char *start = *at, *lf = rawmemchr(start, '\n');

	*at = lf + 1;
	return (struct view){ start, (size_t)(lf - 1 - start) };
}

/* NAME ":" OWS VALUE OWS. A blank first (a folded line) or before the colon is no token. */
static enum err read_field(struct view line, struct header *out)
{
	size_t name = span(&token, line);

	if (!name || name == line.length || line.bytes[name] != ':')
		return ERR_MALFORMED;
	out->name = first(line, name);
	out->value = view_trim(skip(line, name + 1));
	return all(&in_value, out->value) ? OK : ERR_MALFORMED;
}

/* ---- the request line ---- */

static const struct {
	const char *text;
	enum method method;
} methods[] = {
	{ "GET", GET },       { "HEAD", HEAD },       { "POST", POST },      { "PUT", PUT },
	{ "PATCH", PATCH },   { "DELETE", DELETE },   { "OPTIONS", OPTIONS },
};

static enum method method_of(struct view text)
{
	for (size_t i = 0; i < COUNT(methods); i++)
		if (view_same(text, methods[i].text))
			return methods[i].method;
	return METHOD_OTHER;
}

static enum err read_version(struct view text, struct request *r)
{
	if (text.length != 8 || memcmp(text.bytes, "HTTP/", 5) || !has(&digits, text.bytes[5]) || text.bytes[6] != '.' ||
	    !has(&digits, text.bytes[7]))
		return ERR_MALFORMED;
	if (text.bytes[5] != '1' || text.bytes[7] > '1')
		return ERR_HTTP_VERSION;
	r->minor = text.bytes[7] - '0';
	return OK;
}

static bool is_port(struct view text)
{
	return !text.length || (text.bytes[0] == ':' && text.length <= 6 && all(&digits, skip(text, 1)));
}

static bool is_host(struct view text)
{
	size_t n = text.length && text.bytes[0] == '[' ? 1 + span(&in_address, skip(text, 1)) : span(&in_name, text);

	if (n && text.bytes[0] == '[')
		return n > 1 && n < text.length && text.bytes[n] == ']' && is_port(skip(text, n + 1));
	return n && is_port(skip(text, n));
}

/* Each '%' begins two hexadecimal digits. */
static bool is_encoded(struct view text)
{
	for (size_t i = 0; i < text.length; i++)
		if (text.bytes[i] == '%' &&
		    (i + 2 >= text.length || !has(&hex_digits, text.bytes[i + 1]) || !has(&hex_digits, text.bytes[i + 2])))
			return false;
	return true;
}

/* Takes "http://HOST" away, so that path and query are left. */
static enum err take_authority(struct parser *p, struct view *rest)
{
	static const char *const schemes[] = { "http://", "https://" };
	static const struct set behind = { { BIT('/') | BIT('?') } };

	for (size_t i = 0; i < COUNT(schemes); i++) {
		size_t scheme = strlen(schemes[i]), n = scheme;

		if (rest->length <= scheme || strncasecmp(rest->bytes, schemes[i], scheme) != 0)
			continue;
		while (n < rest->length && !has(&behind, rest->bytes[n]))
			n++;
		p->authority = (struct view){ rest->bytes + scheme, n - scheme };
		*rest = skip(*rest, n);
		return is_host(p->authority) ? OK : ERR_MALFORMED;
	}
	return ERR_MALFORMED;
}

/* Origin form, absolute form, and '*' for OPTIONS (RFC 9112 section 3.2); authority form is for proxies. */
static enum err read_target(struct parser *p, struct request *r)
{
	const struct view root = { "/", 1 };
	struct view rest = r->target;
	const char *mark;
	enum err err;

	if (!rest.length || !all(&in_target, rest) || !is_encoded(rest))
		return ERR_MALFORMED;
	if (view_same(rest, "*")) {
		r->path = rest;
		return r->method == OPTIONS ? OK : ERR_MALFORMED;
	}
	if (rest.bytes[0] != '/' && (err = take_authority(p, &rest)))
		return err;
	r->target = rest.length ? rest : root;

	mark = memchr(rest.bytes, '?', rest.length);
	r->path = first(rest, mark ? (size_t)(mark - rest.bytes) : rest.length);
	if (mark)
		r->query = skip(rest, r->path.length + 1);
	if (!r->path.length)
		r->path = root;
	return OK;
}

/* METHOD SP TARGET SP VERSION, with one blank each. */
static enum err read_request_line(struct parser *p, struct view line, struct request *r)
{
	size_t method = span(&token, line);
	struct view rest = skip(line, method);
	const char *blank = rest.length ? memchr(rest.bytes + 1, ' ', rest.length - 1) : NULL;
	enum err err;

	if (!method || !blank || rest.bytes[0] != ' ')
		return ERR_MALFORMED;
	r->method_text = first(line, method);
	r->method = method_of(r->method_text);
	r->target = (struct view){ rest.bytes + 1, (size_t)(blank - rest.bytes - 1) };
	rest = skip(rest, r->target.length + 2);
	if ((err = read_version(rest, r)))
		return err;
	return read_target(p, r);
}

/* ---- fields that say how to read on ---- */

static enum err note_late(struct parser *p, enum err err)
{
	if (!p->late)
		p->late = err;
	return OK;
}

static enum err take_host(struct parser *p UNUSED, struct request *r, struct view value)
{
	r->host = value;
	return is_host(value) ? OK : ERR_MALFORMED;
}

static enum err take_length(struct parser *p, struct request *r, struct view value)
{
	uint64_t bytes = 0;

	if (!value.length || !all(&digits, value))
		return ERR_MALFORMED;
	while (value.length > 1 && value.bytes[0] == '0')
		value = skip(value, 1);
	if (value.length > LENGTH_DIGITS_MAX)
		return ERR_MALFORMED;
	for (size_t i = 0; i < value.length; i++)
		bytes = bytes * 10 + (uint64_t)(value.bytes[i] - '0');
	if (bytes > PARSE_BODY_BYTES)
		return note_late(p, ERR_TOO_LARGE);
	p->body_bytes = (size_t)bytes;
	r->has_body = bytes > 0;
	return OK;
}

/* Chunked and nothing else. With something behind it the end of the body is unknown: 400 (RFC 9112 section 6.3). */
static enum err take_coding(struct parser *p, struct request *r, struct view value)
{
	static const char chunked[] = "chunked";
	size_t name = span(&token, value);

	if (!name)
		return ERR_MALFORMED;
	p->chunked = r->has_body = true;
	if (view_ascii_same(value, chunked))
		return OK;
	if (view_ascii_same(first(value, name), chunked))
		return ERR_MALFORMED;
	return note_late(p, ERR_NOT_IMPLEMENTED);
}

static enum err take_connection(struct parser *p UNUSED, struct request *r, struct view value)
{
	while (value.length) {
		const char *comma = memchr(value.bytes, ',', value.length);
		size_t n = comma ? (size_t)(comma - value.bytes) : value.length;

		if (view_ascii_same(view_trim(first(value, n)), "close"))
			r->keep_alive = false;
		value = skip(value, n + (comma ? 1 : 0));
	}
	return OK;
}

/* HTTP/1.0 knows it not (RFC 9110 section 10.1.1). */
static enum err take_expect(struct parser *p, struct request *r, struct view value)
{
	if (!r->minor)
		return OK;
	if (!view_ascii_same(value, "100-continue"))
		return note_late(p, ERR_EXPECTATION);
	p->wants_continue = true;
	return OK;
}

enum { KNOWN_HOST = 1, KNOWN_LENGTH = 2, KNOWN_CODING = 4 };

#define NAMED(literal) { literal, sizeof(literal) - 1 }

static const struct known {
	struct view name;
	unsigned once; /* its bit, where two of it are refused */
	enum err (*take)(struct parser *p, struct request *r, struct view value);
} known_fields[] = {
	{ NAMED("Host"), KNOWN_HOST, take_host },
	{ NAMED("Connection"), 0, take_connection },
	{ NAMED("Content-Length"), KNOWN_LENGTH, take_length },
	{ NAMED("Transfer-Encoding"), KNOWN_CODING, take_coding },
	{ NAMED("Expect"), 0, take_expect },
};

static enum err take_known(struct parser *p, struct request *r, const struct header *header)
{
	for (size_t i = 0; i < COUNT(known_fields); i++) {
		const struct known *known = &known_fields[i];

		if (!same_ascii(header->name, known->name))
			continue;
		if (p->known & known->once)
			return ERR_MALFORMED;
		p->known |= known->once;
		return known->take(p, r, header->value);
	}
	return OK;
}

/* What several parts of a head must agree on. */
static enum err check_head(struct parser *p, struct request *r)
{
	bool host = p->known & KNOWN_HOST, coding = p->known & KNOWN_CODING;

	if ((r->minor && !host) || (coding && (!r->minor || (p->known & KNOWN_LENGTH))))
		return ERR_MALFORMED;
	if (p->authority.length && host && !same_ascii(p->authority, r->host))
		return ERR_MALFORMED;
	if (!host)
		r->host = p->authority;
	return p->late;
}

/* Reads a head that is all there. The same bytes give the same answer each time. */
static enum err read_head(struct parser *p, const char *bytes, struct request *r)
{
	const char *at = bytes + p->line;
	struct view line = next_line(&at);
	enum err err;

	p->known = 0;
	p->authority = r->query = r->host = r->body = (struct view){ "", 0 };
	r->has_body = false;
	r->header_count = 0;
	if ((err = read_request_line(p, line, r)))
		return err;
	r->keep_alive = r->minor == 1;
	while ((line = next_line(&at)).length) {
		struct header *header = &r->headers[r->header_count++];

		if ((err = read_field(line, header)) || (err = take_known(p, r, header)))
			return err;
	}
	return check_head(p, r);
}

/* A body of which more is to come than we take. The head is sound, and stands in the request. */
static enum parsed refuse_body(struct parser *p, const struct input *in)
{
	enum err err = in->read ? OK : read_head(p, in->bytes, in->request);

	p->used = err ? 0 : p->head;
	return refuse(p, err ? err : ERR_TOO_LARGE);
}

/* ---- stages: PARSED_ALL where the next one is to go on ---- */

static enum parsed end_head(struct parser *p, struct input *in)
{
	enum err err = read_head(p, in->bytes, in->request);

	if (err && err == p->late)
		p->used = p->at; /* the head is sound */
	if (err)
		return refuse(p, err);
	p->head = p->at;
	in->read = true;
	p->lines = 0;
	p->wants_continue = p->wants_continue && in->request->has_body;
	p->stage = p->chunked ? STAGE_CHUNK_SIZE : STAGE_BODY;
	return PARSED_ALL;
}

/* One empty line before a request is forgiven, as RFC 9112 section 2.2 asks. */
static enum parsed begin_head(struct parser *p)
{
	if (p->empty_line)
		return refuse(p, ERR_MALFORMED);
	p->empty_line = true;
	p->line = p->at;
	return PARSED_ALL;
}

static enum parsed take_head(struct parser *p, struct input *in)
{
	struct view line;
	enum parsed parsed;

	if (!p->fields) {
		if ((parsed = take_line(p, in, PARSE_LINE_BYTES, ERR_URI_TOO_LONG, &line)) != PARSED_ALL)
			return parsed;
		if (!line.length)
			return begin_head(p);
		p->fields = p->at;
		return PARSED_ALL;
	}
	parsed = take_line(p, in, PARSE_FIELDS_BYTES - (p->at - p->fields), ERR_HEAD_TOO_LARGE, &line);
	if (parsed != PARSED_ALL)
		return parsed;
	if (!line.length)
		return end_head(p, in);
	return ++p->lines > REQUEST_FIELDS_MAX ? refuse(p, ERR_HEAD_TOO_LARGE) : PARSED_ALL;
}

static enum parsed take_body(struct parser *p, struct input *in)
{
	if (*in->length - p->at < p->body_bytes)
		return PARSED_MORE;
	p->at += p->body_bytes;
	p->stage = STAGE_DONE;
	return PARSED_ALL;
}

static unsigned hex_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

/* 1*HEXDIG [ ";" extensions ] */
static enum parsed take_chunk_size(struct parser *p, struct input *in)
{
	struct view line;
	uint64_t size = 0;
	size_t n;
	enum parsed parsed = take_line(p, in, SIZE_DIGITS_MAX + 2 + PARSE_EXTENSIONS_BYTES - p->extra_bytes, ERR_MALFORMED, &line);

	if (parsed != PARSED_ALL)
		return parsed;
	n = span(&hex_digits, line);
	if (!n || n > SIZE_DIGITS_MAX || (n < line.length && line.bytes[n] != ';') || !all(&in_value, skip(line, n)) ||
	    line.length - n > PARSE_EXTENSIONS_BYTES - p->extra_bytes)
		return refuse(p, ERR_MALFORMED);
	for (size_t i = 0; i < n; i++)
		size = size << 4 | hex_value(line.bytes[i]);
	if (size > PARSE_BODY_BYTES - p->body_bytes)
		return refuse_body(p, in);
	p->extra_bytes += line.length - n;
	p->left = (size_t)size;
	p->stage = size ? STAGE_CHUNK_DATA : STAGE_TRAILERS;
	return PARSED_ALL;
}

static enum parsed take_chunk_data(struct parser *p, struct input *in)
{
	size_t there = *in->length - p->at, n = there < p->left ? there : p->left;

	memmove(in->bytes + p->head + p->body_bytes, in->bytes + p->at, n);
	p->body_bytes += n;
	p->left -= n;
	p->at += n;
	p->scanned = p->at;
	if (p->left)
		return PARSED_MORE;
	p->stage = STAGE_CHUNK_END;
	return PARSED_ALL;
}

static enum parsed take_chunk_end(struct parser *p, struct input *in)
{
	const char *at = in->bytes + p->at;
	size_t there = *in->length - p->at;

	if ((there > 0 && at[0] != '\r') || (there > 1 && at[1] != '\n'))
		return refuse(p, ERR_MALFORMED);
	if (there < 2)
		return PARSED_MORE;
	p->at += 2;
	p->scanned = p->at;
	p->stage = STAGE_CHUNK_SIZE;
	return PARSED_ALL;
}

/* Dropped: nothing in them may change how the request was read (RFC 9110 section 6.5.1). */
static enum parsed take_trailers(struct parser *p, struct input *in)
{
	size_t before = p->at;
	struct header header;
	struct view line;
	enum parsed parsed;

	/* `left` counts them: there is no chunk any more */
	parsed = take_line(p, in, PARSE_TRAILERS_BYTES - p->left, ERR_HEAD_TOO_LARGE, &line);
	if (parsed != PARSED_ALL)
		return parsed;
	p->left += p->at - before;
	if (!line.length)
		p->stage = STAGE_DONE;
	else if (++p->lines > REQUEST_FIELDS_MAX)
		return refuse(p, ERR_HEAD_TOO_LARGE);
	else if (read_field(line, &header))
		return refuse(p, ERR_MALFORMED);
	return PARSED_ALL;
}

static enum parsed stay_refused(struct parser *p UNUSED, struct input *in UNUSED)
{
	return PARSED_REFUSED;
}

static enum parsed (*const stages[])(struct parser *p, struct input *in) = {
	[STAGE_HEAD] = take_head,
	[STAGE_BODY] = take_body,
	[STAGE_CHUNK_SIZE] = take_chunk_size,
	[STAGE_CHUNK_DATA] = take_chunk_data,
	[STAGE_CHUNK_END] = take_chunk_end,
	[STAGE_TRAILERS] = take_trailers,
	[STAGE_REFUSED] = stay_refused,
};

/* Moves what is not taken yet to the end of what was joined, so that chunks of one byte need no more room than their bytes. */
static void close_gap(struct parser *p, const struct input *in)
{
	size_t joined = p->head + p->body_bytes, gap = p->at - joined;

	memmove(in->bytes + joined, in->bytes + p->at, *in->length - p->at);
	*in->length -= gap;
	p->at -= gap;
	p->scanned -= gap;
}

static enum parsed end_request(struct parser *p, const struct input *in)
{
	enum err err = in->read ? OK : read_head(p, in->bytes, in->request);

	if (err)
		return refuse(p, err);
	p->used = p->at;
	in->request->body = (struct view){ in->bytes + p->head, p->body_bytes };
	in->request->has_body = p->body_bytes > 0;
	return PARSED_ALL;
}

enum parsed parse_more(struct parser *p, char *bytes, size_t *length, struct request *request)
{
	struct input in = { bytes, length, request, false };

	while (p->stage != STAGE_DONE) {
		enum parsed parsed = stages[p->stage](p, &in);

		if (parsed == PARSED_MORE && p->head && p->chunked)
			close_gap(p, &in);
		if (parsed != PARSED_ALL)
			return parsed;
	}
	return end_request(p, &in);
}
