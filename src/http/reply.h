/*
 * reply: an answer as bytes: the status line and the header lines that every answer carries (contract section 1).
 */
#ifndef TWOSTEP_HTTP_REPLY_H
#define TWOSTEP_HTTP_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "http/answer.h"

#define DATE_TEXT 30 /* "Sun, 06 Nov 1994 08:49:37 GMT" and NUL */

/* IMF-fixdate (RFC 9110 section 5.6.7); returns out. */
const char *date_text(int64_t at_s, char out[static DATE_TEXT]);

struct reply {
	const char *date; /* date_text */
	const char *id;   /* of the request */
	bool https;       /* of the public URL */
	bool keep_alive;  /* else the answer says that the connection ends */
	bool chunked;     /* of an answer with a stream: how its end is told; else by closing (HTTP/1.0) */
};

/* Appends all up to and with the empty line. Of an answer that failed (buf_check of head or body): of a bare 503 instead. */
void reply_head(struct buf *out, const struct answer *answer, const struct reply *reply);

/* The status that is sent: 200 where none was set, 503 of an answer that failed. */
int reply_status(const struct answer *answer);

/* Whether the body may be sent: not of 204, 304, an answer that failed or one without content type; HEAD is the sender's question. */
bool reply_has_body(const struct answer *answer);

/* Writes a refusal that no surface has words for: problem+json, with Retry-After where it is `busy`. */
void reply_problem(struct answer *out, enum locale locale, enum err err);

/* The reason phrase of a status; "" of one that is not ours. */
const char *reply_reason(int status);

#endif
