/*
 * otpauth: the secret as apps take it: a URI, a QR code, a key to type.
 */
#ifndef TWOSTEP_OTP_OTPAUTH_H
#define TWOSTEP_OTP_OTPAUTH_H

#include "base/buf.h"
#include "otp/totp.h"

/*
 * otpauth://totp/ISSUER:EMAIL?secret=...&issuer=ISSUER&algorithm=SHA1&digits=6&period=30, percent-encoded (%20, never +).
 */
void otpauth_uri(struct buf *out, const char *issuer, const char *email, const struct totp_secret *secret);

/* 32 characters of base32, for the API; in groups of four with spaces, to type by hand. */
void otpauth_key(const struct totp_secret *secret, char out[static TOTP_SECRET_TEXT]);
#define OTPAUTH_GROUPED_TEXT 40 /* 8 groups of 4, 7 spaces, NUL */
void otpauth_key_grouped(const struct totp_secret *secret, char out[static OTPAUTH_GROUPED_TEXT]);

/*
 * The QR code of a text as an SVG element of its own making: black on white whatever the page's colours (scanners want it),
 * quiet zone of 4, one path, no script, no style, width and height left to the page (viewBox). Error correction M.
 */
MUST_USE enum err otpauth_qr_svg(struct buf *out, const char *text);

#endif
