/*
 * signer: the key that signs now, opened, and the list of those that others verify with. All request threads share one.
 * It makes the first key when first asked, and each next one in time.
 */
#ifndef TWOSTEP_SIGNING_SIGNER_H
#define TWOSTEP_SIGNING_SIGNER_H

#include "keys/keyring.h"
#include "signing/signing_key.h"
#include "store/store.h"

#define SIGNER_LOOK_S 600 /* the database is asked so often: another node may have made the next key */

struct signer;

/* Asks nothing of the store yet. Both must live as long. ERR_MEMORY */
MUST_USE enum err signer_new(struct store *store, const struct keyring *keyring, struct signer **out);
void signer_free(struct signer *signer); /* wipes; nobody may use it any more. NULL is fine */

/* What signs at `now_s`. Zero-initialised is empty; SCOPED(signing_done). */
struct signing {
	EVP_PKEY *key;
	struct es256_jwk jwk;
};

/*
 * ERR_CRYPTO: the keyring does not open a key of the database. ERR_STORE, ERR_RANDOM, ERR_MEMORY: could not tell.
 * Nothing may be signed then, and `out` is untouched.
 */
MUST_USE enum err signer_take(struct signer *signer, int64_t now_s, struct signing *out);
void signing_done(struct signing *signing);

/* The keys to be published, in the order in which they sign. */
struct signer_list {
	struct es256_jwk jwk[SIGNING_KEYS_MAX];
	size_t count;
};

MUST_USE enum err signer_published(struct signer *signer, int64_t now_s, struct signer_list *out);

#endif
