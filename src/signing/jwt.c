#include "signing/jwt.h"

#include "base/base.h"

#include "base/banned.h"

static void add_encoded(struct buf *out, const void *bytes, size_t length)
{
	char *text = buf_grow(out, BASE64URL_TEXT(length));

	if (!text)
		return;
	base64url_encode(bytes, length, text);
	buf_grown(out, BASE64URL_TEXT(length) - 1);
}

enum err jwt_sign(const struct signing *by, const char *claims, struct buf *out)
{
	uint8_t signature[ES256_SIGNATURE_BYTES];
	SCOPED(buf_done) struct buf header = { 0 };
	enum err err;

	buf_printf(&header, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", by->jwk.kid);
	add_encoded(out, buf_string(&header), header.length);
	buf_char(out, '.');
	add_encoded(out, claims, strlen(claims));
	if ((err = buf_check(&header)) || (err = buf_check(out)) || (err = es256_sign(by->key, out->bytes, out->length, signature)))
		return err;
	buf_char(out, '.');
	add_encoded(out, signature, sizeof(signature));
	return buf_check(out);
}
