/* When keys are made, sign, are published and go; who races; what a foreign row or keyring does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/base.h"
#include "fixture.h"
#include "sandbox.h"

static bool published(struct signer *signer, int64_t now_s, const char *kid)
{
	struct signer_list list;

	assert_int_equal(signer_published(signer, now_s, &list), OK);
	for (size_t i = 0; i < list.count; i++)
		if (!strcmp(list.jwk[i].kid, kid))
			return true;
	return false;
}

static enum err forget(struct db *db, void *argument)
{
	int64_t removed;

	return signing_keys_forget(db, *(const int64_t *)argument, &removed);
}

static void forget_at(int64_t now_s)
{
	assert_int_equal(store_change(store, forget, &now_s), OK);
}

static void the_first_key_is_made_when_first_asked_and_stays(void **state)
{
	struct signer *signer = new_signer(), *again;
	const char *kid;
	(void)state;

	assert_int_equal(keys_stored(), 0);
	kid = kid_at(signer, NOW_S);
	assert_true(published(signer, NOW_S, kid));
	assert_string_equal(kid_at(signer, NOW_S + 27 * DAY_S), kid);
	assert_int_equal(keys_stored(), 1);
	signer_free(signer);
	again = new_signer();
	assert_string_equal(kid_at(again, NOW_S + 60), kid);
	assert_true(published(again, NOW_S + 60, kid));
	signer_free(again);
}

static void the_list_alone_makes_the_first_key_too(void **state)
{
	struct signer *signer = new_signer();
	struct signer_list list;
	(void)state;

	assert_int_equal(signer_published(signer, NOW_S, &list), OK);
	assert_int_equal(list.count, 1);
	assert_string_equal(kid_at(signer, NOW_S), list.jwk[0].kid);
	signer_free(signer);
	signer_free(NULL);
}

/* Asked every ten minutes for a hundred days: who signs was published a day before, and is a day after. */
static void each_next_key_is_published_a_day_before_it_signs_and_a_day_after(void **state)
{
	struct signer *signer = new_signer();
	const char *now = kid_at(signer, NOW_S);
	size_t changes = 0;
	(void)state;

	for (int64_t at_s = NOW_S; at_s < NOW_S + 100 * DAY_S; at_s += SIGNER_LOOK_S) {
		const char *next = kid_at(signer, at_s + DAY_S);

		assert_true(published(signer, at_s, kid_at(signer, at_s)));
		if (!published(signer, at_s, next))
			fail_msg("%s signs a day after %" PRId64 " and is not published", next, at_s);
		if (strcmp(now, kid_at(signer, at_s)) != 0)
			changes++;
		now = kid_at(signer, at_s);
		if (at_s > NOW_S + 2 * DAY_S && !published(signer, at_s, kid_at(signer, at_s - DAY_S + SIGNER_LOOK_S)))
			fail_msg("what signed a day before %" PRId64 " is not published", at_s);
		forget_at(at_s);
	}
	assert_int_equal(changes, 3);
	assert_int_equal(keys_stored(), 1);
	signer_free(signer);
}

static void a_key_goes_once_nothing_that_it_signed_is_valid(void **state)
{
	struct signer *signer = new_signer();
	const char *first = kid_at(signer, NOW_S), *second;
	(void)state;

	assert_string_equal(kid_at(signer, NOW_S + 28 * DAY_S), first);
	second = kid_at(signer, NOW_S + 30 * DAY_S);
	assert_string_not_equal(second, first);
	assert_true(published(signer, NOW_S + 31 * DAY_S - SIGNER_LOOK_S, first));
	forget_at(NOW_S + 31 * DAY_S - 1);
	assert_int_equal(keys_stored(), 2);
	assert_false(published(signer, NOW_S + 31 * DAY_S, first)); /* whether or not anybody has removed it */
	forget_at(NOW_S + 31 * DAY_S);
	assert_int_equal(keys_stored(), 1);
	assert_string_equal(kid_at(signer, NOW_S + 31 * DAY_S), second);
	signer_free(signer);
}

