/*
 * signing_key: the keys that sign what other programs verify, as they stand in the database, and when each has its time.
 *
 *   made ── published ── signs ── its successor signs ── published still ── forgotten
 *         SIGNING_AHEAD_S  SIGNING_FOR_S          SIGNING_BEHIND_S
 *
 * The private number is sealed for the thumbprint of the point, so that nobody who can write to the database, but has not the
 * keyring, gets a point of theirs published or used.
 */
#ifndef TWOSTEP_SIGNING_SIGNING_KEY_H
#define TWOSTEP_SIGNING_SIGNING_KEY_H

#include "keys/keyring.h"
#include "signing/es256.h"
#include "store/db.h"

#define SIGNING_FOR_S    (30LL * 24 * 60 * 60) /* a key that leaked unseen is of use for so long; nobody has to be told of a change */
#define SIGNING_AHEAD_S  (2LL * 24 * 60 * 60)  /* who verifies may keep the list for a day, and our own nodes look now and then */
#define SIGNING_BEHIND_S (1LL * 24 * 60 * 60)  /* what is signed lives a minute; a day forgives clocks */
#define SIGNING_KEYS_MAX 8                     /* published at a time. Two or three are; more only after clocks that jumped */
#define SIGNING_SEALED_BYTES (ES256_NUMBER_BYTES + SEAL_EXTRA_BYTES)

struct signing_key {
	int64_t number;
	struct es256_point point;
	uint8_t sealed[SIGNING_SEALED_BYTES];
	int64_t signs_at;
};

/* Those to be published at a moment, in the order in which they sign. */
struct signing_keys {
	struct signing_key key[SIGNING_KEYS_MAX];
	size_t count;
	int64_t last; /* the highest number of all; 0: there is none */
};

MUST_USE enum err signing_keys_read(struct db *db, int64_t now_s, struct signing_keys *out);

/* ERR_WRONG_STATE: somebody else has made the key of this number. */
MUST_USE enum err signing_key_add(struct db *db, const struct signing_key *key, int64_t now_s);

/* Removes those that nothing valid is signed with any more. */
MUST_USE enum err signing_keys_forget(struct db *db, int64_t now_s, int64_t *removed);

/* Which of them signs; there must be one. Before the time of the first (a clock that was put back), the first. */
size_t signing_keys_current(const struct signing_keys *keys, int64_t now_s);

/* Whether the next is to be made now, and from when on it will sign: the first at once, others once all may know them. */
bool signing_keys_due(const struct signing_keys *keys, int64_t now_s, int64_t *signs_at);

/* A new key of that number, sealed. ERR_CRYPTO, ERR_RANDOM */
MUST_USE enum err signing_key_make(const struct keyring *keyring, int64_t number, int64_t signs_at, struct signing_key *out);

/* ERR_CRYPTO where the row is not one that this keyring has sealed, or its point another. */
MUST_USE enum err signing_key_open(const struct keyring *keyring, const struct signing_key *key, struct es256_secret *out);

#endif
