#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "limits/limits.h"
#include "store/store.h"

#define NOW 1800000000

static const struct id subject = { { 1 } }, other = { { 2 } };
static const struct network here = { 4, { 203, 0, 113, 7 } }, there = { 4, { 198, 51, 100, 1 } };

struct fixture {
	char folder[64], path[96];
	struct store *store;
};

static int open_store(void **state)
{
	static struct fixture fixture;
	const char *why = "";
	bool created;

	snprintf(fixture.folder, sizeof(fixture.folder), "/tmp/twostep-limits-XXXXXX");
	assert_non_null(mkdtemp(fixture.folder));
	snprintf(fixture.path, sizeof(fixture.path), "%s/twostep.db", fixture.folder);
	if (store_open(fixture.path, &fixture.store, &created, &why))
		fail_msg("%s", why);
	*state = &fixture;
	return 0;
}

static int close_store(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct fixture *fixture = *state;

	store_close(fixture->store);
	for (size_t i = 0; i < COUNT(ends); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s%s", fixture->path, ends[i]);
		unlink(path);
	}
	rmdir(fixture->folder);
	return 0;
}

/* One try at a moment. */
struct try {
	struct limit_of of;
	int64_t now_s;
	struct held_off held_off;
	int count;
};

static enum err charge(struct db *db, void *argument)
{
	struct try *try = argument;

	return limit_charge(db, try->of, try->now_s, &try->held_off, &try->count);
}

static enum err ask(struct db *db, void *argument)
{
	struct try *try = argument;

	return limit_ask(db, try->of, try->now_s, &try->held_off);
}

static enum err clear(struct db *db, void *argument)
{
	struct try *try = argument;

	return limit_clear(db, try->of);
}

static enum err refund(struct db *db, void *argument)
{
	struct try *try = argument;

	return limit_refund(db, try->of, try->now_s);
}

static enum err charged(const struct fixture *fixture, struct limit_of of, int64_t now_s, int64_t *wait_s)
{
	struct try try = { of, now_s, { 0, NULL }, 0 };
	enum err err = store_change(fixture->store, charge, &try);

	*wait_s = try.held_off.for_s;
	return err;
}

/* The waits of design.md section 6, seen from outside: each further wrong try is refused for exactly so long. */
static void waits_double(void **state)
{
	static const struct {
		enum limit limit;
		int free;
		int64_t waits[9];
	} cases[] = {
		{ LIMIT_PASSWORD,    5, {  1,  2,   4,   8,  16,   32,   64,  128,  256 } },
		{ LIMIT_SECOND_STEP, 5, { 30, 60, 120, 240, 480, 960, 1920, 3600, 3600 } },
		{ LIMIT_RECOVERY,    5, { 30, 60, 120, 240, 480, 960, 1920, 3600, 3600 } },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct limit_of of = { cases[i].limit, &subject, false, &here };
		int64_t now_s = NOW, wait_s;
		for (int n = 0; n < cases[i].free; n++)
			assert_int_equal(charged(*state, of, now_s, &wait_s), OK);
		for (size_t n = 0; n < COUNT(cases[i].waits); n++) {
			int64_t expected = cases[i].waits[n];
			assert_int_equal(charged(*state, of, now_s, &wait_s), ERR_TOO_MANY);
			if (wait_s != expected)
				fail_msg("case %zu, wait %zu: %" PRId64 " s, not %" PRId64, i, n, wait_s, expected);
			assert_int_equal(charged(*state, of, now_s + expected - 1, &wait_s), ERR_TOO_MANY);
			assert_int_equal(wait_s, 1);
			now_s += expected;
			assert_int_equal(charged(*state, of, now_s, &wait_s), OK);
		}
	}
}

static void counts_apart(void **state)
{
	struct limit_of of = { LIMIT_PASSWORD, &subject, false, &here };
	struct limit_of others[] = {
		{ LIMIT_PASSWORD, &other, false, &here },
		{ LIMIT_PASSWORD, &subject, false, &there },
		{ LIMIT_PASSWORD, &subject, true, &here },
		{ LIMIT_SECOND_STEP, &subject, false, &here },
	};
	int64_t wait_s;

	for (int n = 0; n < 5; n++)
		assert_int_equal(charged(*state, of, NOW, &wait_s), OK);
	assert_int_equal(charged(*state, of, NOW, &wait_s), ERR_TOO_MANY);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(charged(*state, others[i], NOW, &wait_s), OK);
}

static void holds_at_a_hundred(void **state)
{
	struct limit_of of = { LIMIT_SECOND_STEP, &subject, false, NULL };
	struct fixture *fixture = *state;
	struct try try = { of, 0, { 0, NULL }, 0 };
	int64_t now_s = NOW, wait_s;

	for (int n = 0; n < LIMIT_HELD_AT; n++, now_s += 3600)
		assert_int_equal(charged(*state, of, now_s, &wait_s), OK);
	assert_int_equal(charged(*state, of, now_s + 365LL * 24 * 3600, &wait_s), ERR_TOO_MANY);
	assert_int_equal(store_change(fixture->store, clear, &try), OK);
	assert_int_equal(charged(*state, of, now_s, &wait_s), OK);
}

