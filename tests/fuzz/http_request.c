/* Heads, bodies and chunks: whatever comes, and in whatever pieces, the same answer, and nothing in it that was refused. */
#include "fuzz.h"
#include "http/parse.h"

struct reading {
	struct parser parser;
	struct request request;
	char *bytes;
	size_t length, taken; /* chunks make it less than what came */
	enum parsed parsed;
};

static void feed(struct reading *reading, const uint8_t *piece, size_t length)
{
	char *moved = malloc(reading->length + length + 1);

	if (!moved)
		abort();
	if (reading->length)
		memcpy(moved, reading->bytes, reading->length);
	memcpy(moved + reading->length, piece, length);
	free(reading->bytes);
	reading->bytes = moved;
	reading->length += length;
	reading->taken += length;
	reading->parsed = parse_more(&reading->parser, reading->bytes, &reading->length, &reading->request);
	if (reading->parsed == PARSED_MORE && reading->length > PARSE_BYTES)
		abort();
}

static void read_in_pieces(struct reading *reading, const uint8_t *bytes, size_t length, size_t first, size_t step)
{
	size_t piece = first < length ? first : length;

	feed(reading, bytes, piece);
	for (size_t at = piece; at < length && reading->parsed == PARSED_MORE; at += piece) {
		piece = step < length - at ? step : length - at;
		feed(reading, bytes + at, piece);
	}
}

static bool has_control(struct view view)
{
	for (size_t i = 0; i < view.length; i++)
		if (((unsigned char)view.bytes[i] < ' ' && view.bytes[i] != '\t') || view.bytes[i] == 0x7f)
			return true;
	return false;
}

/* Path, and the query behind '?', in whatever form it came; a path that absolute form left out stands for itself. */
static bool is_path_and_query(const struct request *r)
{
	size_t path = r->target.bytes == r->path.bytes ? r->path.length : 0;
	const char *rest = r->target.bytes + path;
	size_t left = r->target.length - path;

	if (path > r->target.length || (!path && !view_same(r->path, "/")))
		return false;
	return left ? rest[0] == '?' && r->query.bytes == rest + 1 && r->query.length == left - 1 : !r->query.length;
}

static void check_request(const struct reading *reading)
{
	const struct request *r = &reading->request;

	if (reading->parser.used > reading->length || r->header_count > REQUEST_FIELDS_MAX || r->body.length > PARSE_BODY_BYTES ||
	    !is_path_and_query(r) || has_control(r->target) || has_control(r->host) || !r->path.length || (r->minor && !r->host.length))
		abort();
	for (size_t i = 0; i < r->header_count; i++)
		if (!r->headers[i].name.length || has_control(r->headers[i].name) || has_control(r->headers[i].value))
			abort();
}

static bool same_view(struct view a, struct view b)
{
	return a.length == b.length && !memcmp(a.bytes, b.bytes, a.length);
}

static void check_same(const struct reading *a, const struct reading *b)
{
	if (a->parsed != b->parsed || a->parser.err != b->parser.err)
		abort();
	if (a->parsed == PARSED_ALL &&
	    (!same_view(a->request.target, b->request.target) || !same_view(a->request.body, b->request.body) ||
	     a->request.header_count != b->request.header_count || a->request.keep_alive != b->request.keep_alive ||
	     a->taken - (a->length - a->parser.used) != b->taken - (b->length - b->parser.used)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct reading whole = { .parsed = PARSED_MORE }, pieces = { .parsed = PARSED_MORE };
	size_t first;

	if (length < 3)
		return 0;
	first = 1 + (size_t)(bytes[0] << 8 | bytes[1]) % (length - 2);
	read_in_pieces(&whole, bytes + 2, length - 2, length, length);
	read_in_pieces(&pieces, bytes + 2, length - 2, first, length < 600 ? 1 : 97);
	if (whole.parsed == PARSED_ALL)
		check_request(&whole);
	check_same(&whole, &pieces);
	free(whole.bytes);
	free(pieces.bytes);
	return 0;
}
