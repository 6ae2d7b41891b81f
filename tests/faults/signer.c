/*
 * The n-th thing that SQLite, the disk, our own memory or OpenSSL's has to give is not there while the first key is made and the
 * first assertion signed: the answer is a whole assertion or a refusal, and once the trouble is over one is signed, with the one key.
 */
#include "fixture.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "base/base.h"
#include "faulty.h"
#include "sandbox.h"
#include "signing/assertion.h"

#define NOW_S 1800000000
#define N_MAX 100000 /* far more than any of it takes */

static struct keyring *keyring;
static int openssl_left; /* allocations until one fails; 0: none does */

static bool fails(void)
{
	return openssl_left && !--openssl_left;
}

static void *openssl_malloc(size_t length, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : malloc(length);
}

static void *openssl_realloc(void *bytes, size_t length, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : realloc(bytes, length);
}

static void openssl_free(void *bytes, const char *file, int line)
{
	(void)file;
	(void)line;
	free(bytes);
}

static int64_t keys_stored(struct store *store)
{
	return ask_number(store, "SELECT COUNT(*) FROM signing_key");
}

/* Whole, or not at all. */
static enum err sign(struct signer *signer)
{
	static const struct id account = { "16 bytes of Kim." };
	static const struct assertion assertion = {
		.issuer = "https://login.example.com", .audience = "app.example.com", .account = &account, .email = "kim@example.com",
		.name = "Kim", .groups = "-", .methods = "pwd",
	};
	SCOPED(buf_done) struct buf token = { 0 };
	enum err err = assertion_sign(signer, &assertion, NOW_S, &token);

	if (err ? token.length || err_status(err) != 503 : token.length < 300)
		fail_msg("%s with %zu bytes", err ? err_name(err) : "OK", token.length);
	return err;
}

/* True where a fault was met. */
static bool run_with(enum fault fault, int n)
{
	struct fixture fixture = { .store = NULL };
	struct signer *signer = NULL;
	bool hit;

	fixture_folder(&fixture, NULL);
	fixture_open(&fixture);
	assert_int_equal(signer_new(fixture.store, keyring, &signer), OK);
	faulty_arm(fault, n, false);
	(void)!sign(signer);
	hit = faulty_disarm();
	assert_int_equal(store_probe(fixture.store), OK);
	assert_int_equal(sign(signer), OK);
	assert_int_equal(keys_stored(fixture.store), 1);
	signer_free(signer);
	fixture_remove(&fixture);
	return hit;
}

static void signs_whole_or_not_at_all_when_the_store_fails(void **state)
{
	static const enum fault faults[] = { FAULT_STEP, FAULT_STEP_DONE, FAULT_PREPARE, FAULT_BIND, FAULT_SQLITE_MEMORY, FAULT_FULL };

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		int n = 1;

		while (n < N_MAX && run_with(faults[i], n))
			n += 1 + n / 3;
		if (n == 1 || n >= N_MAX)
			fail_msg("%s: met %d times", faulty_name(faults[i]), n);
	}
}

static void there_is_no_signer_without_memory(void **state)
{
	struct signer *signer = NULL;
	(void)state;

	faulty_arm(FAULT_MEMORY, 1, false);
	assert_int_equal(signer_new(NULL, NULL, &signer), ERR_MEMORY);
	assert_true(faulty_disarm());
	assert_null(signer);
}

/* One try with the n-th allocation failing. True where there was an n-th. */
static bool try_without_memory(struct store *store, int n)
{
	struct signer *signer = NULL;
	bool hit;

	assert_int_equal(signer_new(store, keyring, &signer), OK);
	openssl_left = n;
	(void)!sign(signer);
	hit = !openssl_left;
	openssl_left = 0;
	signer_free(signer);
	return hit;
}

static enum err forget_all(struct db *db, void *argument)
{
	(void)argument;
	return db_change(db, NULL, "DELETE FROM signing_key");
}

/* With a key that is yet to be made, and with one that is there. */
static void signs_whole_or_not_at_all_when_openssl_has_no_memory(void **state)
{
	struct fixture *fixture = *state;
	int n = 1;

	for (; n < N_MAX && try_without_memory(fixture->store, n); n++) {
		assert_in_range(keys_stored(fixture->store), 0, 1);
		assert_int_equal(store_change(fixture->store, forget_all, NULL), OK);
	}
	assert_in_range(n, 20, N_MAX - 1);
	for (n = 1; n < N_MAX && try_without_memory(fixture->store, n); n++)
		;
	assert_in_range(n, 20, N_MAX - 1);
	assert_int_equal(keys_stored(fixture->store), 1);
}

static int begin(void **state)
{
	static const uint32_t number = 1;
	static const uint8_t fill = 0x11;

	faulty_setup();
	if (sandbox_open(state))
		return -1;
	keyring = sandbox_keyring(&number, &fill, 1);
	return 0;
}

static int end(void **state)
{
	keyring_free(keyring);
	return sandbox_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_no_signer_without_memory),
		cmocka_unit_test(signs_whole_or_not_at_all_when_the_store_fails),
		cmocka_unit_test_setup_teardown(signs_whole_or_not_at_all_when_openssl_has_no_memory, fixture_setup, fixture_teardown),
	};

	if (!CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free))
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, begin, end);
}
