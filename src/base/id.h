/*
 * id: 128 random bits that name a row. Outside it is 22 characters of base64url, opaque to everybody.
 */
#ifndef TWOSTEP_BASE_ID_H
#define TWOSTEP_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define ID_BYTES 16
#define ID_TEXT  23 /* 22 characters and NUL */

struct id {
	uint8_t bytes[ID_BYTES];
};

MUST_USE enum err id_new(struct id *out);
bool id_same(const struct id *a, const struct id *b);
bool id_empty(const struct id *id); /* all zero: names nothing */

/* Writes the text form and returns `out`. */
const char *id_text(const struct id *id, char out[static ID_TEXT]);

/* Exact length and canonical spelling, else ERR_NOT_FOUND: a malformed id names nothing. */
MUST_USE enum err id_parse(const char *text, struct id *out);

#endif
