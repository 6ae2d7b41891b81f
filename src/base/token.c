#include "base/token.h"

#include <openssl/evp.h>
#include <pthread.h>

#include "base/base.h"
#include "base/codec.h"
#include "base/random.h"

#include "base/banned.h"

static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256; /* lives as long as the process: a look-up by name takes a lock, and longer than the hash itself */

static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static enum err digest_of(const uint8_t bytes[static TOKEN_BYTES], struct token_digest *digest)
{
	struct token_digest made;

	if (pthread_once(&sha256_once, fetch_sha256) || !sha256 ||
	    EVP_Digest(bytes, TOKEN_BYTES, made.bytes, NULL, sha256, NULL) != 1)
		return ERR_CRYPTO;
	*digest = made;
	return OK;
}

enum err token_new(struct token *out, struct token_digest *digest)
{
	uint8_t bytes[TOKEN_BYTES];
	enum err err;

	if (!(err = random_bytes(bytes, sizeof(bytes))) && !(err = digest_of(bytes, digest)))
		base64url_encode(bytes, sizeof(bytes), out->text);
	wipe(bytes, sizeof(bytes));
	return err;
}

enum err token_parse(const char *text, struct token_digest *digest)
{
	uint8_t bytes[TOKEN_BYTES];
	enum err err = ERR_NOT_FOUND;

	if (base64url_decode(text, strnlen(text, TOKEN_TEXT), bytes, sizeof(bytes)))
		err = digest_of(bytes, digest);
	wipe(bytes, sizeof(bytes));
	return err;
}

void token_wipe(struct token *token)
{
	wipe(token, sizeof(*token));
}
