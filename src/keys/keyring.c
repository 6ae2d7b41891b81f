#include "keys/keyring.h"

#include <sodium.h>

#include "base/base.h"
#include "base/random.h"
#include "keys/keyring_file.h"
#include "keys/sodium_ready.h"

#include "base/banned.h"

#define SEAL_FORMAT  1
#define NONCE_BYTES  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES    crypto_aead_xchacha20poly1305_ietf_ABYTES
#define NONCE_AT     (1 + 4)
#define HEAD_BYTES   (NONCE_AT + NONCE_BYTES)
#define BOUND_BYTES  (1 + 4 + 1 + 2 * ID_BYTES)
#define MARK_BYTES   16

_Static_assert(HEAD_BYTES + TAG_BYTES == SEAL_EXTRA_BYTES, "the header says how long a blob is");
_Static_assert(KEYRING_KEY_BYTES == crypto_auth_hmacsha256_KEYBYTES, "keys of the file are HMAC keys");

/* In guarded, locked memory, read-only once it is filled. The keys of the file themselves are not kept. */
struct keyring {
	size_t count; /* oldest first; the last one seals */
	struct {
		uint32_t number;
		uint8_t seal[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
	} key[KEYRING_KEYS_MAX];
	uint8_t digest[crypto_auth_hmacsha256_KEYBYTES]; /* from the oldest: a digest cannot be made anew */
	uint8_t mark[crypto_auth_hmacsha256_BYTES];
};

/* One key for each use, so that nothing that one use gives away helps against another. RFC 5869 section 2.3, one block. */
static void derive(const struct keyring_key *key, const char *use, uint8_t out[static crypto_auth_hmacsha256_BYTES])
{
	crypto_auth_hmacsha256_state state;
	const uint8_t first = 1;

	crypto_auth_hmacsha256_init(&state, key->bytes, sizeof(key->bytes));
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)use, strlen(use));
	crypto_auth_hmacsha256_update(&state, &first, 1);
	crypto_auth_hmacsha256_final(&state, out);
	wipe(&state, sizeof(state));
}

static struct keyring *keyring_of(const struct keyring_keys *from)
{
	struct keyring *keys = sodium_malloc(sizeof(*keys));

	if (!keys)
		return NULL;
	keys->count = from->count;
	for (size_t i = 0; i < from->count; i++) {
		keys->key[i].number = from->key[i].number;
		derive(&from->key[i], "twostep seal", keys->key[i].seal);
	}
	derive(&from->key[0], "twostep digest", keys->digest);
	derive(&from->key[0], "twostep mark", keys->mark);
	sodium_mprotect_readonly(keys);
	return keys;
}

static enum err make_file(const char *path, const char **why)
{
	SCOPED(keyring_keys_wipe) struct keyring_keys keys = { .count = 1, .key[0].number = 1 };
	enum err err = random_bytes(keys.key[0].bytes, KEYRING_KEY_BYTES);

	*why = "there are no random bytes to make one";
	return err ? err : keyring_file_write(path, &keys, why);
}

/* What was made is read back: a disk that lies is found before anything was sealed. */
static enum err read_or_make(const char *path, bool may_create, struct keyring_keys *out, const char **why)
{
	enum err err = keyring_file_read(path, out, why);

	if (err != ERR_NOT_FOUND)
		return err;
	if (!may_create) {
		*why = "it is missing, and the database is not new: bring back the keyring that belongs to it";
		return ERR_CRYPTO;
	}
	return (err = make_file(path, why)) ? err : keyring_file_read(path, out, why);
}

enum err keyring_open(const char *path, bool may_create, struct keyring **out, const char **why)
{
	SCOPED(keyring_keys_wipe) struct keyring_keys keys = { 0 };
	struct keyring *made;
	enum err err;

	if (sodium_ready()) {
		*why = "libsodium cannot be used here";
		return ERR_CRYPTO;
	}
	if ((err = read_or_make(path, may_create, &keys, why)))
		return err;
	if (!(made = keyring_of(&keys))) {
		*why = "there is no memory for it";
		return ERR_MEMORY;
	}
	*out = made;
	return OK;
}

/* sodium_free takes for granted that it may write there; where the system does not let us, the page stays as it is, unread. */
void keyring_free(struct keyring *keys)
{
	if (keys && !sodium_mprotect_readwrite(keys))
		sodium_free(keys); /* wipes */
}

enum err keyring_mark(const struct keyring *keys, uint8_t out[static MARK_BYTES])
{
	memcpy(out, keys->mark, MARK_BYTES);
	return OK;
}

