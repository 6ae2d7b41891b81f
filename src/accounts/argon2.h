/*
 * argon2: hashes of passwords as text, by libsodium's Argon2id: "$argon2id$v=19$m=KIB,t=PASSES,p=1$SALT$DIGEST", as others write it too.
 * Each call takes as long as a hash does: hashes.h says who may come here.
 */
#ifndef TWOSTEP_ACCOUNTS_ARGON2_H
#define TWOSTEP_ACCOUNTS_ARGON2_H

#include "accounts/hashes.h"

/* With a new salt, HASH_MEMORY_BYTES and HASH_PASSES. ERR_CRYPTO could not (memory); ERR_RANDOM no salt. */
MUST_USE enum err argon2_make(const char *password, char out[static HASH_TEXT]);

/* OK it is this password; ERR_CREDENTIALS it is not; ERR_CRYPTO could not tell: no memory, or no such hash. */
MUST_USE enum err argon2_compare(const char *stored, const char *password);

/* Made with other settings than those of today. */
bool argon2_outdated(const char *stored);

/* One that no password fits, and that costs as much as another: no hash has to be made for it. */
void argon2_of_nobody(char out[static HASH_TEXT]);

#endif
