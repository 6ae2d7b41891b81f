/* Sealing: what was sealed for one purpose, owner and item opens for nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sandbox.h"

#define LENGTH 20 /* of a TOTP secret */

static const struct id owner = { "owner's 16 bytes" }, item = { "16 bytes of item" };
static const char plain[LENGTH + 1] = "a secret of 20 bytes";
static struct keyring *keys;

static int open_all(void **state)
{
	if (sandbox_open(state))
		return -1;
	keys = sandbox_keyring((const uint32_t[]){ 1 }, (const uint8_t[]){ 0x11 }, 1);
	return 0;
}

static int close_all(void **state)
{
	keyring_free(keys);
	return sandbox_close(state);
}

/* Must be refused, and leave the output as it was. */
static void refused(const struct keyring *with, enum seal purpose, const struct id *whose, const struct id *which,
                    const uint8_t *sealed, size_t sealed_length, size_t length, const char *what)
{
	uint8_t out[256], untouched[256];

	memset(untouched, 0xa5, sizeof(untouched));
	memcpy(out, untouched, sizeof(out));
	if (keyring_open_seal(with, purpose, whose, which, sealed, sealed_length, out, length) != ERR_CRYPTO)
		fail_msg("opens with %s", what);
	assert_memory_equal(out, untouched, sizeof(out));
}

static void seal_plain(uint8_t sealed[static LENGTH + SEAL_EXTRA_BYTES])
{
	assert_int_equal(keyring_seal(keys, SEAL_TOTP, &owner, &item, plain, LENGTH, sealed), OK);
}

static void opens_what_it_sealed(void **state)
{
	static const size_t lengths[] = { 0, 1, 15, 16, 17, 20, 63, 64, 65, 128, 65536 };
	static uint8_t long_plain[65536], sealed[65536 + SEAL_EXTRA_BYTES], out[65536];
	(void)state;
	for (size_t i = 0; i < sizeof(long_plain); i++)
		long_plain[i] = (uint8_t)(i * 31);
	for (enum seal purpose = SEAL_NONE + 1; purpose < SEAL_COUNT; purpose++)
		for (size_t i = 0; i < COUNT(lengths); i++) {
			size_t length = lengths[i];
			assert_int_equal(keyring_seal(keys, purpose, &owner, &item, long_plain, length, sealed), OK);
			assert_int_equal(keyring_open_seal(keys, purpose, &owner, &item, sealed, length + SEAL_EXTRA_BYTES, out, length), OK);
			assert_memory_equal(out, long_plain, length);
		}
}

static void never_seals_alike(void **state)
{
	uint8_t first[LENGTH + SEAL_EXTRA_BYTES] = { 0 }, second[LENGTH + SEAL_EXTRA_BYTES] = { 0 };

	(void)state;
	seal_plain(first);
	seal_plain(second);
	assert_memory_not_equal(first + 5, second + 5, 24);
	assert_memory_not_equal(first + 29, second + 29, LENGTH);
	assert_null(memmem(first, sizeof(first), plain, 8));
}

static void binds_the_purpose(void **state)
{
	uint8_t sealed[LENGTH + SEAL_EXTRA_BYTES], out[LENGTH + SEAL_EXTRA_BYTES] = { 0 };

	(void)state;
	seal_plain(sealed);
	for (int purpose = -1; purpose <= 300; purpose++)
		if (purpose != SEAL_TOTP)
			refused(keys, (enum seal)purpose, &owner, &item, sealed, sizeof(sealed), LENGTH, "another purpose");
	assert_int_equal(keyring_seal(keys, SEAL_NONE, &owner, &item, plain, LENGTH, out), ERR_CRYPTO);
	assert_int_equal(keyring_seal(keys, SEAL_COUNT, &owner, &item, plain, LENGTH, out), ERR_CRYPTO);
}

/* Each bit of both ids, the two exchanged, and one of them for both. */
static void binds_owner_and_item(void **state)
{
	uint8_t sealed[LENGTH + SEAL_EXTRA_BYTES];

	(void)state;
	seal_plain(sealed);
	for (size_t bit = 0; bit < ID_BYTES * 8; bit++) {
		struct id other_owner = owner, other_item = item;
		other_owner.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		other_item.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused(keys, SEAL_TOTP, &other_owner, &item, sealed, sizeof(sealed), LENGTH, "another owner");
		refused(keys, SEAL_TOTP, &owner, &other_item, sealed, sizeof(sealed), LENGTH, "another item");
	}
	refused(keys, SEAL_TOTP, &item, &owner, sealed, sizeof(sealed), LENGTH, "owner and item exchanged");
	refused(keys, SEAL_TOTP, &owner, &owner, sealed, sizeof(sealed), LENGTH, "the owner for the item");
	refused(keys, SEAL_TOTP, &item, &item, sealed, sizeof(sealed), LENGTH, "the item for the owner");
}

