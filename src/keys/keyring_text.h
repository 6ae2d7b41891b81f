/*
 * keyring_text: the keyring as it stands in its file.
 *
 *   twostep-keyring 1
 *   key 00000001 43 characters of base64url: 256 random bits
 *   check 43 characters of base64url: SHA-256 of all lines before
 *
 * Keys stand in the order of their numbers, the oldest first: digests come from it for ever, new seals from the newest.
 * One spelling for each keyring; anything else is refused, so that a file that was cut or edited is never half believed.
 */
#ifndef TWOSTEP_KEYS_KEYRING_TEXT_H
#define TWOSTEP_KEYS_KEYRING_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define KEYRING_KEY_BYTES  32 /* 256 bits */
#define KEYRING_KEYS_MAX   16
#define KEYRING_TEXT_BYTES 1024 /* the longest file: 18 + 16 × 57 + 50 bytes */

struct keyring_key {
	uint32_t number; /* from 1 */
	uint8_t bytes[KEYRING_KEY_BYTES];
};

struct keyring_keys {
	size_t count;
	struct keyring_key key[KEYRING_KEYS_MAX];
};

/* ERR_CRYPTO and *why, a static sentence; `out` untouched then. */
MUST_USE enum err keyring_text_read(const char *text, size_t length, struct keyring_keys *out, const char **why);

/* Returns the length. */
size_t keyring_text_write(const struct keyring_keys *keys, char out[static KEYRING_TEXT_BYTES]);

void keyring_keys_wipe(struct keyring_keys *keys);

#endif
