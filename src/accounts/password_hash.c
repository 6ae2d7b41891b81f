#include "accounts/password_hash.h"

#include <argon2.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/base.h"
#include "base/random.h"

#include "base/banned.h"

#define HASH_FORMAT  "$argon2id$v=19$m=%u,t=%u,p=1$%s$%s"
#define DIGEST_BYTES 32 /* as libsodium has it in its texts */
#define BASE64       sodium_base64_VARIANT_ORIGINAL_NO_PADDING
#define SALT_BYTES   16
#define SALT_TEXT    sodium_base64_ENCODED_LEN(SALT_BYTES, BASE64)
#define DIGEST_TEXT  sodium_base64_ENCODED_LEN(DIGEST_BYTES, BASE64)

/* What a stored hash says: "$argon2id$v=19$m=KIB,t=PASSES,p=1$SALT$DIGEST", as libsodium and others write it. */
struct hash {
	unsigned memory_kib, passes;
	uint8_t salt[SALT_BYTES], digest[DIGEST_BYTES];
};

static void hash_write(const struct hash *hash, char out[static HASH_TEXT])
{
	char salt[SALT_TEXT], digest[DIGEST_TEXT];

	sodium_bin2base64(salt, sizeof(salt), hash->salt, sizeof(hash->salt), BASE64);
	sodium_bin2base64(digest, sizeof(digest), hash->digest, sizeof(hash->digest), BASE64);
	snprintf(out, HASH_TEXT, HASH_FORMAT, hash->memory_kib, hash->passes, salt, digest);
}

static bool bytes_read(const char *text, uint8_t *out, size_t length)
{
	size_t found = 0;

	return !sodium_base642bin(out, length, text, strlen(text), NULL, &found, NULL, BASE64) && found == length;
}

/* False where it is no such hash, or not one as we write it. */
static bool hash_read(const char *stored, struct hash *out)
{
	char memory[10], passes[10], salt[SALT_TEXT], digest[DIGEST_TEXT], again[HASH_TEXT];

	if (sscanf(stored, "$argon2id$v=19$m=%9[0-9],t=%9[0-9],p=1$%22[^$]$%43s", memory, passes, salt, digest) != 4 ||
	    !bytes_read(salt, out->salt, sizeof(out->salt)) || !bytes_read(digest, out->digest, sizeof(out->digest)))
		return false;
	out->memory_kib = (unsigned)strtoul(memory, NULL, 10);
	out->passes = (unsigned)strtoul(passes, NULL, 10);
	hash_write(out, again);
	return !strcmp(stored, again);
}

/* What this thread hashes in: the library wipes it behind each hash. */
static _Thread_local struct {
	void *bytes;
	size_t length;
} room;

void password_hash_rest(void)
{
	if (room.bytes)
		munmap(room.bytes, room.length);
	room.bytes = NULL;
	room.length = 0;
}

static int room_take(uint8_t **out, size_t length)
{
	void *bytes;

	*out = NULL;
	if (room.length < length) {
		password_hash_rest();
		if ((bytes = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) == MAP_FAILED)
			return ARGON2_MEMORY_ALLOCATION_ERROR;
		room.bytes = bytes;
		room.length = length;
	}
	*out = room.bytes;
	return ARGON2_OK;
}

static void room_keep(uint8_t *bytes, size_t length)
{
	(void)bytes;
	(void)length;
}

static enum err hash_compute(const struct hash *hash, const char *password, uint8_t out[static DIGEST_BYTES])
{
	argon2_context context = {
		.out = out, .outlen = DIGEST_BYTES, .pwd = (uint8_t *)(uintptr_t)password, .pwdlen = (uint32_t)strlen(password),
		.salt = (uint8_t *)(uintptr_t)hash->salt, .saltlen = sizeof(hash->salt), .t_cost = hash->passes, .m_cost = hash->memory_kib,
		.lanes = 1, .threads = 1, .version = ARGON2_VERSION_13, .allocate_cbk = room_take, .free_cbk = room_keep,
	};

	return argon2id_ctx(&context) == ARGON2_OK ? OK : ERR_CRYPTO;
}

enum err password_hash_make(const char *password, char out[static HASH_TEXT])
{
	struct hash hash = { .memory_kib = HASH_MEMORY_BYTES / 1024, .passes = HASH_PASSES };
	enum err err;

	if (!(err = random_bytes(hash.salt, sizeof(hash.salt))) && !(err = hash_compute(&hash, password, hash.digest)))
		hash_write(&hash, out);
	wipe(&hash, sizeof(hash));
	return err;
}

enum err password_hash_compare(const char *stored, const char *password)
{
	struct hash hash;
	uint8_t digest[DIGEST_BYTES];
	enum err err = hash_read(stored, &hash) ? hash_compute(&hash, password, digest) : ERR_CRYPTO;

	if (!err && sodium_memcmp(digest, hash.digest, sizeof(digest)))
		err = ERR_CREDENTIALS;
	wipe(digest, sizeof(digest));
	wipe(&hash, sizeof(hash));
	return err;
}

bool password_hash_outdated(const char *stored)
{
	struct hash hash;
	bool same = hash_read(stored, &hash) && hash.memory_kib == HASH_MEMORY_BYTES / 1024 && hash.passes == HASH_PASSES;

	wipe(&hash, sizeof(hash));
	return !same;
}

/*
 * The parameters in front decide what a check costs; salt and digest may be anything, so that no hash has to be made at the start.
 * Finding a password that fits would take 2^256 tries; a right one is refused all the same (hash_check).
 */
void password_hash_of_nobody(char out[static HASH_TEXT])
{
	snprintf(out, HASH_TEXT, HASH_FORMAT, HASH_MEMORY_BYTES / 1024, HASH_PASSES, "bm9ib2R5cyBzYWx0IGhlcg",
	        "bm9ib2R5cyBwYXNzd29yZCBmaXRzIGhlcmUsIGV2ZXI");
}
