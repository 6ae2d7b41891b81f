/* A store and a keyring in a folder of their own, and a verifier that shares no code with what it verifies. */
#ifndef TWOSTEP_TESTS_SIGNING_FIXTURE_H
#define TWOSTEP_TESTS_SIGNING_FIXTURE_H

#include "signing/signer.h"

#define DAY_S (24LL * 60 * 60)
#define NOW_S 1800000000LL

extern struct store *store;
extern struct keyring *keyring;

/* For cmocka: a new database and its keyring; closes and removes them. */
int signing_setup(void **state);
int signing_teardown(void **state);

/* A new signer over both: another node, or the same one started anew. The caller frees it. */
struct signer *new_signer(void);

/* The kid that signs at that moment; fails the test where none does. Valid until the next call but seven. */
const char *kid_at(struct signer *signer, int64_t now_s);

/* How many rows there are, whatever their time. */
int64_t keys_stored(void);

/* Runs one statement without values. */
void run_sql(store_function *function);

/* Whether r, s of 64 bytes is a signature of the text under the point x, y (big-endian, 32 bytes each), by OpenSSL's own reader. */
bool verifies(const uint8_t x[static 32], const uint8_t y[static 32], const char *text, size_t length, const uint8_t signature[static 64]);

#endif
