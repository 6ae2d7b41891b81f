#include "keys/keyring_text.h"

#include <sodium.h>

#include "base/base.h"
#include "base/codec.h"

#include "base/banned.h"

#define VERSION_LINE "twostep-keyring 1\n"
#define VERSION_WORD "twostep-keyring "
#define KEY_WORD     "key "
#define CHECK_WORD   "check "
#define NUMBER_CHARS 8
#define KEY_CHARS    (BASE64URL_TEXT(KEYRING_KEY_BYTES) - 1)
#define CHECK_CHARS  (BASE64URL_TEXT(crypto_hash_sha256_BYTES) - 1)

static const char wrong_format[] = "it is not a keyring of this version of twostep";
static const char wrong_check[] = "it is cut or was changed (its last line does not fit the lines before)";

/* What has not been read yet. */
struct rest {
	const char *at, *end;
};

static bool take(struct rest *rest, const char *text)
{
	size_t length = strlen(text);

	if ((size_t)(rest->end - rest->at) < length || memcmp(rest->at, text, length))
		return false;
	rest->at += length;
	return true;
}

static bool take_base64url(struct rest *rest, uint8_t *bytes, size_t length)
{
	size_t chars = BASE64URL_TEXT(length) - 1;

	if ((size_t)(rest->end - rest->at) < chars || !base64url_decode(rest->at, chars, bytes, length))
		return false;
	rest->at += chars;
	return true;
}

static bool take_number(struct rest *rest, uint32_t *number)
{
	uint8_t bytes[4];

	if (rest->end - rest->at < NUMBER_CHARS || !hex_decode(rest->at, NUMBER_CHARS, bytes, sizeof(bytes)))
		return false;
	rest->at += NUMBER_CHARS;
	*number = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
	return true;
}

static bool take_key(struct rest *rest, struct keyring_keys *keys)
{
	uint32_t before = keys->count ? keys->key[keys->count - 1].number : 0;
	struct keyring_key *key = &keys->key[keys->count];

	if (!take_number(rest, &key->number) || key->number <= before || !take(rest, " ") ||
	    !take_base64url(rest, key->bytes, KEYRING_KEY_BYTES) || !take(rest, "\n"))
		return false;
	keys->count++;
	return true;
}

static bool take_check(struct rest *rest, const char *text)
{
	size_t checked = (size_t)(rest->at - text);
	uint8_t written[crypto_hash_sha256_BYTES], right[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(right, (const uint8_t *)text, checked);
	return take(rest, CHECK_WORD) && take_base64url(rest, written, sizeof(written)) && take(rest, "\n") &&
	       same_bytes(written, right, sizeof(right));
}

static const char *read_all(const char *text, size_t length, struct keyring_keys *keys)
{
	struct rest rest = { text, text + length };

	if (!take(&rest, VERSION_LINE))
		return take(&rest, VERSION_WORD) ? wrong_format : length ? "it is not a keyring" : "it is empty";
	while (keys->count < KEYRING_KEYS_MAX && take(&rest, KEY_WORD))
		if (!take_key(&rest, keys))
			return wrong_check;
	return keys->count && take_check(&rest, text) && rest.at == rest.end ? NULL : wrong_check;
}

enum err keyring_text_read(const char *text, size_t length, struct keyring_keys *out, const char **why)
{
	SCOPED(keyring_keys_wipe) struct keyring_keys keys = { 0 };
	const char *wrong = read_all(text, length, &keys);

	if (wrong) {
		*why = wrong;
		return ERR_CRYPTO;
	}
	*out = keys;
	return OK;
}

static char *put(char *to, const char *text)
{
	size_t length = strlen(text);

	memcpy(to, text, length);
	return to + length;
}

static char *put_key(char *to, const struct keyring_key *key)
{
	const uint8_t number[] = {
		(uint8_t)(key->number >> 24), (uint8_t)(key->number >> 16), (uint8_t)(key->number >> 8), (uint8_t)key->number,
	};

	to = put(to, KEY_WORD);
	hex_encode(number, sizeof(number), to);
	to = put(to + NUMBER_CHARS, " ");
	base64url_encode(key->bytes, KEYRING_KEY_BYTES, to);
	return put(to + KEY_CHARS, "\n");
}

size_t keyring_text_write(const struct keyring_keys *keys, char out[static KEYRING_TEXT_BYTES])
{
	uint8_t check[crypto_hash_sha256_BYTES];
	char *to = put(out, VERSION_LINE);

	for (size_t i = 0; i < keys->count; i++)
		to = put_key(to, &keys->key[i]);
	crypto_hash_sha256(check, (const uint8_t *)out, (size_t)(to - out));
	to = put(to, CHECK_WORD);
	base64url_encode(check, sizeof(check), to);
	to = put(to + CHECK_CHARS, "\n");
	return (size_t)(to - out);
}

void keyring_keys_wipe(struct keyring_keys *keys)
{
	wipe(keys, sizeof(*keys));
}