static void refuses_a_changed_blob(void **state)
{
	uint8_t sealed[LENGTH + SEAL_EXTRA_BYTES];

	(void)state;
	seal_plain(sealed);
	for (size_t bit = 0; bit < sizeof(sealed) * 8; bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused(keys, SEAL_TOTP, &owner, &item, sealed, sizeof(sealed), LENGTH, "a bit turned");
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void refuses_other_lengths(void **state)
{
	uint8_t sealed[LENGTH + SEAL_EXTRA_BYTES + 64] = { 0 };

	(void)state;
	seal_plain(sealed);
	for (size_t length = 0; length <= sizeof(sealed); length++) {
		if (length == LENGTH + SEAL_EXTRA_BYTES)
			continue;
		refused(keys, SEAL_TOTP, &owner, &item, sealed, length, LENGTH, "another length of the blob");
		if (length >= SEAL_EXTRA_BYTES)
			refused(keys, SEAL_TOTP, &owner, &item, sealed, length, length - SEAL_EXTRA_BYTES, "another length of both");
	}
	for (size_t length = 0; length < 200; length++)
		if (length != LENGTH)
			refused(keys, SEAL_TOTP, &owner, &item, sealed, LENGTH + SEAL_EXTRA_BYTES, length, "another length of the secret");
	refused(keys, SEAL_TOTP, &owner, &item, sealed, LENGTH + SEAL_EXTRA_BYTES, SIZE_MAX, "an absurd length");
}

/* One number, another key: the number in the blob proves nothing. */
static void refuses_another_keyring(void **state)
{
	uint8_t sealed[LENGTH + SEAL_EXTRA_BYTES];
	struct keyring *other = sandbox_keyring((const uint32_t[]){ 1 }, (const uint8_t[]){ 0x12 }, 1);

	(void)state;
	seal_plain(sealed);
	refused(other, SEAL_TOTP, &owner, &item, sealed, sizeof(sealed), LENGTH, "another keyring");
	keyring_free(other);
}

/* A keyring that got a second key: seals with the new, opens what the old one sealed; without the old it does not. */
static void seals_with_the_newest_opens_with_each(void **state)
{
	uint8_t old_seal[LENGTH + SEAL_EXTRA_BYTES], new_seal[LENGTH + SEAL_EXTRA_BYTES], out[LENGTH];
	struct keyring *both = sandbox_keyring((const uint32_t[]){ 1, 0x01020304 }, (const uint8_t[]){ 0x11, 0x22 }, 2);
	struct keyring *late = sandbox_keyring((const uint32_t[]){ 0x01020304 }, (const uint8_t[]){ 0x22 }, 1);
	uint8_t mark[16], mark_both[16];

	(void)state;
	seal_plain(old_seal);
	assert_int_equal(keyring_seal(both, SEAL_TOTP, &owner, &item, plain, LENGTH, new_seal), OK);
	assert_memory_equal(old_seal, "\1\0\0\0\1", 5);
	assert_memory_equal(new_seal, "\1\1\2\3\4", 5);
	assert_int_equal(keyring_open_seal(both, SEAL_TOTP, &owner, &item, old_seal, sizeof(old_seal), out, LENGTH), OK);
	assert_memory_equal(out, plain, LENGTH);
	assert_int_equal(keyring_open_seal(both, SEAL_TOTP, &owner, &item, new_seal, sizeof(new_seal), out, LENGTH), OK);
	assert_int_equal(keyring_open_seal(late, SEAL_TOTP, &owner, &item, new_seal, sizeof(new_seal), out, LENGTH), OK);
	refused(late, SEAL_TOTP, &owner, &item, old_seal, sizeof(old_seal), LENGTH, "a keyring that lacks the key");
	refused(keys, SEAL_TOTP, &owner, &item, new_seal, sizeof(new_seal), LENGTH, "a keyring of before");

	/* Another number in front of a blob leads to another key, or to none. */
	old_seal[1] = 1, old_seal[2] = 2, old_seal[3] = 3, old_seal[4] = 4;
	refused(both, SEAL_TOTP, &owner, &item, old_seal, sizeof(old_seal), LENGTH, "another key's number");

	assert_int_equal(keyring_mark(keys, mark), OK);
	assert_int_equal(keyring_mark(both, mark_both), OK);
	assert_memory_equal(mark, mark_both, sizeof(mark)); /* still the keyring that the database knows */
	keyring_free(both);
	keyring_free(late);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_it_sealed),    cmocka_unit_test(never_seals_alike),
		cmocka_unit_test(binds_the_purpose),       cmocka_unit_test(binds_owner_and_item),
		cmocka_unit_test(refuses_a_changed_blob),  cmocka_unit_test(refuses_other_lengths),
		cmocka_unit_test(refuses_another_keyring), cmocka_unit_test(seals_with_the_newest_opens_with_each),
	};
	return cmocka_run_group_tests(tests, open_all, close_all);
}
