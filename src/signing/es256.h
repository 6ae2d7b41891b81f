/*
 * es256: keys and signatures of ECDSA with P-256 and SHA-256 (RFC 7518 section 3.4), by OpenSSL.
 * Arithmetic and formats alone: no clock, no storage.
 */
#ifndef TWOSTEP_SIGNING_ES256_H
#define TWOSTEP_SIGNING_ES256_H

#include <openssl/types.h>
#include <stddef.h>
#include <stdint.h>

#include "base/codec.h"
#include "base/err.h"

#define ES256_NUMBER_BYTES     32 /* of a coordinate, a private number, half of a signature */
#define ES256_POINT_BYTES      65 /* 04, x, y: SEC 1 section 2.3.3, uncompressed */
#define ES256_SIGNATURE_BYTES  64 /* r, s, each of full length */
#define ES256_THUMBPRINT_BYTES 32

/* The private number. */
struct es256_secret {
	uint8_t bytes[ES256_NUMBER_BYTES];
};

/* The public point. */
struct es256_point {
	uint8_t bytes[ES256_POINT_BYTES];
};

/* What a JSON Web Key says of a point (RFC 7518 section 6.2.1); kid is its thumbprint. */
struct es256_jwk {
	char x[BASE64URL_TEXT(ES256_NUMBER_BYTES)], y[BASE64URL_TEXT(ES256_NUMBER_BYTES)];
	char kid[BASE64URL_TEXT(ES256_THUMBPRINT_BYTES)];
};

/* Makes a key by OpenSSL's generator, which getrandom seeds. ERR_CRYPTO */
MUST_USE enum err es256_new(struct es256_secret *secret, struct es256_point *point);
void es256_secret_wipe(struct es256_secret *secret);

/* A key to sign with; the caller frees it by EVP_PKEY_free, which wipes. ERR_CRYPTO where the point is on no curve. */
MUST_USE enum err es256_open(const struct es256_secret *secret, const struct es256_point *point, EVP_PKEY **out);

/* RFC 7638: SHA-256 of the key's members in their one spelling. Whoever knows it knows the point that it stands for. */
MUST_USE enum err es256_thumbprint(const struct es256_point *point, uint8_t out[static ES256_THUMBPRINT_BYTES]);
MUST_USE enum err es256_jwk_of(const struct es256_point *point, struct es256_jwk *out);

/* Signs the bytes. Several threads may use one key at a time. ERR_CRYPTO */
MUST_USE enum err es256_sign(EVP_PKEY *key, const void *bytes, size_t length, uint8_t out[static ES256_SIGNATURE_BYTES]);

/* OpenSSL's form of a signature (DER, numbers as short as they are) in the one of RFC 7518. ERR_CRYPTO where it is none. */
MUST_USE enum err es256_raw(const uint8_t *der, size_t length, uint8_t out[static ES256_SIGNATURE_BYTES]);

#endif
