#include "limits/limits.h"

#include "base/banned.h"

static struct limit_of of_account(enum limit limit, const struct id *account)
{
	return (struct limit_of){ limit, account, false, NULL };
}

enum err step_limit_ask(struct db *db, const struct id *account, int64_t now_s, struct held_off *held_off)
{
	enum err err = limit_ask(db, of_account(LIMIT_SECOND_STEP, account), now_s, held_off);

	return err ? err : limit_ask(db, of_account(LIMIT_STEP_MONTH, account), now_s, held_off);
}

enum err step_limit_charge(struct db *db, const struct id *account, int64_t now_s, struct held_off *held_off, struct wrong_steps *count)
{
	enum err err = limit_charge(db, of_account(LIMIT_SECOND_STEP, account), now_s, held_off, &count->in_a_row);

	return err ? err : limit_charge(db, of_account(LIMIT_STEP_MONTH, account), now_s, held_off, &count->in_month);
}

enum err step_limit_right(struct db *db, const struct id *account)
{
	return limit_clear(db, of_account(LIMIT_SECOND_STEP, account));
}

enum err step_limit_clear(struct db *db, const struct id *account)
{
	static const enum limit limits[] = { LIMIT_SECOND_STEP, LIMIT_STEP_MONTH, LIMIT_RECOVERY };
	enum err err = OK;

	for (size_t i = 0; i < COUNT(limits) && !err; i++)
		err = limit_clear(db, of_account(limits[i], account));
	return err;
}

enum err recovery_limit_clear(struct db *db, const struct id *account)
{
	return limit_clear(db, of_account(LIMIT_RECOVERY, account));
}

bool step_limit_tells(const struct wrong_steps *count)
{
	return count->in_a_row == LIMIT_MAIL_AT || (count->in_month && count->in_month % LIMIT_MAIL_EACH == 0);
}
