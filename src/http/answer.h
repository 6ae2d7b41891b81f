/*
 * answer: what goes back. Handlers fill it; the loop sends it. Writers are named after their destination.
 */
#ifndef TWOSTEP_HTTP_ANSWER_H
#define TWOSTEP_HTTP_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"

#define JSON_DEPTH 16

struct arena;

/*
 * A body that is made piece by piece, so that it never stands in memory whole and no thread waits for who reads it. A part of a
 * larger struct of its owner's.
 */
struct stream {
	/*
	 * Appends the next piece, STREAM_PIECE_BYTES or so, in a request thread; the arena lives for this piece.
	 * OK: there is more. ERR_NOT_FOUND: this was the last. Others: the answer is cut, and who reads it sees that.
	 */
	enum err (*more)(struct stream *stream, int64_t now_s, struct arena *arena, struct buf *out);
	void (*done)(struct stream *stream); /* frees it, in any thread */
};
#define STREAM_PIECE_BYTES 65536

struct answer {
	int status;               /* 0 counts as 200 */
	const char *content_type; /* NULL: no body */
	const char *csp;          /* NULL: the strictest, `default-src 'none'; frame-ancestors 'none'` */
	bool cacheable;           /* an asset named by its content: a year instead of no-store */
	struct buf head;          /* further header lines, each "Name: value\r\n": by answer_header alone */
	struct buf body;
	struct stream *stream;    /* what comes instead of body; the answer's from then on */
	unsigned json_depth;
	bool json_more[JSON_DEPTH];
};

/* Adds a header line. CR, LF, NUL and other controls in the value make the answer fail (buf_check of head). */
void answer_header(struct answer *answer, const char *name, const char *value);

/* Status and Location: 303 after a form post, else 302. The place is a path of ours or a checked URL. */
void answer_redirect(struct answer *answer, int status, const char *place);

/* Forgets status, headers (cookies too) and body: what was begun is not to be sent. */
void answer_reset(struct answer *answer);
void answer_done(struct answer *answer);
void answer_drop_stream(struct answer *answer);

/*
 * JSON: json_open and json_close are an object, with a name inside another one. Names are our own words; values are
 * escaped. json_open(answer, NULL) begins the body or an element of a list. (Their names keep clear of jansson's.)
 */
void json_open(struct answer *out, const char *name);
void json_close(struct answer *out);
void json_list(struct answer *out, const char *name);
void json_list_close(struct answer *out);
void json_text(struct answer *out, const char *name, const char *value); /* NULL value: null; NULL name: an element */
void json_texts(struct answer *out, const char *name, const char *const *values, size_t count);
void json_int(struct answer *out, const char *name, int64_t value);
void json_bool(struct answer *out, const char *name, bool value);
void json_none(struct answer *out, const char *name);
void json_time(struct answer *out, const char *name, int64_t at_s); /* RFC 3339; 0 or less: null */
void json_id(struct answer *out, const char *name, const struct id *id);

/* HTML: text between tags, a value inside double quotes. Both escape & < > " '. */
void html_text(struct buf *out, const char *text);
void html_attribute(struct buf *out, const char *text);

/*
 * A URL inside double quotes: a path of ours ("/…" but not "//" or "/\"), http:, https: or otpauth:, or a data:image/svg+xml
 * of our own making; anything else becomes "#".
 */
void html_url(struct buf *out, const char *url);

/* Percent-encodes all but unreserved characters (RFC 3986 section 2.3). */
void url_component(struct buf *out, const char *text);

#endif
