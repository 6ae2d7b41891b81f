#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include "sandbox.h"

struct store *store;
struct keyring *keyring;

int signing_setup(void **state)
{
	const char *why = "";
	bool created;

	if (sandbox_open(state) || store_open(sandbox_path("twostep.db"), &store, &created, &why)) {
		fprintf(stderr, "%s\n", why);
		return -1;
	}
	keyring = sandbox_keyring((const uint32_t[]){ 1 }, (const uint8_t[]){ 0x11 }, 1);
	return 0;
}

int signing_teardown(void **state)
{
	store_close(store);
	keyring_free(keyring);
	return sandbox_close(state);
}

struct signer *new_signer(void)
{
	struct signer *signer = NULL;

	assert_int_equal(signer_new(store, keyring, &signer), OK);
	return signer;
}

const char *kid_at(struct signer *signer, int64_t now_s)
{
	static char kids[8][BASE64URL_TEXT(ES256_THUMBPRINT_BYTES)];
	static unsigned next;
	SCOPED(signing_done) struct signing now = { 0 };
	char *kid = kids[next++ % COUNT(kids)];

	assert_int_equal(signer_take(signer, now_s, &now), OK);
	memcpy(kid, now.jwk.kid, sizeof(now.jwk.kid));
	return kid;
}

static enum err count_keys(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	int64_t *count = argument;
	enum err err = db_one(db, &rows, "SELECT COUNT(*) FROM signing_key");

	if (!err)
		*count = db_get_int(&rows, 0);
	return err;
}

int64_t keys_stored(void)
{
	int64_t count = -1;

	assert_int_equal(store_read(store, count_keys, &count), OK);
	return count;
}

void run_sql(store_function *function)
{
	assert_int_equal(store_change(store, function, NULL), OK);
}

static EVP_PKEY *public_key(const uint8_t x[static 32], const uint8_t y[static 32])
{
	uint8_t point[65] = { POINT_CONVERSION_UNCOMPRESSED };
	char group[] = "prime256v1";
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	memcpy(point + 1, x, 32);
	memcpy(point + 33, y, 32);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters), 1);
	EVP_PKEY_CTX_free(context);
	return key;
}

bool verifies(const uint8_t x[static 32], const uint8_t y[static 32], const char *text, size_t length, const uint8_t signature[static 64])
{
	EVP_PKEY *key = public_key(x, y);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	ECDSA_SIG *pair = ECDSA_SIG_new();
	uint8_t *der = NULL;
	int der_length, answer;

	ECDSA_SIG_set0(pair, BN_bin2bn(signature, 32, NULL), BN_bin2bn(signature + 32, 32, NULL));
	der_length = i2d_ECDSA_SIG(pair, &der);
	assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), 1);
	answer = EVP_DigestVerify(context, der, (size_t)der_length, (const uint8_t *)text, length);
	OPENSSL_free(der);
	ECDSA_SIG_free(pair);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return answer == 1;
}