/* Nobody asked for months: the old key goes on for the two days that the new one needs to be known. */
static void a_long_silence_does_not_let_an_unknown_key_sign(void **state)
{
	struct signer *signer = new_signer();
	const char *first = kid_at(signer, NOW_S);
	const int64_t late_s = NOW_S + 200 * DAY_S;
	(void)state;

	assert_string_equal(kid_at(signer, late_s), first);
	assert_int_equal(keys_stored(), 2);
	assert_string_equal(kid_at(signer, late_s + 2 * DAY_S - SIGNER_LOOK_S), first);
	assert_string_not_equal(kid_at(signer, late_s + 2 * DAY_S), first);
	signer_free(signer);
}

/* Years ahead and back again: who signs is known, and the next change is not put off for years. */
static void a_clock_that_jumped_stops_neither_signing_nor_changes(void **state)
{
	struct signer *signer = new_signer();
	const char *first = kid_at(signer, NOW_S), *second;
	(void)state;

	assert_string_equal(kid_at(signer, NOW_S + 2000 * DAY_S), first);
	assert_int_equal(keys_stored(), 2);
	assert_string_equal(kid_at(signer, NOW_S - 2000 * DAY_S), first);
	assert_string_equal(kid_at(signer, NOW_S + DAY_S), first);
	assert_string_equal(kid_at(signer, NOW_S + 28 * DAY_S), first);
	assert_int_equal(keys_stored(), 3);
	second = kid_at(signer, NOW_S + 30 * DAY_S);
	assert_string_not_equal(second, first);
	assert_true(published(signer, NOW_S + 30 * DAY_S, second));
	signer_free(signer);
}

#define RACERS 16

struct racer {
	pthread_t thread;
	pthread_barrier_t *start;
	struct signer *signer;
	int64_t now_s;
	enum err answer;
	struct signing got;
};

static void *race(void *argument)
{
	struct racer *racer = argument;

	pthread_barrier_wait(racer->start);
	racer->answer = signer_take(racer->signer, racer->now_s, &racer->got);
	return NULL;
}

/* Half of them share a signer, as request threads do; the others are nodes of their own. */
static void race_at(int64_t now_s, struct signer *const *signers, struct racer *racers)
{
	pthread_barrier_t start;

	pthread_barrier_init(&start, NULL, RACERS);
	for (size_t i = 0; i < RACERS; i++) {
		racers[i] = (struct racer){ .start = &start, .signer = signers[i < RACERS / 2 ? 0 : i], .now_s = now_s, .answer = ERR_IO };
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
	}
	for (size_t i = 0; i < RACERS; i++) {
		pthread_join(racers[i].thread, NULL);
		assert_int_equal(racers[i].answer, OK);
		assert_string_equal(racers[i].got.jwk.kid, racers[0].got.jwk.kid);
		signing_done(&racers[i].got);
	}
	pthread_barrier_destroy(&start);
}

static void many_that_make_a_key_at_once_make_one(void **state)
{
	struct signer *signers[RACERS];
	struct racer racers[RACERS];
	(void)state;

	for (size_t i = 0; i < RACERS; i++)
		signers[i] = new_signer();
	race_at(NOW_S, signers, racers);
	assert_int_equal(keys_stored(), 1);
	race_at(NOW_S + 28 * DAY_S, signers, racers);
	assert_int_equal(keys_stored(), 2);
	race_at(NOW_S + 30 * DAY_S, signers, racers);
	assert_int_equal(keys_stored(), 2);
	for (size_t i = 0; i < RACERS; i++)
		signer_free(signers[i]);
}

/* Asks for everything; each must be ERR_CRYPTO, and nothing new may have been made. */
static void refused(const struct keyring *with, const char *what)
{
	struct signer *signer = NULL;
	struct signing now = { .key = NULL };
	struct signer_list list = { .count = 99 };
	int64_t before = keys_stored();

	assert_int_equal(signer_new(store, with, &signer), OK);
	if (signer_take(signer, NOW_S, &now) != ERR_CRYPTO || signer_published(signer, NOW_S, &list) != ERR_CRYPTO)
		fail_msg("%s is believed", what);
	assert_null(now.key);
	assert_int_equal(list.count, 99);
	assert_int_equal(keys_stored(), before);
	signer_free(signer);
}

