/*
 * parse: HTTP/1.1 and 1.0 requests from bytes (RFC 9112), strictly: what two programs could read in two ways is refused.
 * Knows no sockets, allocates nothing, looks at each byte of a head or chunk once however small the pieces come.
 */
#ifndef TWOSTEP_HTTP_PARSE_H
#define TWOSTEP_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "http/request.h"

/* contract section 1; each with its line ends */
#define PARSE_LINE_BYTES   8192  /* request line */
#define PARSE_FIELDS_BYTES 32768 /* all header lines and the empty one behind them */
#define PARSE_BODY_BYTES   65536 /* chunks joined */

#define PARSE_EXTENSIONS_BYTES 8192 /* lines of chunk sizes beyond their digits, in one body: read and dropped */
#define PARSE_TRAILERS_BYTES   8192 /* lines behind the last chunk, REQUEST_FIELDS_MAX of them: read and dropped */

/* Most bytes that a request can ask its reader to keep at once; beyond it parse_more has always answered. */
#define PARSE_BYTES (PARSE_LINE_BYTES + PARSE_FIELDS_BYTES + PARSE_BODY_BYTES + PARSE_EXTENSIONS_BYTES + 64)

enum parsed {
	PARSED_REFUSED, /* parser->err says why: answer it and close, for where the next request begins is unknown */
	PARSED_MORE,    /* nothing wrong so far */
	PARSED_ALL,     /* the request is whole */
};

enum parse_stage {
	STAGE_HEAD,
	STAGE_BODY,
	STAGE_CHUNK_SIZE,
	STAGE_CHUNK_DATA,
	STAGE_CHUNK_END,
	STAGE_TRAILERS,
	STAGE_DONE,
	STAGE_REFUSED,
};

/* Zero-initialised: before the first byte of a request. For readers: err, head, used, body_bytes, wants_continue. */
struct parser {
	enum err err;        /* with PARSED_REFUSED */
	size_t head;         /* bytes up to and with the empty line behind the fields; 0: not all there yet */
	size_t used;         /* with PARSED_ALL: bytes of the whole request; what follows is the next one's. With PARSED_REFUSED: of a
	                        head that is sound and stands in *request, whose body was not read; 0: there is none */
	size_t body_bytes;   /* length of the body: as announced, or joined so far where it comes in chunks */
	bool wants_continue; /* a client waits for "100 Continue" before it sends the body (RFC 9110 section 10.1.1) */

	/* where it stands; for parse.c alone */
	enum parse_stage stage;
	bool empty_line, chunked;
	unsigned known;             /* a bit for each field of which there may be one */
	enum err late;              /* what is wrong with a head that can be read */
	size_t line, fields;        /* where the request line and the fields begin */
	size_t at, scanned;         /* first byte that is not taken; no line end before `scanned` */
	size_t lines;               /* of fields, or of trailers */
	size_t left, extra_bytes;   /* of a chunk; of extensions */
	struct view authority;      /* of a target in absolute form; while the head is being read */
};

/*
 * Goes on with a request.
 *
 * bytes    all that came since the request began, with what parse_more has seen before in its place; may have moved
 * length   how many; less afterwards where chunks were joined, which is done in place
 * request  with PARSED_ALL its views point into bytes; before that its contents mean nothing
 *
 * parser->err is ERR_MALFORMED, ERR_URI_TOO_LONG, ERR_HEAD_TOO_LARGE, ERR_TOO_LARGE, ERR_EXPECTATION,
 * ERR_NOT_IMPLEMENTED or ERR_HTTP_VERSION.
 */
enum parsed parse_more(struct parser *parser, char *bytes, size_t *length, struct request *request);

#endif