static void a_hundred_in_a_row_have_no_wait_before(void **state)
{
	struct limit_of of = { LIMIT_PASSWORD_ACCOUNT, &subject, false, NULL };
	int64_t wait_s;

	for (int n = 0; n < LIMIT_HELD_AT; n++)
		assert_int_equal(charged(*state, of, NOW, &wait_s), OK);
	assert_int_equal(charged(*state, of, NOW, &wait_s), ERR_TOO_MANY);
}

static void a_window_opens_again(void **state)
{
	static const struct { struct limit_of of; int most; int64_t window_s; } windows[] = {
		{ { LIMIT_PASSWORD_NETWORK, NULL, false, &here }, 100, 3600 },
		{ { LIMIT_CODE_NETWORK, NULL, false, &here }, 100, 3600 },
		{ { LIMIT_INVITER, &subject, false, NULL }, 50, 86400 },
		{ { LIMIT_DEMAND, &subject, false, NULL }, 5, 86400 },
	};

	for (size_t i = 0; i < COUNT(windows); i++) {
		const struct limit_of of = windows[i].of;
		int64_t wait_s = 0, most = windows[i].most, window_s = windows[i].window_s;

		for (int n = 0; n < most; n++)
			assert_int_equal(charged(*state, of, NOW + n, &wait_s), OK);
		assert_int_equal(charged(*state, of, NOW + most, &wait_s), ERR_TOO_MANY);
		assert_int_equal(wait_s, window_s - most);
		assert_int_equal(charged(*state, of, NOW + window_s - 1, &wait_s), ERR_TOO_MANY);
		assert_int_equal(charged(*state, of, NOW + window_s, &wait_s), OK);
	}
}

static void a_refund_takes_the_wait_along(void **state)
{
	struct limit_of of = { LIMIT_PASSWORD, &subject, false, &here };
	struct fixture *fixture = *state;
	struct try try = { of, NOW, { 0, NULL }, 0 };
	int64_t wait_s;

	for (int n = 0; n < 5; n++)
		assert_int_equal(charged(*state, of, NOW, &wait_s), OK);
	assert_int_equal(store_change(fixture->store, ask, &try), ERR_TOO_MANY);
	assert_int_equal(store_change(fixture->store, refund, &try), OK);
	assert_int_equal(store_change(fixture->store, ask, &try), OK);
	assert_int_equal(charged(*state, of, NOW, &wait_s), OK);
	assert_int_equal(charged(*state, of, NOW, &wait_s), ERR_TOO_MANY);
}

/* A clock that was ahead and came back must not lock anybody out for years. */
static void a_wait_from_the_future_is_none(void **state)
{
	struct limit_of of = { LIMIT_SECOND_STEP, &subject, false, NULL };
	int64_t wait_s, ahead = NOW + 10LL * 365 * 24 * 3600;

	for (int n = 0; n < 5; n++)
		assert_int_equal(charged(*state, of, ahead, &wait_s), OK);
	assert_int_equal(charged(*state, of, ahead, &wait_s), ERR_TOO_MANY);
	assert_int_equal(charged(*state, of, NOW, &wait_s), OK);
}

struct mail {
	const struct peer *peer;
	bool known;
	int64_t now_s;
	struct held_off held_off;
	bool *would; /* NULL: it is sent; else it is only told whether it would be */
};

static enum err send(struct db *db, void *argument)
{
	static const uint8_t address[DIGEST_BYTES_OF_ADDRESS] = { 7 };
	struct mail *mail = argument;

	enum err err = limit_mail(db, MAIL_RESET, address, mail->peer, mail->known, mail->now_s, &mail->held_off);

	if (!mail->would)
		return err;
	*mail->would = !err;
	return ERR_NOT_FOUND; /* taken back */
}

static bool would_be_sent(const struct fixture *fixture, struct mail mail)
{
	bool would = false;

	mail.would = &would;
	assert_int_equal(store_change(fixture->store, send, &mail), ERR_NOT_FOUND);
	return would;
}

static enum err sent(const struct fixture *fixture, const struct peer *peer, bool known, int64_t now_s)
{
	struct mail mail = { peer, known, now_s, { 0, NULL }, NULL };

	return store_change(fixture->store, send, &mail);
}

