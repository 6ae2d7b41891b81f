/*
 * keyring: the keys that seal secrets and key digests, in a file of its own (0600), never in the database.
 * Constant after the start.
 */
#ifndef TWOSTEP_KEYS_KEYRING_H
#define TWOSTEP_KEYS_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

struct keyring;

/*
 * Reads the file; where it is absent and `may_create` (a new database), makes one. A keyring that is missing beside an old database,
 * cut, of another format or readable by others: ERR_CRYPTO. ERR_IO, ERR_MEMORY, ERR_RANDOM: it could not be read or made.
 * *why then says it for the operator: a clause, static ("others may read it (chmod 600)"). `out` is untouched.
 */
MUST_USE enum err keyring_open(const char *path, bool may_create, struct keyring **out, const char **why);
void keyring_free(struct keyring *keys); /* wipes */

/* A number that names the keyring; stored in the database at its first start, so that another keyring is refused. */
MUST_USE enum err keyring_mark(const struct keyring *keys, uint8_t out[static 16]);

/*
 * Sealing: XChaCha20-Poly1305, key id and nonce in the blob, associated data = purpose || owner || item, so that a row
 * moved to another account, factor or column opens nothing.
 */
#define SEAL_EXTRA_BYTES (1 + 4 + 24 + 16) /* format, key id, nonce, tag */

enum seal { SEAL_NONE, SEAL_PASSWORD, SEAL_TOTP, SEAL_SETUP_SECRET, SEAL_SETUP_CODES, SEAL_REISSUE_CODES, SEAL_MAIL,
	    SEAL_WAY_BACK, SEAL_SIGNING_KEY, SEAL_DISABLING, SEAL_COUNT };

MUST_USE enum err keyring_seal(const struct keyring *keys, enum seal purpose, const struct id *owner, const struct id *item,
                               const void *plain, size_t length, uint8_t *out /* length + SEAL_EXTRA_BYTES */);

/* ERR_CRYPTO where the blob is not what was sealed for these three, or not of this plain length. Output untouched then. */
MUST_USE enum err keyring_open_seal(const struct keyring *keys, enum seal purpose, const struct id *owner, const struct id *item,
                                    const void *sealed, size_t sealed_length, void *plain, size_t plain_length);

/*
 * Keyed digests (HMAC-SHA-256) of short codes, of addresses that have no account, and of devices for the account that trusts
 * them: purpose || each part with its length.
 */
#define DIGEST_BYTES 32

enum digest { DIGEST_NONE, DIGEST_EMAIL_CODE, DIGEST_RECOVERY_CODE, DIGEST_ADDRESS, DIGEST_REMEMBERED_DEVICE, DIGEST_KNOWN_DEVICE,
	      DIGEST_COUNT };

struct digest_part {
	const void *bytes;
	size_t length;
};

MUST_USE enum err keyring_digest(const struct keyring *keys, enum digest purpose, const struct digest_part *parts, size_t count,
                                 uint8_t out[static DIGEST_BYTES]);

#endif
