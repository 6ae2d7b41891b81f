/*
 * request: an HTTP request as the parser (parse.h) leaves it: views into the connection's bytes.
 */
#ifndef TWOSTEP_HTTP_REQUEST_H
#define TWOSTEP_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Bytes that somebody else owns; not NUL-terminated. */
struct view {
	const char *bytes;
	size_t length;
};

bool view_same(struct view view, const char *text);       /* every byte */
bool view_ascii_same(struct view view, const char *text); /* without ASCII case */
struct view view_trim(struct view view);                  /* without blanks and tabs around it */
struct view view_take(struct view *text, char mark);      /* takes the part up to the mark off the text; trimmed, it may be empty */

/* Bits, so that a route can list several. HEAD is answered by a GET route. */
enum method { METHOD_OTHER = 0, GET = 1, HEAD = 2, POST = 4, PUT = 8, PATCH = 16, DELETE = 32, OPTIONS = 64 };

#define REQUEST_FIELDS_MAX 100 /* contract section 1 */

struct header {
	struct view name, value; /* value without white space around it */
};

struct request {
	enum method method;
	struct view method_text;
	struct view target; /* path and query, of an absolute form too, which may have a query alone */
	struct view path;   /* the target up to '?', still percent-encoded */
	struct view query;  /* behind '?', empty where there is none */
	struct view host;   /* empty where HTTP/1.0 sent none */
	int minor;          /* HTTP/1.x */
	bool keep_alive;
	bool has_body;
	struct header headers[REQUEST_FIELDS_MAX];
	size_t header_count;
	struct view body; /* chunks already joined */
};

/* The only field of this name. NULL where it is absent or there are several (`*several` says which, where not NULL). */
const struct view *request_header(const struct request *request, const char *name, bool *several);

/* Is it a browser that asks, as far as its Accept says, on whichever line: would it show a page? */
bool request_takes_pages(const struct request *request);

#endif
