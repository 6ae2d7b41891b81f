/*
 * hashes: the threads that hash passwords, behind a bounded queue (design.md section 2): who comes here has a place in it.
 */
#ifndef TWOSTEP_ACCOUNTS_HASHES_H
#define TWOSTEP_ACCOUNTS_HASHES_H

#include "accounts/password_policy.h"
#include "base/id.h"
#include "http/hash_places.h"

#define HASH_MEMORY_BYTES (19456u * 1024) /* OWASP's second choice for Argon2id: m = 19 MiB, t = 2, p = 1 */
#define HASH_PASSES       2u
#define HASH_TEXT         128 /* crypto_pwhash_STRBYTES */
#define HASH_QUEUE_A_CORE 32
#define HASH_RETRY_AFTER_S 1
#define HASH_TURNS         4 /* tries for one account from one network at a time: fewer than are free of a wait */

struct hashes;

struct hash_text {
	char text[HASH_TEXT];
};

/* threads 0: one for each core that this process may use. waiting_max: most callers that may wait (half of the request threads). */
MUST_USE enum err hashes_new(unsigned threads, unsigned waiting_max, struct hashes **out);
void hashes_free(struct hashes *hashes); /* joins */

/* The places of requests that may come here (http/hash_places.h): a try is charged only after its place is taken. */
struct hash_places *hashes_places(struct hashes *hashes);

/* A try under way; hash_turn_done gives its turn back and accepts the empty value. */
struct turn;
struct hash_turn {
	struct hashes *hashes; /* NULL: none was taken */
	struct turn *of;
};

/*
 * For who has a place. Waits until fewer than HASH_TURNS tries for this subject from this network are under way. A try is
 * charged before its verdict, so that right passwords sent all at once would else be taken for wrong ones. Once a request at a
 * time.
 */
void hash_turn_take(struct hashes *hashes, const struct id *subject, const struct network *network, struct hash_turn *out);
void hash_turn_done(struct hash_turn *turn);

/* Waits for a hash thread. ERR_CRYPTO could not (memory). ERR_RANDOM no salt. */
MUST_USE enum err hash_make(struct hashes *hashes, const struct password *password, struct hash_text *out);

/*
 * OK: it is this password. ERR_CREDENTIALS: it is not. ERR_CRYPTO: could not tell.
 * `stored` NULL (no such account) costs the same and answers ERR_CREDENTIALS.
 * *outdated (may be NULL): right, but made with weaker settings: hash again.
 */
MUST_USE enum err hash_check(struct hashes *hashes, const struct password *password, const struct hash_text *stored, bool *outdated);

#endif
