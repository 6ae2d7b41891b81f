#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include <string.h>

#include "accounts/hashes.h"

/* What hash threads give back (--wrap). */
int __real_munmap(void *address, size_t length);
int __wrap_munmap(void *address, size_t length);

static atomic_uint given_back;

int __wrap_munmap(void *address, size_t length)
{
	if (length >= HASH_MEMORY_BYTES)
		atomic_fetch_add(&given_back, 1);
	return __real_munmap(address, length);
}

static struct password password_of(const char *text)
{
	struct password password;

	assert_int_equal(password_read(text, &password), OK);
	return password;
}

static void tells_right_from_wrong(void **state)
{
	struct password right = password_of("Correct-Horse7-Staple"), wrong = password_of("Correct-Horse7-Stable");
	struct hashes *hashes;
	struct hash_text made;
	bool outdated = true;
	(void)state;

	assert_int_equal(hashes_new(1, 4, &hashes), OK);
	assert_int_equal(hash_make(hashes, &right, &made), OK);
	assert_int_equal(hash_check(hashes, &right, &made, &outdated), OK);
	assert_false(outdated);
	assert_int_equal(hash_check(hashes, &wrong, &made, NULL), ERR_CREDENTIALS);
	assert_int_equal(hash_check(hashes, &right, NULL, NULL), ERR_CREDENTIALS);
	hashes_free(hashes);
}

/* What cannot be read as a hash fits no password, and is no crash. */
static void refuses_damaged_hashes(void **state)
{
	static const char *const damaged[] = { "", "$argon2id$", "$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdA$aGFzaA", "x",
		"$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5cyBzYWx0IGhlcg", "$argon2id$v=19$m=19456,t=2,p=1$$",
		"$argon2i$v=19$m=19456,t=2,p=1$bm9ib2R5cyBzYWx0IGhlcg$bm9ib2R5cyBwYXNzd29yZCBmaXRzIGhlcmUsIGV2ZXI",
		"$argon2id$v=19$m=19456,t=2,p=2$bm9ib2R5cyBzYWx0IGhlcg$bm9ib2R5cyBwYXNzd29yZCBmaXRzIGhlcmUsIGV2ZXI",
		"$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5cyBzYWx0IGhlcg$bm9ib2R5cyBwYXNzd29yZCBmaXRzIGhlcmUsIGV2ZXI ",
		"$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5cyBzYWx0IGhlch$bm9ib2R5cyBwYXNzd29yZCBmaXRzIGhlcmUsIGV2ZXI" };
	struct password password = password_of("Correct-Horse7-Staple");
	struct hashes *hashes;
	(void)state;

	assert_int_equal(hashes_new(1, 4, &hashes), OK);
	for (size_t i = 0; i < COUNT(damaged); i++) {
		struct hash_text stored = { "" };
		memcpy(stored.text, damaged[i], strlen(damaged[i]));
		if (hash_check(hashes, &password, &stored, NULL) != ERR_CRYPTO)
			fail_msg("%s can be told about", damaged[i]);
	}
	hashes_free(hashes);
}

struct late {
	struct hashes *hashes;
	struct hash_turn turn;
	atomic_bool taken;
};

static const struct id one = { { 1 } }, two = { { 2 } };
static const struct network network = { 4, { 203, 0, 113, 7 } };

static void *take_turn(void *argument)
{
	struct late *late = argument;

	hash_turn_take(late->hashes, &one, &network, &late->turn);
	atomic_store(&late->taken, true);
	return NULL;
}

/* Tries for one account from one network wait for each other; those for another do not. */
static void turns_are_taken_by_account(void **state)
{
	struct hash_turn turns[HASH_TURNS], other;
	struct late late = { .taken = false };
	pthread_t thread;
	(void)state;

	assert_int_equal(hashes_new(1, HASH_TURNS + 2, &late.hashes), OK);
	for (size_t i = 0; i < HASH_TURNS; i++)
		hash_turn_take(late.hashes, &one, &network, &turns[i]);
	hash_turn_take(late.hashes, &two, &network, &other);
	assert_int_equal(pthread_create(&thread, NULL, take_turn, &late), 0);
	usleep(50000);
	assert_false(atomic_load(&late.taken));
	hash_turn_done(&turns[0]);
	pthread_join(thread, NULL);
	assert_true(atomic_load(&late.taken));
	for (size_t i = 0; i < HASH_TURNS; i++)
		hash_turn_done(&turns[i]);
	hash_turn_done(&late.turn);
	hash_turn_done(&other);
	hashes_free(late.hashes);
}

struct crowd {
	struct hashes *hashes;
	const struct password *password;
	const struct hash_text *made;
	enum err answer;
};

static void *ask(void *argument)
{
	struct crowd *crowd = argument;

	crowd->answer = hash_check(crowd->hashes, crowd->password, crowd->made, NULL);
	return NULL;
}

static void a_crowd_is_answered(void **state)
{
	struct password right = password_of("Correct-Horse7-Staple");
	struct crowd crowd[8];
	pthread_t threads[8];
	struct hashes *hashes;
	struct hash_text made;
	(void)state;

	assert_int_equal(hashes_new(2, 16, &hashes), OK);
	assert_int_equal(hash_make(hashes, &right, &made), OK);
	for (size_t i = 0; i < COUNT(crowd); i++) {
		crowd[i] = (struct crowd){ hashes, &right, &made, ERR_CRYPTO };
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &crowd[i]), 0);
	}
	for (size_t i = 0; i < COUNT(crowd); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(crowd[i].answer, OK);
	}
	hashes_free(hashes);
}

/* Without work a thread holds nothing after a while; it hashes again all the same. */
static void memory_is_given_back_without_work(void **state)
{
	struct password right = password_of("Correct-Horse7-Staple");
	struct hashes *hashes;
	struct hash_text made;
	(void)state;

	assert_int_equal(hashes_new(1, 4, &hashes), OK);
	atomic_store(&given_back, 0);
	assert_int_equal(hash_make(hashes, &right, &made), OK);
	for (int i = 0; i < 3000 && !atomic_load(&given_back); i++)
		usleep(10000);
	assert_int_equal(atomic_load(&given_back), 1);
	assert_int_equal(hash_check(hashes, &right, &made, NULL), OK);
	hashes_free(hashes);
	assert_int_equal(atomic_load(&given_back), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_right_from_wrong),
		cmocka_unit_test(refuses_damaged_hashes),
		cmocka_unit_test(turns_are_taken_by_account),
		cmocka_unit_test(a_crowd_is_answered),
		cmocka_unit_test(memory_is_given_back_without_work),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
