/*
 * percent: percent-encoding read back (RFC 3986 section 2.1; forms as in the URL standard, where '+' is a blank).
 */
#ifndef TWOSTEP_HTTP_PERCENT_H
#define TWOSTEP_HTTP_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

#include "http/request.h"

enum percent { PERCENT_PATH, PERCENT_FORM };

/* Into out (text.length + 1 bytes), with a NUL behind it. False where '%' begins no two hexadecimal digits. */
bool percent_decode(struct view text, enum percent kind, char *out, size_t *length);

/* Whether the text, decoded, is this word. */
bool percent_same(struct view text, enum percent kind, const char *word);

#endif
