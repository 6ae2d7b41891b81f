/*
 * password_hash: hashes of passwords as text, by libargon2: "$argon2id$v=19$m=KIB,t=PASSES,p=1$SALT$DIGEST", as others write it too.
 * Each call takes as long as a hash does: hashes.h says who may come here. A thread keeps the memory of its last hash, wiped, for the
 * next one, until password_hash_rest: to get it from the system takes up to half as long as the hash (docs/decisions/0012).
 */
#ifndef TWOSTEP_ACCOUNTS_PASSWORD_HASH_H
#define TWOSTEP_ACCOUNTS_PASSWORD_HASH_H

#include "accounts/hashes.h"

/* With a new salt, HASH_MEMORY_BYTES and HASH_PASSES. ERR_CRYPTO could not (memory); ERR_RANDOM no salt. */
MUST_USE enum err password_hash_make(const char *password, char out[static HASH_TEXT]);

/* OK it is this password; ERR_CREDENTIALS it is not; ERR_CRYPTO could not tell: no memory, or no such hash. */
MUST_USE enum err password_hash_compare(const char *stored, const char *password);

/* Gives back what this thread keeps. */
void password_hash_rest(void);

/* Made with other settings than those of today. */
bool password_hash_outdated(const char *stored);

/* One that no password fits, and that costs as much as another: no hash has to be made for it. */
void password_hash_of_nobody(char out[static HASH_TEXT]);

#endif