static uint8_t *put_number(uint8_t *to, uint64_t number, size_t length)
{
	for (size_t i = 0; i < length; i++)
		to[i] = (uint8_t)(number >> 8 * (length - 1 - i));
	return to + length;
}

/* What a blob belongs to, each part of a fixed length: format, key, purpose, owner, item. */
static void bind_to(uint32_t key_number, enum seal purpose, const struct id *owner, const struct id *item,
                    uint8_t out[static BOUND_BYTES])
{
	out = put_number(out, SEAL_FORMAT, 1);
	out = put_number(out, key_number, 4);
	out = put_number(out, purpose, 1);
	memcpy(out, owner->bytes, ID_BYTES);
	memcpy(out + ID_BYTES, item->bytes, ID_BYTES);
}

static bool is_seal(enum seal purpose)
{
	return purpose > SEAL_NONE && purpose < SEAL_COUNT;
}

enum err keyring_seal(const struct keyring *keys, enum seal purpose, const struct id *owner, const struct id *item,
                      const void *plain, size_t length, uint8_t *out)
{
	size_t newest = keys->count - 1;
	uint8_t bound[BOUND_BYTES], *nonce = put_number(put_number(out, SEAL_FORMAT, 1), keys->key[newest].number, 4);
	enum err err;

	if (!is_seal(purpose))
		return ERR_CRYPTO;
	if ((err = random_bytes(nonce, NONCE_BYTES)))
		return err;
	bind_to(keys->key[newest].number, purpose, owner, item, bound);
	return crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_BYTES, NULL, plain, length, bound, sizeof(bound), NULL,
	                                                  nonce, keys->key[newest].seal) ? ERR_CRYPTO : OK;
}

/* The key that sealed a blob, or NULL. */
static const uint8_t *seal_key(const struct keyring *keys, const uint8_t *sealed, uint32_t *number)
{
	*number = (uint32_t)sealed[1] << 24 | (uint32_t)sealed[2] << 16 | (uint32_t)sealed[3] << 8 | sealed[4];
	for (size_t i = 0; sealed[0] == SEAL_FORMAT && i < keys->count; i++)
		if (keys->key[i].number == *number)
			return keys->key[i].seal;
	return NULL;
}

/* Without `plain` it only checks: libsodium would clear the output where the tag is wrong, and the header says untouched. */
static int unseal(const uint8_t *blob, const uint8_t bound[static BOUND_BYTES], const uint8_t *key, uint8_t *plain,
                  size_t length)
{
	const uint8_t *nonce = blob + NONCE_AT, *body = blob + HEAD_BYTES, *tag = body + length;

	return crypto_aead_xchacha20poly1305_ietf_decrypt_detached(plain, NULL, body, length, tag, bound, BOUND_BYTES, nonce,
	                                                           key);
}

enum err keyring_open_seal(const struct keyring *keys, enum seal purpose, const struct id *owner, const struct id *item,
                           const void *sealed, size_t sealed_length, void *plain, size_t plain_length)
{
	const uint8_t *blob = sealed, *key;
	uint8_t bound[BOUND_BYTES];
	uint32_t number;

	if (!is_seal(purpose) || sealed_length < SEAL_EXTRA_BYTES || sealed_length - SEAL_EXTRA_BYTES != plain_length ||
	    !(key = seal_key(keys, blob, &number)))
		return ERR_CRYPTO;

	bind_to(number, purpose, owner, item, bound);
	return unseal(blob, bound, key, NULL, plain_length) || unseal(blob, bound, key, plain, plain_length) ? ERR_CRYPTO : OK;
}

enum err keyring_digest(const struct keyring *keys, enum digest purpose, const struct digest_part *parts, size_t count,
                        uint8_t out[static DIGEST_BYTES])
{
	crypto_auth_hmacsha256_state state;
	uint8_t number[8];

	if (purpose <= DIGEST_NONE || purpose >= DIGEST_COUNT)
		return ERR_CRYPTO;
	crypto_auth_hmacsha256_init(&state, keys->digest, sizeof(keys->digest));
	put_number(number, purpose, 1);
	crypto_auth_hmacsha256_update(&state, number, 1);
	for (size_t i = 0; i < count; i++) {
		put_number(number, parts[i].length, sizeof(number));
		crypto_auth_hmacsha256_update(&state, number, sizeof(number));
		crypto_auth_hmacsha256_update(&state, parts[i].bytes, parts[i].length);
	}
	crypto_auth_hmacsha256_final(&state, out);
	wipe(&state, sizeof(state));
	return OK;
}
