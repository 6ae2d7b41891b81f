#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "accounts/hashes.h"

static const struct peer local = { .address = "127.0.0.1" };

static struct password password_of(const char *text)
{
	struct password password;

	assert_int_equal(password_read(text, &password), OK);
	return password;
}

static void tells_right_from_wrong(void **state)
{
	struct password right = password_of("Correct-Horse7-Staple"), wrong = password_of("Correct-Horse7-Stable");
	SCOPED(hash_place_done) struct hash_place place = { 0 };
	struct hashes *hashes;
	struct hash_text made;
	bool outdated = true;
	(void)state;

	assert_int_equal(hashes_new(1, 4, &hashes), OK);
	assert_int_equal(hash_place_take(hashes, &local, &place), OK);
	assert_int_equal(hash_make(&place, &right, &made), OK);
	assert_int_equal(hash_check(&place, &right, &made, &outdated), OK);
	assert_false(outdated);
	assert_int_equal(hash_check(&place, &wrong, &made, NULL), ERR_CREDENTIALS);
	assert_int_equal(hash_check(&place, &right, NULL, NULL), ERR_CREDENTIALS);
	hash_place_done(&place);
	hashes_free(hashes);
}

/* What cannot be read as a hash fits no password, and is no crash. */
static void refuses_damaged_hashes(void **state)
{
	static const char *const damaged[] = { "", "$argon2id$", "$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdA$aGFzaA", "x" };
	struct password password = password_of("Correct-Horse7-Staple");
	SCOPED(hash_place_done) struct hash_place place = { 0 };
	struct hashes *hashes;
	(void)state;

	assert_int_equal(hashes_new(1, 4, &hashes), OK);
	assert_int_equal(hash_place_take(hashes, &local, &place), OK);
	for (size_t i = 0; i < COUNT(damaged); i++) {
		struct hash_text stored = { "" };
		memcpy(stored.text, damaged[i], strlen(damaged[i]));
		if (!hash_check(&place, &password, &stored, NULL))
			fail_msg("%s fits", damaged[i]);
	}
	hash_place_done(&place);
	hashes_free(hashes);
}

static void full_is_busy_at_once(void **state)
{
	struct hash_place places[3] = { { 0 } };
	struct hashes *hashes;
	(void)state;

	assert_int_equal(hashes_new(1, 2, &hashes), OK);
	assert_int_equal(hash_place_take(hashes, &local, &places[0]), OK);
	assert_int_equal(hash_place_take(hashes, &local, &places[1]), OK);
	assert_int_equal(hash_place_take(hashes, &local, &places[2]), ERR_BUSY);
	hash_place_done(&places[0]);
	assert_int_equal(hash_place_take(hashes, &local, &places[2]), OK);
	hash_place_done(&places[1]);
	hash_place_done(&places[2]);
	hash_place_done(&places[2]);
	hashes_free(hashes);
}

static void one_network_holds_half(void **state)
{
	struct peer flood = { .network = { 4, { 203, 0, 113, 7 } }, .counted = true };
	struct peer other = { .network = { 4, { 198, 51, 100, 1 } }, .counted = true };
	struct hash_place places[5] = { { 0 } };
	struct hashes *hashes;
	(void)state;

	assert_int_equal(hashes_new(1, 4, &hashes), OK);
	assert_int_equal(hash_place_take(hashes, &flood, &places[0]), OK);
	assert_int_equal(hash_place_take(hashes, &flood, &places[1]), OK);
	assert_int_equal(hash_place_take(hashes, &flood, &places[2]), ERR_BUSY);
	assert_int_equal(hash_place_take(hashes, &other, &places[2]), OK);
	assert_int_equal(hash_place_take(hashes, &local, &places[3]), OK);
	hash_place_done(&places[0]);
	assert_int_equal(hash_place_take(hashes, &flood, &places[4]), OK);
	for (size_t i = 1; i < COUNT(places); i++)
		hash_place_done(&places[i]);
	hashes_free(hashes);
}

struct turn {
	struct hash_place *place;
	const struct id *subject;
	atomic_bool taken;
};

static void *take_turn(void *argument)
{
	struct turn *turn = argument;

	hash_turn_take(turn->place, turn->subject);
	atomic_store(&turn->taken, true);
	return NULL;
}

/* Tries for one account from one network wait for each other; those for another do not. */
static void turns_are_taken_by_account(void **state)
{
	static const struct id one = { { 1 } }, two = { { 2 } };
	struct hash_place places[HASH_TURNS + 2] = { { 0 } };
	struct turn late = { &places[HASH_TURNS], &one, false };
	struct hashes *hashes;
	pthread_t thread;
	(void)state;

	assert_int_equal(hashes_new(1, COUNT(places), &hashes), OK);
	for (size_t i = 0; i < COUNT(places); i++)
		assert_int_equal(hash_place_take(hashes, &local, &places[i]), OK);
	for (size_t i = 0; i < HASH_TURNS; i++)
		hash_turn_take(&places[i], &one);
	hash_turn_take(&places[HASH_TURNS + 1], &two);
	assert_int_equal(pthread_create(&thread, NULL, take_turn, &late), 0);
	usleep(50000);
	assert_false(atomic_load(&late.taken));
	hash_place_done(&places[0]);
	pthread_join(thread, NULL);
	assert_true(atomic_load(&late.taken));
	for (size_t i = 0; i < COUNT(places); i++)
		hash_place_done(&places[i]);
	hashes_free(hashes);
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
	struct hash_place place = { 0 };

	crowd->answer = hash_place_take(crowd->hashes, &local, &place);
	if (!crowd->answer)
		crowd->answer = hash_check(&place, crowd->password, crowd->made, NULL);
	hash_place_done(&place);
	return NULL;
}

static void a_crowd_is_answered(void **state)
{
	struct password right = password_of("Correct-Horse7-Staple");
	struct hash_place place = { 0 };
	struct crowd crowd[8];
	pthread_t threads[8];
	struct hashes *hashes;
	struct hash_text made;
	(void)state;

	assert_int_equal(hashes_new(2, 16, &hashes), OK);
	assert_int_equal(hash_place_take(hashes, &local, &place), OK);
	assert_int_equal(hash_make(&place, &right, &made), OK);
	hash_place_done(&place);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_right_from_wrong),
		cmocka_unit_test(refuses_damaged_hashes),
		cmocka_unit_test(full_is_busy_at_once),
		cmocka_unit_test(one_network_holds_half),
		cmocka_unit_test(turns_are_taken_by_account),
		cmocka_unit_test(a_crowd_is_answered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
