#include "base/id.h"

#include "base/base.h"
#include "base/codec.h"
#include "base/random.h"

#include "base/banned.h"

#define BASE64URL_HYPHEN 62 /* RFC 4648 section 5: these six bits are written as '-' */

/* None whose text begins with a hyphen: an operator could name it behind -- alone. */
enum err id_new(struct id *out)
{
	enum err err;

	do
		err = random_bytes(out->bytes, ID_BYTES);
	while (!err && out->bytes[0] >> 2 == BASE64URL_HYPHEN);
	return err;
}

bool id_same(const struct id *a, const struct id *b)
{
	return same_bytes(a->bytes, b->bytes, ID_BYTES);
}

bool id_empty(const struct id *id)
{
	static const struct id none;

	return id_same(id, &none);
}

const char *id_text(const struct id *id, char out[static ID_TEXT])
{
	base64url_encode(id->bytes, ID_BYTES, out);
	return out;
}

enum err id_parse(const char *text, struct id *out)
{
	return base64url_decode(text, strnlen(text, ID_TEXT), out->bytes, ID_BYTES) ? OK : ERR_NOT_FOUND;
}
