#include "signing/signing_key.h"

#include "base/base.h"

#include "base/banned.h"

_Static_assert(ES256_THUMBPRINT_BYTES == 2 * ID_BYTES, "a thumbprint stands for owner and item of a seal");

size_t signing_keys_current(const struct signing_keys *keys, int64_t now_s)
{
	size_t current = 0;

	for (size_t i = 1; i < keys->count && keys->key[i].signs_at <= now_s; i++)
		current = i;
	return current;
}

bool signing_keys_due(const struct signing_keys *keys, int64_t now_s, int64_t *signs_at)
{
	size_t current = signing_keys_current(keys, now_s);
	int64_t ends_at;

	if (!keys->count) {
		*signs_at = now_s;
		return true;
	}
	/* One whose time is further off was made under a clock that had jumped: until then another is needed. */
	if (current + 1 < keys->count && keys->key[current + 1].signs_at <= now_s + SIGNING_FOR_S)
		return false;
	ends_at = keys->key[current].signs_at + SIGNING_FOR_S;
	if (now_s < ends_at - SIGNING_AHEAD_S)
		return false;
	*signs_at = ends_at > now_s + SIGNING_AHEAD_S ? ends_at : now_s + SIGNING_AHEAD_S;
	return true;
}

/* The two names that a private number is sealed for. */
static enum err names_of(const struct es256_point *point, struct id *owner, struct id *item)
{
	uint8_t thumbprint[ES256_THUMBPRINT_BYTES];
	enum err err = es256_thumbprint(point, thumbprint);

	if (err)
		return err;
	memcpy(owner->bytes, thumbprint, ID_BYTES);
	memcpy(item->bytes, thumbprint + ID_BYTES, ID_BYTES);
	return OK;
}

enum err signing_key_make(const struct keyring *keyring, int64_t number, int64_t signs_at, struct signing_key *out)
{
	SCOPED(es256_secret_wipe) struct es256_secret secret = { 0 };
	struct signing_key made = { .number = number, .signs_at = signs_at };
	struct id owner, item;
	enum err err;

	if ((err = es256_new(&secret, &made.point)) || (err = names_of(&made.point, &owner, &item)) ||
	    (err = keyring_seal(keyring, SEAL_SIGNING_KEY, &owner, &item, secret.bytes, sizeof(secret.bytes), made.sealed)))
		return err;
	*out = made;
	return OK;
}

enum err signing_key_open(const struct keyring *keyring, const struct signing_key *key, struct es256_secret *out)
{
	struct id owner, item;
	enum err err = names_of(&key->point, &owner, &item);

	return err ? err : keyring_open_seal(keyring, SEAL_SIGNING_KEY, &owner, &item, key->sealed, sizeof(key->sealed), out->bytes,
	                                     sizeof(out->bytes));
}
