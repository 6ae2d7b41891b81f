/*
 * Somebody who knows the password and the rules tries the app's codes against the real counters for a year, as soon as they let
 * him, while the owner signs in, the password is reset and the housekeeping forgets. How many tries does he get, and is the owner told?
 * Each try fits one of three codes in a million: docs/threats.md has the sum.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "limits/limits.h"
#include "sandbox.h"
#include "store/store.h"

#define NOW      INT64_C(1800000000)
#define HOUR_S   3600
#define DAY_S    (24 * HOUR_S)
#define DAYS     365
#define MONTH    30
#define NEVER_S  INT64_MAX

/* What else happens while he tries, and what he may have of it. */
struct habit {
	const char *name;
	int owner_a_day;  /* right codes of the owner */
	int at_most;      /* he stops at so many between two of them, for fear of the mail; 0: he does not care */
	bool resets;      /* he has the mailbox, too, and resets the password each day */
	int most_a_day, most_a_month, most_a_year; /* a month: any 30 days */
	int least_mails;
};

static const struct habit habits[] = {
	/*                                                owner a day  at most  resets    day  month  year  mails */
	{ "the owner is away",                                     0,       0,  false,    40,   100,  500,     4 },
	{ "the owner signs in each day",                           1,       0,  false,   100,   200, 1300,    12 },
	{ "the owner signs in each hour",                         24,       0,  false,   200,   200, 1300,    12 },
	{ "he keeps below the mail, the owner comes thrice",       3,       4,  false,    20,   200, 1300,    12 },
	{ "he resets the password each day",                       0,       0,   true,   100,   200, 1300,    12 },
};

struct year {
	const struct habit *habit;
	struct id account;
	int64_t now_s;
	int between, tries, mails, on_day[DAYS];
};

/* As soon as it is taken; the owner goes first. Answers when he may go on: that the owner waits, too, is for his good. */
static enum err owner_comes(struct db *db, struct year *year, struct held_off *held_off)
{
	enum err err = step_limit_ask(db, &year->account, year->now_s, held_off);

	if (err)
		return err;
	year->between = 0;
	return step_limit_right(db, &year->account);
}

static enum err tries(struct db *db, struct year *year, struct held_off *held_off)
{
	struct wrong_steps count;
	enum err err;

	if ((err = step_limit_ask(db, &year->account, year->now_s, held_off)) ||
	    (err = step_limit_charge(db, &year->account, year->now_s, held_off, &count)))
		return err;
	year->between++;
	year->tries++;
	year->on_day[(year->now_s - NOW) / DAY_S]++;
	year->mails += step_limit_tells(&count);
	return OK;
}

/* As accounts/password_reset.c has it: the streak, where it does not hold yet. */
static enum err resets(struct db *db, struct year *year)
{
	struct limit_of of = { LIMIT_SECOND_STEP, &year->account, false, NULL };
	int wrong = 0;
	enum err err = limit_count(db, of, &wrong);

	return err || wrong >= LIMIT_HELD_AT ? err : limit_clear(db, of);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static enum err forget(struct db *db, int64_t now_s)
{
	int64_t removed;
	enum err err;

	do
		err = limits_forget(db, now_s, &removed);
	while (!err && removed);
	return err;
}

static enum err live(struct db *db, void *argument)
{
	struct year *year = argument;
	const struct habit *habit = year->habit;
	int64_t owner_each_s = habit->owner_a_day ? DAY_S / habit->owner_a_day : 0;
	int64_t owner_s = owner_each_s ? NOW + owner_each_s : NEVER_S, he_s = NOW, day_s = NOW + DAY_S;
	struct held_off held_off = { 0, NULL };
	enum err err;