static void a_keyring_without_the_key_signs_nothing(void **state)
{
	struct keyring *other = sandbox_keyring((const uint32_t[]){ 2 }, (const uint8_t[]){ 0x22 }, 1);
	struct signer *signer = new_signer();
	(void)state;

	kid_at(signer, NOW_S);
	signer_free(signer);
	refused(other, "another keyring");
	keyring_free(other);
}

/* Who writes to the database without the keyring: their point with the sealed number of ours. */
static enum err foreign_point(struct db *db, void *argument)
{
	struct es256_secret secret;
	struct es256_point point;
	enum err err = es256_new(&secret, &point);
	(void)argument;

	return err ? err : db_change(db, NULL,
	        "INSERT INTO signing_key (number, algorithm, point, sealed, created_at, signs_at)"
	        " SELECT 2, algorithm, $1, sealed, created_at, signs_at + 1 FROM signing_key",
	        db_blob(point.bytes, sizeof(point.bytes)));
}

static enum err other_number(struct db *db, void *argument)
{
	static const uint8_t zeros[SIGNING_SEALED_BYTES];
	enum err err = db_change(db, NULL, "DELETE FROM signing_key WHERE number = 2");
	(void)argument;

	return err ? err : db_change(db, NULL, "UPDATE signing_key SET sealed = $1", db_blob(zeros, sizeof(zeros)));
}

static void a_row_that_the_keyring_has_not_sealed_is_neither_used_nor_published(void **state)
{
	static const struct { const char *what; store_function *change; } cases[] = {
		{ "a foreign point", foreign_point },
		{ "a damaged number", other_number },
	};
	struct signer *signer = new_signer();

	kid_at(signer, NOW_S);
	signer_free(signer);
	for (size_t i = 0; i < COUNT(cases); i++) {
		run_sql(cases[i].change);
		refused(keyring, cases[i].what);
	}
	(void)state;
}

static enum err cut(struct db *db, void *argument)
{
	(void)argument;
	return db_change(db, NULL, "UPDATE signing_key SET sealed = substr(sealed, 2)");
}

/* Also for who has a key in memory, once it is to look again: could not tell. */
static void a_cut_row_is_a_fault_of_the_store(void **state)
{
	struct signer *signer = new_signer(), *again = new_signer();
	struct signing now = { .key = NULL };
	(void)state;

	kid_at(signer, NOW_S);
	run_sql(cut);
	assert_int_equal(signer_take(again, NOW_S, &now), ERR_STORE);
	assert_int_equal(signer_take(signer, NOW_S + SIGNER_LOOK_S, &now), ERR_STORE);
	assert_null(now.key);
	signer_free(signer);
	signer_free(again);
}

/* A key that is held outlives the change to the next one. */
static void who_holds_a_key_may_use_it_to_the_end(void **state)
{
	struct signer *signer = new_signer();
	struct signing held = { .key = NULL };
	uint8_t signature[ES256_SIGNATURE_BYTES];
	(void)state;

	assert_int_equal(signer_take(signer, NOW_S, &held), OK);
	kid_at(signer, NOW_S + 28 * DAY_S);
	kid_at(signer, NOW_S + 30 * DAY_S);
	signer_free(signer);
	assert_int_equal(es256_sign(held.key, "text", 4, signature), OK);
	signing_done(&held);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, signing_setup, signing_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_key_is_made_when_first_asked_and_stays),
		TEST(the_list_alone_makes_the_first_key_too),
		TEST(each_next_key_is_published_a_day_before_it_signs_and_a_day_after),
		TEST(a_key_goes_once_nothing_that_it_signed_is_valid),
		TEST(a_long_silence_does_not_let_an_unknown_key_sign),
		TEST(a_clock_that_jumped_stops_neither_signing_nor_changes),
		TEST(many_that_make_a_key_at_once_make_one),
		TEST(a_keyring_without_the_key_signs_nothing),
		TEST(a_row_that_the_keyring_has_not_sealed_is_neither_used_nor_published),
		TEST(a_cut_row_is_a_fault_of_the_store),
		TEST(who_holds_a_key_may_use_it_to_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
