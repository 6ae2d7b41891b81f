/*
 * token: 256 random bits that open something: sessions, logins, sign-up tries, devices.
 * The text goes to the browser, the digest (SHA-256) to the database; the database alone opens nothing.
 */
#ifndef TWOSTEP_BASE_TOKEN_H
#define TWOSTEP_BASE_TOKEN_H

#include <stdint.h>

#include "base/err.h"

#define TOKEN_BYTES        32 /* 256 bits: design.md section 6 */
#define TOKEN_TEXT         44 /* 43 characters of base64url and NUL */
#define TOKEN_DIGEST_BYTES 32 /* SHA-256 */

struct token {
	char text[TOKEN_TEXT];
};

struct token_digest {
	uint8_t bytes[TOKEN_DIGEST_BYTES];
};

MUST_USE enum err token_new(struct token *out, struct token_digest *digest);

/* ERR_NOT_FOUND where the text is not exactly a token. Takes no memory. */
MUST_USE enum err token_parse(const char *text, struct token_digest *digest);

void token_wipe(struct token *token);

#endif
