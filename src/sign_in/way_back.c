#include "sign_in/way_back.h"

#include <stdio.h>

#include "base/base.h"
#include "base/codec.h"
#include "keys/keyring.h"

#include "base/banned.h"

#define SEALED_BYTES (WAY_BACK_TEXT * 3 / 4)
#define PLAIN_BYTES  (SEALED_BYTES - SEAL_EXTRA_BYTES)

/* What is sealed, in front of host NUL uri NUL. */
struct head {
	int64_t until_s, max_age_s;
	uint8_t https, handed;
	uint8_t nonce[TOKEN_DIGEST_BYTES];
};

static const struct id nobody; /* it belongs to no account: who comes back with it need not be known yet */

/* What is not ASCII is written as browsers would have. */
void way_back_set_uri(struct way_back *way, struct view uri)
{
	size_t at = 0;

	for (size_t i = 0; i < uri.length; i++) {
		unsigned char c = (unsigned char)uri.bytes[i];
		bool plain = c < 0x80;

		if (at + (plain ? 1 : 3) > WAY_BACK_URI_MAX) {
			memcpy(way->uri, "/", 2);
			return;
		}
		if (plain)
			way->uri[at++] = (char)c;
		else
			at += (size_t)snprintf(way->uri + at, 4, "%%%02X", c);
	}
	way->uri[at] = '\0';
}

static size_t write_plain(const struct call *call, const struct way_back *way, uint8_t plain[static PLAIN_BYTES])
{
	struct head head = { .until_s = call->now_s + WAY_BACK_S, .max_age_s = way->max_age_s, .https = way->https, .handed = way->handed };
	size_t host = strlen(way->host) + 1, uri = strlen(way->uri) + 1;

	memcpy(head.nonce, way->nonce.bytes, sizeof(head.nonce));
	memcpy(plain, &head, sizeof(head));
	memcpy(plain + sizeof(head), way->host, host);
	memcpy(plain + sizeof(head) + host, way->uri, uri);
	return sizeof(head) + host + uri;
}

const char *way_back_seal(struct call *call, const struct way_back *way)
{
	uint8_t plain[PLAIN_BYTES] = { 0 }, sealed[SEALED_BYTES];
	size_t length = write_plain(call, way, plain);
	char *text = arena_alloc(call->arena, BASE64URL_TEXT(length + SEAL_EXTRA_BYTES));

	if (!text || keyring_seal(call->keys, SEAL_WAY_BACK, &nobody, &nobody, plain, length, sealed))
		return NULL;
	base64url_encode(sealed, length + SEAL_EXTRA_BYTES, text);
	return text;
}

/* One text of the plain form, NUL and all. */
static bool take_text(const char **at, const char *end, char *out, size_t room)
{
	size_t length = strnlen(*at, (size_t)(end - *at));

	if (*at + length == end || length >= room)
		return false;
	memcpy(out, *at, length + 1);
	*at += length + 1;
	return true;
}

static enum err read_plain(const struct call *call, const uint8_t *plain, size_t length, struct way_back *out)
{
	const char *at = (const char *)plain + sizeof(struct head), *end = (const char *)plain + length;
	struct head head;

	memcpy(&head, plain, sizeof(head));
	*out = (struct way_back){ .https = head.https, .handed = head.handed, .max_age_s = head.max_age_s };
	memcpy(out->nonce.bytes, head.nonce, sizeof(head.nonce));
	if (head.until_s <= call->now_s || !take_text(&at, end, out->host, sizeof(out->host)) ||
	    !take_text(&at, end, out->uri, sizeof(out->uri)) || at != end)
		return ERR_NOT_FOUND;
	return OK;
}

enum err way_back_open(struct call *call, const char *sealed, struct way_back *out)
{
	size_t text = sealed ? strlen(sealed) : 0, length = text * 3 / 4;
	uint8_t bytes[SEALED_BYTES], plain[PLAIN_BYTES];

	if (length <= SEAL_EXTRA_BYTES + sizeof(struct head) || length > sizeof(bytes) ||
	    !base64url_decode(sealed, text, bytes, length) ||
	    keyring_open_seal(call->keys, SEAL_WAY_BACK, &nobody, &nobody, bytes, length, plain, length - SEAL_EXTRA_BYTES))
		return ERR_NOT_FOUND;
	return read_plain(call, plain, length - SEAL_EXTRA_BYTES, out);
}

const char *way_back_origin(struct arena *arena, const struct way_back *way)
{
	return arena_printf(arena, "%s://%s", way->https ? "https" : "http", way->host);
}

const char *way_back_place(struct call *call, const struct way_back *way)
{
	const char *sealed = way_back_seal(call, way);

	return sealed ? arena_printf(call->arena, CONTINUE_PATH "?to=%s", sealed) : NULL;
}
