#include "base/token.h"

#include <sodium.h>

#include "base/base.h"
#include "base/codec.h"
#include "base/random.h"

#include "base/banned.h"

/* libsodium's: OpenSSL 3.0 allocates for each digest, and each check of the guard makes one. */
static void digest_of(const uint8_t bytes[static TOKEN_BYTES], struct token_digest *digest)
{
	crypto_hash_sha256(digest->bytes, bytes, TOKEN_BYTES);
}

enum err token_new(struct token *out, struct token_digest *digest)
{
	uint8_t bytes[TOKEN_BYTES];
	enum err err;

	if (!(err = random_bytes(bytes, sizeof(bytes)))) {
		digest_of(bytes, digest);
		base64url_encode(bytes, sizeof(bytes), out->text);
	}
	wipe(bytes, sizeof(bytes));
	return err;
}

enum err token_parse(const char *text, struct token_digest *digest)
{
	uint8_t bytes[TOKEN_BYTES];
	bool read = base64url_decode(text, strnlen(text, TOKEN_TEXT), bytes, sizeof(bytes));

	if (read)
		digest_of(bytes, digest);
	wipe(bytes, sizeof(bytes));
	return read ? OK : ERR_NOT_FOUND;
}

void token_wipe(struct token *token)
{
	wipe(token, sizeof(*token));
}
