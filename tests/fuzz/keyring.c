/* The file of the keyring: what is taken is exactly what would be written. */

#include <sodium.h>

#include "fuzz.h"
#include "base/codec.h"
#include "keys/keyring_text.h"

static void read_text(const char *text, size_t length)
{
	struct keyring_keys keys;
	char again[KEYRING_TEXT_BYTES];
	const char *why = NULL;

	if (keyring_text_read(text, length, &keys, &why)) {
		if (!why)
			abort();
		return;
	}
	if (keyring_text_write(&keys, again) != length || memcmp(again, text, length))
		abort();
}

/* As it is, and once more with a right check line behind it, so that the fuzzer gets past that. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char text[4096];
	uint8_t check[crypto_hash_sha256_BYTES];

	read_text((const char *)bytes, length);
	if (length > sizeof(text) - 64)
		return 0;
	memcpy(text, bytes, length);
	crypto_hash_sha256(check, bytes, length);
	memcpy(text + length, "check ", 6);
	base64url_encode(check, sizeof(check), text + length + 6);
	text[length + 49] = '\n';
	read_text(text, length + 50);
	return 0;
}