static void mails_are_few(void **state)
{
	static const struct peer local = { .counted = false };
	static const struct peer one = { .network = { 4, { 203, 0, 113, 7 } }, .counted = true };
	static const struct peer two = { .network = { 4, { 198, 51, 100, 1 } }, .counted = true };
	static const struct {
		const struct peer *peer;
		bool known;
		int64_t after_s;
		enum err err;
	} cases[] = {
		{ &one, false, 0, OK },
		{ &one, false, 0, OK },
		{ &one, false, 0, OK },
		{ &one, false, 0, ERR_TOO_MANY },      /* one network: 3 an hour */
		{ &two, false, 1, OK },
		{ &local, false, 1, OK },
		{ &two, false, 1, ERR_TOO_MANY },      /* the address: 5 an hour */
		{ &two, true, 1, OK },                 /* a known device: 3 a day of its own */
		{ &two, true, 1, OK },
		{ &two, true, 1, OK },
		{ &two, true, 1, ERR_TOO_MANY },
		{ &one, false, 3700, OK },
		{ &one, false, 3700, OK },
		{ &one, false, 3700, ERR_TOO_MANY },   /* one network: 5 a day */
		{ &two, false, 3700, OK },
		{ &two, false, 3700, OK },
		{ &local, false, 3700, OK },
		{ &local, false, 7400, ERR_TOO_MANY }, /* the address: 10 a day */
		{ &local, false, 86500, OK },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum err err = sent(*state, cases[i].peer, cases[i].known, NOW + cases[i].after_s);
		if (err != cases[i].err)
			fail_msg("mail %zu: %s", i, err_name(err));
	}
}

/* What is told to wait is enough, and a second less is not: whichever of the limits is reached, by whomever's mails. */
static void a_wait_for_a_mail_is_enough(void **state)
{
	static const struct peer one = { .network = { 4, { 203, 0, 113, 7 } }, .counted = true };
	static const struct peer two = { .network = { 4, { 198, 51, 100, 1 } }, .counted = true };
	static const struct {
		const struct peer *peer;
		bool known;
		int64_t after_s;
	} sends[] = {
		{ &two, true, 0 }, { &one, false, 600 }, { &two, false, 1200 }, { &two, false, 1800 }, { &two, false, 1900 },
		{ &one, false, 2000 }, { &two, true, 2100 }, { &two, true, 2200 }, { &two, true, 2300 },
		{ &one, false, 2400 }, { &two, false, 9000 }, { &two, false, 9100 }, { &two, false, 9200 }, { &one, false, 9300 },
		{ &one, false, 9400 }, { &one, false, 15000 }, { &two, true, 15100 }, { &one, false, 15200 },
	};
	struct fixture *fixture = *state;
	int waited = 0;

	for (size_t i = 0; i < COUNT(sends); i++) {
		struct mail mail = { sends[i].peer, sends[i].known, NOW + sends[i].after_s, { 0, NULL }, NULL };
		enum err err = store_change(fixture->store, send, &mail);
		int64_t wait_s = mail.held_off.for_s;

		if (!err)
			continue;
		waited++;
		assert_int_equal(err, ERR_TOO_MANY);
		mail.now_s += wait_s - 1;
		if (would_be_sent(fixture, mail))
			fail_msg("mail %zu: %" PRId64 " s are too long", i, wait_s);
		mail.now_s++;
		if (!would_be_sent(fixture, mail))
			fail_msg("mail %zu: %" PRId64 " s are not enough", i, wait_s);
	}
	assert_true(waited >= 5);
}

static enum err forget(struct db *db, void *argument)
{
	const int64_t *now_s = argument;
	int64_t removed;
	enum err err;

	do
		err = limits_forget(db, *now_s, &removed);
	while (!err && removed);
	return err;
}

static void forgets_what_decides_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct limit_of of = { LIMIT_PASSWORD, &subject, false, &here };
	int64_t wait_s, soon = NOW + LIMIT_KEEP_S - 1, late = NOW + LIMIT_KEEP_S;

	for (int n = 0; n < 5; n++)
		assert_int_equal(charged(*state, of, NOW, &wait_s), OK);
	assert_int_equal(store_change(fixture->store, forget, &soon), OK);
	assert_int_equal(charged(*state, of, NOW, &wait_s), ERR_TOO_MANY);
	assert_int_equal(store_change(fixture->store, forget, &late), OK);
	assert_int_equal(charged(*state, of, NOW, &wait_s), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(waits_double, open_store, close_store),
		cmocka_unit_test_setup_teardown(counts_apart, open_store, close_store),
		cmocka_unit_test_setup_teardown(holds_at_a_hundred, open_store, close_store),
		cmocka_unit_test_setup_teardown(a_hundred_in_a_row_have_no_wait_before, open_store, close_store),
		cmocka_unit_test_setup_teardown(a_window_opens_again, open_store, close_store),
		cmocka_unit_test_setup_teardown(a_refund_takes_the_wait_along, open_store, close_store),
		cmocka_unit_test_setup_teardown(a_wait_from_the_future_is_none, open_store, close_store),
		cmocka_unit_test_setup_teardown(mails_are_few, open_store, close_store),
		cmocka_unit_test_setup_teardown(a_wait_for_a_mail_is_enough, open_store, close_store),
		cmocka_unit_test_setup_teardown(forgets_what_decides_nothing, open_store, close_store),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
