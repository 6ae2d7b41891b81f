#include "otp/otpauth.h"

#include "base/codec.h"

#include "base/banned.h"

/* RFC 3986 section 2.3: what is not unreserved is encoded. Apps differ in what they make of '+', so a space is %20. */
static void percent_encode(struct buf *out, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text; text++) {
		uint8_t byte = (uint8_t)*text, lower = byte | 0x20;
		if ((lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || strchr("-._~", byte))
			buf_char(out, *text);
		else
			buf_add(out, (const char[]){ '%', digits[byte >> 4], digits[byte & 15] }, 3);
	}
}

void otpauth_uri(struct buf *out, const char *issuer, const char *email, const struct totp_secret *secret)
{
	char key[TOTP_SECRET_TEXT];

	otpauth_key(secret, key);
	buf_text(out, "otpauth://totp/");
	percent_encode(out, issuer);
	buf_char(out, ':');
	percent_encode(out, email);
	buf_text(out, "?secret=");
	buf_text(out, key);
	buf_text(out, "&issuer=");
	percent_encode(out, issuer);
	buf_printf(out, "&algorithm=SHA1&digits=%d&period=%d", TOTP_DIGITS, TOTP_PERIOD_S);
	wipe(key, sizeof(key));
}

void otpauth_key(const struct totp_secret *secret, char out[static TOTP_SECRET_TEXT])
{
	base32_encode(secret->bytes, TOTP_SECRET_BYTES, out);
}

void otpauth_key_grouped(const struct totp_secret *secret, char out[static OTPAUTH_GROUPED_TEXT])
{
	char key[TOTP_SECRET_TEXT];

	otpauth_key(secret, key);
	for (size_t i = 0; i < TOTP_SECRET_TEXT - 1; i++) {
		if (i && i % 4 == 0)
			*out++ = ' ';
		*out++ = key[i];
	}
	*out = '\0';
	wipe(key, sizeof(key));
}
