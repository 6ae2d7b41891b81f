/* Signing keys from a database that somebody else may have written: none opens but the one that was sealed, and signs for its point. */
#include <openssl/evp.h>

#include "fuzz.h"
#include "signing/signing_key.h"

static struct keyring *keys;
static struct signing_key right;

/* The input laid over the right row by exclusive or: zeros are the right one, anything else must be refused. */
static void check_row(const uint8_t *bytes, size_t length)
{
	SCOPED(es256_secret_wipe) struct es256_secret secret = { 0 };
	static const struct es256_secret untouched;
	struct signing_key key = right;
	EVP_PKEY *opened = NULL;
	uint8_t signature[ES256_SIGNATURE_BYTES];
	bool changed = false;

	for (size_t i = 0; i < length && i < sizeof(key.point) + sizeof(key.sealed); i++) {
		*(i < sizeof(key.point) ? &key.point.bytes[i] : &key.sealed[i - sizeof(key.point)]) ^= bytes[i];
		changed |= bytes[i] != 0;
	}
	if (changed) {
		must(signing_key_open(keys, &key, &secret) == ERR_CRYPTO && !memcmp(&secret, &untouched, sizeof(secret)));
		return;
	}
	must(!signing_key_open(keys, &key, &secret) && !es256_open(&secret, &key.point, &opened));
	must(!es256_sign(opened, bytes, length, signature));
	EVP_PKEY_free(opened);
}

/* Whatever number and point: a key that signs, or none. */
static void check_key(const uint8_t *bytes, size_t length)
{
	struct es256_secret secret;
	struct es256_point point;
	struct es256_jwk jwk;
	uint8_t signature[ES256_SIGNATURE_BYTES];
	EVP_PKEY *key = NULL;

	if (length < sizeof(secret) + sizeof(point))
		return;
	memcpy(&secret, bytes, sizeof(secret));
	memcpy(&point, bytes + sizeof(secret), sizeof(point));
	if (!es256_jwk_of(&point, &jwk))
		must(strlen(jwk.x) == strlen(jwk.y) && strlen(jwk.kid) == BASE64URL_TEXT(ES256_THUMBPRINT_BYTES) - 1);
	if (es256_open(&secret, &point, &key))
		return;
	(void)!es256_sign(key, bytes, length, signature); /* a number of another point's may be 0, or too large */
	EVP_PKEY_free(key);
}

static void check_signature(const uint8_t *bytes, size_t length)
{
	uint8_t raw[ES256_SIGNATURE_BYTES] = { 0 }, untouched[ES256_SIGNATURE_BYTES] = { 0 };

	if (es256_raw(bytes, length, raw))
		must(!memcmp(raw, untouched, sizeof(raw)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	if (!keys) {
		keys = new_keys();
		must(!signing_key_make(keys, 1, 1, &right));
	}
	check_row(bytes, length);
	check_key(bytes, length);
	check_signature(bytes, length);
	return 0;
}
