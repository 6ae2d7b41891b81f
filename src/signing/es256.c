#include "signing/es256.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sodium.h>
#include <stdio.h>

#include "base/base.h"

#include "base/banned.h"

#define GROUP     "P-256"
#define DER_BYTES 72 /* two integers of 33 bytes, each with tag and length, in a sequence */

_Static_assert(ES256_THUMBPRINT_BYTES == crypto_hash_sha256_BYTES, "RFC 7638 over SHA-256");

static void key_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void key_context_free(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void digest_context_free(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static void number_free(BIGNUM **number)
{
	BN_clear_free(*number);
}

static void signature_free(ECDSA_SIG **signature)
{
	ECDSA_SIG_free(*signature);
}

void es256_secret_wipe(struct es256_secret *secret)
{
	wipe(secret, sizeof(*secret));
}

enum err es256_new(struct es256_secret *secret, struct es256_point *point)
{
	SCOPED(key_free) EVP_PKEY *key = EVP_EC_gen(GROUP);
	SCOPED(number_free) BIGNUM *number = NULL;
	struct es256_point found;
	size_t length = 0;

	if (!key || !EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) ||
	    !EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, found.bytes, sizeof(found.bytes), &length) ||
	    length != sizeof(found.bytes) || found.bytes[0] != POINT_CONVERSION_UNCOMPRESSED ||
	    BN_bn2binpad(number, secret->bytes, sizeof(secret->bytes)) < 0)
		return ERR_CRYPTO;
	*point = found;
	return OK;
}

/* Parameters take numbers in the machine's own order of bytes. */
static bool to_native(const struct es256_secret *secret, struct es256_secret *out)
{
	SCOPED(number_free) BIGNUM *number = BN_bin2bn(secret->bytes, sizeof(secret->bytes), NULL);

	return number && BN_bn2nativepad(number, out->bytes, sizeof(out->bytes)) > 0;
}

enum err es256_open(const struct es256_secret *secret, const struct es256_point *point, EVP_PKEY **out)
{
	SCOPED(key_context_free) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	SCOPED(es256_secret_wipe) struct es256_secret number = { 0 };
	struct es256_point public = *point;
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){ GROUP }, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, public.bytes, sizeof(public.bytes)),
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, number.bytes, sizeof(number.bytes)),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = NULL;

	if (!context || !to_native(secret, &number) || EVP_PKEY_fromdata_init(context) <= 0 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters) <= 0)
		return ERR_CRYPTO;
	*out = key;
	return OK;
}

static void coordinates(const struct es256_point *point, struct es256_jwk *out)
{
	base64url_encode(point->bytes + 1, ES256_NUMBER_BYTES, out->x);
	base64url_encode(point->bytes + 1 + ES256_NUMBER_BYTES, ES256_NUMBER_BYTES, out->y);
}

/* RFC 7638 section 3.2: the required members in alphabetic order, without space. */
enum err es256_thumbprint(const struct es256_point *point, uint8_t out[static ES256_THUMBPRINT_BYTES])
{
	struct es256_jwk jwk;
	char text[160];

	if (point->bytes[0] != POINT_CONVERSION_UNCOMPRESSED)
		return ERR_CRYPTO;
	coordinates(point, &jwk);
	snprintf(text, sizeof(text), "{\"crv\":\"" GROUP "\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", jwk.x, jwk.y);
	crypto_hash_sha256(out, (const uint8_t *)text, strlen(text));
	return OK;
}

enum err es256_jwk_of(const struct es256_point *point, struct es256_jwk *out)
{
	uint8_t thumbprint[ES256_THUMBPRINT_BYTES];
	enum err err = es256_thumbprint(point, thumbprint);

	if (err)
		return err;
	coordinates(point, out);
	base64url_encode(thumbprint, sizeof(thumbprint), out->kid);
	return OK;
}

enum err es256_raw(const uint8_t *der, size_t length, uint8_t out[static ES256_SIGNATURE_BYTES])
{
	const uint8_t *at = der;
	SCOPED(signature_free) ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)length);
	uint8_t raw[ES256_SIGNATURE_BYTES];

	if (!signature || at != der + length || BN_is_negative(ECDSA_SIG_get0_r(signature)) ||
	    BN_is_negative(ECDSA_SIG_get0_s(signature)) ||
	    BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, ES256_NUMBER_BYTES) < 0 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + ES256_NUMBER_BYTES, ES256_NUMBER_BYTES) < 0)
		return ERR_CRYPTO;
	memcpy(out, raw, sizeof(raw));
	return OK;
}

enum err es256_sign(EVP_PKEY *key, const void *bytes, size_t length, uint8_t out[static ES256_SIGNATURE_BYTES])
{
	SCOPED(digest_context_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[DER_BYTES];
	size_t der_length = sizeof(der);

	if (!context || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) <= 0 ||
	    EVP_DigestSign(context, der, &der_length, bytes, length) <= 0)
		return ERR_CRYPTO;
	return es256_raw(der, der_length, out);
}
