#include "organizations/cursor.h"

#include "base/base.h"
#include "base/codec.h"
#include "base/text.h"

#include "base/banned.h"

#define CURSOR_BYTES_MAX 2048

/* The id in front, of one length always, so that any key may follow. */
const char *cursor_write(struct arena *arena, const char *key, const struct id *id)
{
	size_t length = ID_BYTES + strlen(key);
	uint8_t *bytes = arena_alloc(arena, length);
	char *text = arena_alloc(arena, BASE64URL_TEXT(length));

	if (!bytes || !text)
		return NULL;
	memcpy(bytes, id->bytes, ID_BYTES);
	memcpy(bytes + ID_BYTES, key, strlen(key));
	base64url_encode(bytes, length, text);
	return text;
}

enum err cursor_read(const char *text, char *key, size_t room, struct id *id)
{
	uint8_t bytes[CURSOR_BYTES_MAX];
	size_t characters = strlen(text), length = characters * 3 / 4;

	if (length < ID_BYTES || length > sizeof(bytes) || length - ID_BYTES >= room ||
	    !base64url_decode(text, characters, bytes, length) ||
	    !text_is_utf8((const char *)bytes + ID_BYTES, length - ID_BYTES))
		return ERR_INVALID;
	memcpy(id->bytes, bytes, ID_BYTES);
	memcpy(key, bytes + ID_BYTES, length - ID_BYTES);
	key[length - ID_BYTES] = '\0';
	return OK;
}