	for (year->now_s = NOW; year->now_s < NOW + DAYS * DAY_S; year->now_s = least(owner_s, least(he_s, day_s))) {
		if (year->now_s == day_s) {
			day_s += DAY_S;
			if ((err = forget(db, year->now_s)) || (habit->resets && (err = resets(db, year))))
				return err;
			he_s = year->now_s; /* for it may have been forgotten */
		}
		if (year->now_s == owner_s) {
			if ((err = owner_comes(db, year, &held_off)) && err != ERR_TOO_MANY)
				return err;
			owner_s += err ? least(held_off.for_s, owner_each_s) : owner_each_s;
			he_s = year->now_s;
		}
		if (year->now_s == he_s) {
			bool careful = habit->at_most && year->between >= habit->at_most;

			if (!careful && (err = tries(db, year, &held_off)) && err != ERR_TOO_MANY)
				return err;
			he_s = careful ? owner_s : err ? year->now_s + held_off.for_s : year->now_s;
		}
	}
	return OK;
}

/* Recovery codes have no hold, for nobody guesses 80 bits: all that the waits leave. */
static enum err live_with_recovery_codes(struct db *db, void *argument)
{
	struct year *year = argument;
	struct limit_of of = { LIMIT_RECOVERY, &year->account, false, NULL };
	struct held_off held_off = { 0, NULL };

	for (year->now_s = NOW; year->now_s < NOW + DAYS * DAY_S; year->now_s += held_off.for_s) {
		enum err err = limit_charge(db, of, year->now_s, &held_off, NULL);

		if (err && err != ERR_TOO_MANY)
			return err;
		if (err)
			continue;
		held_off.for_s = 0;
		year->tries++;
		year->on_day[(year->now_s - NOW) / DAY_S]++;
	}
	return OK;
}

static int most_in(const struct year *year, int days)
{
	int most = 0;

	for (int first = 0; first + days <= DAYS; first++) {
		int sum = 0;
		for (int day = first; day < first + days; day++)
			sum += year->on_day[day];
		most = sum > most ? sum : most;
	}
	return most;
}

static void has_few_tries_and_is_told_of(void **state)
{
	static struct year years[COUNT(habits)];
	bool failed = false;
	struct store *store = *state;

	for (size_t i = 0; i < COUNT(habits); i++) {
		const struct habit *habit = &habits[i];
		struct year *year = &years[i];

		year->habit = habit;
		year->account.bytes[0] = (uint8_t)(i + 1);
		assert_int_equal(store_change(store, live, year), OK);
		print_message("# %s: %d in a day, %d in 30 days, %d in a year, %d mails\n", habit->name, most_in(year, 1), most_in(year, MONTH),
		              year->tries, year->mails);
		failed |= most_in(year, 1) > habit->most_a_day || most_in(year, MONTH) > habit->most_a_month ||
		          year->tries > habit->most_a_year || year->mails < habit->least_mails || !year->tries;
	}
	if (failed)
		fail_msg("more tries than docs/threats.md says, or fewer mails");
}

static void has_the_waits_alone_at_recovery_codes(void **state)
{
	static struct year year = { .account = { { 99 } } };

	assert_int_equal(store_change(*state, live_with_recovery_codes, &year), OK);
	print_message("# recovery codes: %d in a day, %d in a year\n", most_in(&year, 1), year.tries);
	assert_in_range(most_in(&year, 1), 1, 36);
	assert_in_range(year.tries, 1, 8800);
}

static int open_store(void **state)
{
	struct store *store = NULL;
	const char *why = "";
	bool created;

	if (sandbox_open(state) || store_open(sandbox_path("twostep.db"), &store, &created, &why))
		fail_msg("%s", why);
	*state = store;
	return 0;
}

static int close_store(void **state)
{
	store_close(*state);
	return sandbox_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(has_few_tries_and_is_told_of, open_store, close_store),
		cmocka_unit_test_setup_teardown(has_the_waits_alone_at_recovery_codes, open_store, close_store),
	};

	return cmocka_run_group_tests_name("limits/adversary", tests, NULL, NULL);
}
