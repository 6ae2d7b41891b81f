/*
 * codec: bytes as text. base64url (RFC 4648 section 5, no padding), base32 (section 6, no padding), lower-case hex.
 * Decoders take the canonical spelling alone.
 */
#ifndef TWOSTEP_BASE_CODEC_H
#define TWOSTEP_BASE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASE64URL_TEXT(bytes) (((bytes) * 4 + 2) / 3 + 1) /* with NUL */
#define BASE32_TEXT(bytes)    (((bytes) * 8 + 4) / 5 + 1)

void base64url_encode(const uint8_t *bytes, size_t length, char *text);
bool base64url_decode(const char *text, size_t text_length, uint8_t *bytes, size_t length); /* exactly `length` bytes */
void base32_encode(const uint8_t *bytes, size_t length, char *text);
bool base32_decode(const char *text, size_t text_length, uint8_t *bytes, size_t length);
void hex_encode(const uint8_t *bytes, size_t length, char *text); /* 2 × length and NUL */
bool hex_decode(const char *text, size_t text_length, uint8_t *bytes, size_t length);

#endif
