/* Sealed blobs from a database that somebody else may have written: none opens but the one that was sealed. */
#include "fuzz.h"

#define PLAIN_BYTES 20
#define SEALED_BYTES (PLAIN_BYTES + SEAL_EXTRA_BYTES)

static struct keyring *keys;
static uint8_t right[SEALED_BYTES];
static const struct id owner = { { 1 } }, item = { { 2 } };

/* The input is laid over the right blob by exclusive or: zeros are the right one, anything else must be refused. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	uint8_t sealed[SEALED_BYTES], plain[PLAIN_BYTES], untouched[PLAIN_BYTES] = { 0 };
	bool changed = false;

	if (!keys) {
		keys = new_keys();
		must(!keyring_seal(keys, SEAL_TOTP, &owner, &item, "a secret of 20 bytes", PLAIN_BYTES, right));
	}
	memset(plain, 0, sizeof(plain));
	memcpy(sealed, right, sizeof(sealed));
	for (size_t i = 0; i < length && i < sizeof(sealed); i++) {
		sealed[i] ^= bytes[i];
		changed |= bytes[i] != 0;
	}
	enum err err = keyring_open_seal(keys, SEAL_TOTP, &owner, &item, sealed, sizeof(sealed), plain, sizeof(plain));
	if (changed ? err != ERR_CRYPTO || memcmp(plain, untouched, sizeof(plain)) : err || memcmp(plain, "a secret of 20 bytes", PLAIN_BYTES))
		abort();

	/* As it came: of whatever length, read to its end and no further. */
	if (length >= SEAL_EXTRA_BYTES && length - SEAL_EXTRA_BYTES <= PLAIN_BYTES &&
	    keyring_open_seal(keys, SEAL_TOTP, &owner, &item, bytes, length, plain, length - SEAL_EXTRA_BYTES) != ERR_CRYPTO)
		abort();
	if (keyring_open_seal(keys, SEAL_TOTP, &owner, &item, bytes, length, plain, sizeof(plain)) != ERR_CRYPTO)
		abort();
	return 0;
}
