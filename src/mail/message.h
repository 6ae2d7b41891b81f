/*
 * message: a mail as bytes (RFC 5322 and MIME), and back again for a person at a terminal.
 * Only ASCII leaves: bodies are quoted-printable (RFC 2045 section 6.7), other header words RFC 2047, so that no server
 * on the way needs to know more. Lines end with CRLF and are at most 78 bytes (an address alone may need more).
 */
#ifndef TWOSTEP_MAIL_MESSAGE_H
#define TWOSTEP_MAIL_MESSAGE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/lang.h"

struct message {
	const char *sender;    /* display name */
	const char *from, *to; /* addresses */
	const char *subject;
	enum locale locale;
	int64_t at_s;
	const char *text, *html; /* bodies, UTF-8, lines end with \n */
};

/*
 * Appends the whole message.
 * ERR_INVALID: a control character, or not UTF-8, in what becomes a header; an address that is not plain ASCII.
 * ERR_RANDOM (Message-ID, boundary), ERR_MEMORY
 */
MUST_USE enum err message_write(struct buf *out, const struct message *message);

/*
 * Appends From, To, Subject and the text part of a message of ours, decoded, with \n, so that a person can read it.
 * Control characters become '?', so that a terminal obeys nobody. ERR_INVALID where it is no message of ours; ERR_MEMORY.
 */
MUST_USE enum err message_show(struct buf *out, const char *message);

#endif
