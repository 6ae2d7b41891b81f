/*
 * recovery: ten codes of 80 random bits that let somebody in whose phone is gone.
 * 16 characters of Crockford's base32, shown XXXX-XXXX-XXXX-XXXX. Kept as HMAC-SHA-256 under a keyring key over
 * account, set and code: random bits need no slow hash (docs/threats.md). Formats alone: no storage.
 * The 60-bit codes of mails are of the same kind: XXXX-XXXX-XXXX.
 */
#ifndef TWOSTEP_RECOVERY_RECOVERY_H
#define TWOSTEP_RECOVERY_RECOVERY_H

#include "base/base.h"
#include "base/id.h"
#include "keys/keyring.h"

#define RECOVERY_CODES      10
#define RECOVERY_CODE_CHARS 16
#define RECOVERY_CODE_TEXT  20 /* with three hyphens and NUL */
#define RECOVERY_WARN_LEFT   3 /* warn when so few are left */

struct recovery_set {
	char code[RECOVERY_CODES][RECOVERY_CODE_TEXT];
};

/* All different. ERR_RANDOM. */
MUST_USE enum err recovery_set_new(struct recovery_set *out);
void recovery_set_wipe(struct recovery_set *set);

/*
 * What a person typed (FIELD_CODE: no spaces or hyphens) as the canonical characters: either case, O is 0, I and L are 1.
 * `chars` of them and NUL; ERR_CODE_REFUSED where it is not that many characters of the alphabet.
 */
MUST_USE enum err crockford_read(const char *typed, char *out, size_t chars);

/* Random characters, grouped by hyphens in fours: chars must be a multiple of 4. Room: chars + chars / 4. */
MUST_USE enum err crockford_new(char *out, size_t chars);

/* The digest that is stored; `typed` in any accepted spelling. ERR_CODE_REFUSED, ERR_CRYPTO. */
MUST_USE enum err recovery_digest(const struct keyring *keys, const struct id *account, const struct id *set,
                                  const char *typed, uint8_t out[static DIGEST_BYTES]);

#endif
