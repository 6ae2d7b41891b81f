#include "limits/limits.h"

#include "base/banned.h"

#define HOUR_S 3600
#define DAY_S  (24 * HOUR_S)
#define HELD_RETRY_S HOUR_S /* what a held account is told: nothing will change by waiting, but this costs us least */
#define STRANGER_KIND 100   /* added to the kind: addresses without account, so that they can be counted apart */

/*
 * Two shapes. A streak counts until a right try: `free` wrong ones cost nothing, then first_s, doubling, at most max_s; from
 * held_at on nothing is taken any more. A window takes held_at in window_s.
 */
struct rule {
	const char *name;
	int free;
	int64_t first_s, max_s;
	int64_t held_at;
	int64_t window_s;
};

static const struct rule rules[LIMIT_COUNT] = {
	/*                           name                free  first  max   held           window */
	[LIMIT_PASSWORD]         = { "PASSWORD",            5,     1,  900, INT64_MAX,          0 },
	[LIMIT_PASSWORD_ACCOUNT] = { "PASSWORD_ACCOUNT",    0,     0,    0, LIMIT_HELD_AT,      0 },
	[LIMIT_PASSWORD_NETWORK] = { "PASSWORD_NETWORK",    0,     0,    0, 100,           HOUR_S },
	[LIMIT_SECOND_STEP]      = { "SECOND_STEP",         5,    30, 3600, LIMIT_HELD_AT,      0 },
	[LIMIT_RECOVERY]         = { "RECOVERY",            5,    30, 3600, INT64_MAX,          0 },
	[LIMIT_CODE_NETWORK]     = { "CODE_NETWORK",        0,     0,    0, 100,           HOUR_S },
	[LIMIT_INVITER]          = { "INVITER",             0,     0,    0, 50,             DAY_S },
	[LIMIT_INVITATION]       = { "INVITATION",         20,     1,  900, INT64_MAX,          0 },
	[LIMIT_STEP_MONTH]       = { "STEP_MONTH",          0,     0,    0, LIMIT_HELD_AT, 30 * DAY_S },
	[LIMIT_DEMAND]           = { "DEMAND",              0,     0,    0, 5,              DAY_S },
};

/* A key as the table has it: NULLs become zero bytes. */
struct key {
	int64_t kind;
	struct id subject;
	uint8_t network[9];
};

static struct key key_of(struct limit_of of)
{
	struct key key = { of.limit + (of.stranger ? STRANGER_KIND : 0), { { 0 } }, { 0 } };

	if (of.subject)
		key.subject = *of.subject;
	if (of.network) {
		key.network[0] = of.network->family;
		memcpy(key.network + 1, of.network->prefix, sizeof(of.network->prefix));
	}
	return key;
}

#define KEY(key) db_int((key).kind), db_id(&(key).subject), db_blob((key).network, sizeof((key).network))

static int64_t wait_after(const struct rule *rule, int64_t count)
{
	int64_t wait_s = rule->first_s;

	if (!rule->first_s || count < rule->free)
		return 0;
	for (int64_t i = rule->free; i < count && wait_s < rule->max_s; i++)
		wait_s *= 2;
	return wait_s < rule->max_s ? wait_s : rule->max_s;
}

/* A streak's charge: the row takes it only where it does not wait. A wait longer than there can be comes from a clock that jumped. */
static enum err charge_streak(struct db *db, const struct rule *rule, struct key key, int64_t now_s, int64_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "INSERT INTO failure (kind, subject, network, count, blocked_until, changed_at) VALUES ($1, $2, $3, 1, 0, $4)"
	        " ON CONFLICT (kind, subject, network) DO UPDATE SET count = failure.count + 1, changed_at = $4"
	        " WHERE failure.count < $5 AND (failure.blocked_until <= $4 OR failure.blocked_until > $4 + $6)"
	        " RETURNING count",
	        KEY(key), db_int(now_s), db_int(rule->held_at), db_int(rule->max_s));
	if (err)
		return err;

	*count = db_get_int(&rows, 0);
	return OK;
}

static enum err charge_window(struct db *db, const struct rule *rule, struct key key, int64_t now_s, int64_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "INSERT INTO failure (kind, subject, network, count, blocked_until, changed_at)"
	        " VALUES ($1, $2, $3, 1, $4 + $5, $4)"
	        " ON CONFLICT (kind, subject, network) DO UPDATE SET changed_at = $4,"
	        " count = CASE WHEN failure.blocked_until <= $4 OR failure.blocked_until > $4 + $5 THEN 1"
	        " ELSE failure.count + 1 END,"
	        " blocked_until = CASE WHEN failure.blocked_until <= $4 OR failure.blocked_until > $4 + $5 THEN $4 + $5"
	        " ELSE failure.blocked_until END"
	        " WHERE failure.count < $6 OR failure.blocked_until <= $4 OR failure.blocked_until > $4 + $5"
	        " RETURNING count",
	        KEY(key), db_int(now_s), db_int(rule->window_s), db_int(rule->held_at));
	if (err)
		return err;

	*count = db_get_int(&rows, 0);
	return OK;
}

/* What a row that took nothing says of when it will. */
static enum err refused(struct db *db, const struct rule *rule, struct key key, int64_t now_s, struct held_off *held_off)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT count, blocked_until FROM failure WHERE kind = $1 AND subject = $2 AND network = $3", KEY(key));
	if (err)
		return err == ERR_NOT_FOUND ? ERR_STORE : err;

	int64_t wait_s = db_get_int(&rows, 1) - now_s;
	bool held = !rule->window_s && db_get_int(&rows, 0) >= rule->held_at;
	*held_off = (struct held_off){ held ? HELD_RETRY_S : wait_s > 0 ? wait_s : 1, rule->name };
	return ERR_TOO_MANY;
}

static enum err set_wait(struct db *db, struct key key, int64_t until_s)
{
	return db_change(db, NULL, "UPDATE failure SET blocked_until = $4 WHERE kind = $1 AND subject = $2 AND network = $3",
	        KEY(key), db_int(until_s));
}

enum err limit_charge(struct db *db, struct limit_of of, int64_t now_s, struct held_off *held_off, int *count)
{
	const struct rule *rule = &rules[of.limit];
	struct key key = key_of(of);
	int64_t wrong = 0, wait_s;
	enum err err = rule->window_s ? charge_window(db, rule, key, now_s, &wrong)
	                              : charge_streak(db, rule, key, now_s, &wrong);

	if (err == ERR_NOT_FOUND)
		return refused(db, rule, key, now_s, held_off);
	if (!err && (wait_s = wait_after(rule, wrong)))
		err = set_wait(db, key, now_s + wait_s);
	if (!err && count)
		*count = (int)wrong;
	return err;
}

enum err limit_ask(struct db *db, struct limit_of of, int64_t now_s, struct held_off *held_off)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	const struct rule *rule = &rules[of.limit];
	struct key key = key_of(of);
	enum err err = db_one(db, &rows,
	        "SELECT count, blocked_until FROM failure WHERE kind = $1 AND subject = $2 AND network = $3", KEY(key));
	if (err)
		return err == ERR_NOT_FOUND ? OK : err;

	int64_t count = db_get_int(&rows, 0), wait_s = db_get_int(&rows, 1) - now_s;
	int64_t longest_s = rule->window_s ? rule->window_s : rule->max_s;
	bool held = !rule->window_s && count >= rule->held_at;
	bool waits = wait_s > 0 && wait_s <= longest_s && (!rule->window_s || count >= rule->held_at);
	if (!held && !waits)
		return OK;
	*held_off = (struct held_off){ held ? HELD_RETRY_S : wait_s, rule->name };
	return ERR_TOO_MANY;
}

enum err limit_refund(struct db *db, struct limit_of of, int64_t now_s)
{
	const struct rule *rule = &rules[of.limit];
	struct key key = key_of(of);

	return db_change(db, NULL,
	        "UPDATE failure SET count = count - 1, changed_at = $4,"
	        " blocked_until = CASE WHEN $5 > 0 THEN blocked_until ELSE 0 END"
	        " WHERE kind = $1 AND subject = $2 AND network = $3 AND count > 0",
	        KEY(key), db_int(now_s), db_int(rule->window_s));
}

enum err limit_clear(struct db *db, struct limit_of of)
{
	struct key key = key_of(of);

	return db_change(db, NULL, "DELETE FROM failure WHERE kind = $1 AND subject = $2 AND network = $3", KEY(key));
}

/* A note from the future comes from a clock that jumped. */
enum err limit_note(struct db *db, struct limit_of of, int64_t now_s, int *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct key key = key_of(of);
	enum err err = db_one(db, &rows,
	        "UPDATE failure SET noted_at = $4 WHERE kind = $1 AND subject = $2 AND network = $3"
	        " AND (noted_at <= $4 - $5 OR noted_at > $4) RETURNING count",
	        KEY(key), db_int(now_s), db_int(LIMIT_NOTE_S));
	if (err)
		return err;

	*count = (int)db_get_int(&rows, 0);
	return OK;
}

enum err limit_clear_noted(struct db *db, struct limit_of of, int64_t now_s)
{
	struct key key = key_of(of);
	int64_t removed = 0;
	enum err err = db_change(db, &removed,
	        "DELETE FROM failure WHERE kind = $1 AND subject = $2 AND network = $3 AND (noted_at <= $4 - $5 OR noted_at > $4)",
	        KEY(key), db_int(now_s), db_int(LIMIT_NOTE_S));

	if (err || removed)
		return err;
	return db_change(db, NULL,
	        "UPDATE failure SET count = 0, blocked_until = 0 WHERE kind = $1 AND subject = $2 AND network = $3", KEY(key));
}

enum err limits_drop(struct db *db, const struct id *subject)
{
	enum err err = OK;

	for (int kind = LIMIT_NONE; kind < LIMIT_COUNT && !err; kind++)
		err = db_change(db, NULL, "DELETE FROM failure WHERE kind = $1 AND subject = $2", db_int(kind), db_id(subject));
	return err;
}

enum err limit_count(struct db *db, struct limit_of of, int *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct key key = key_of(of);
	enum err err = db_one(db, &rows, "SELECT count FROM failure WHERE kind = $1 AND subject = $2 AND network = $3",
	        KEY(key));

	*count = err ? 0 : (int)db_get_int(&rows, 0);
	return err == ERR_NOT_FOUND ? OK : err;
}

#define FORGET "DELETE FROM failure WHERE (kind, subject, network) IN (SELECT kind, subject, network FROM failure WHERE "

/* Of kinds that only count until a moment. */
static enum err forget_waited(struct db *db, int64_t now_s, int64_t *removed)
{
	return db_change(db, removed, FORGET "kind IN ($1, $2, $3, $4, $5) AND blocked_until <= $6 LIMIT $7)",
	        db_int(LIMIT_PASSWORD_NETWORK), db_int(LIMIT_CODE_NETWORK), db_int(LIMIT_INVITER), db_int(LIMIT_STEP_MONTH),
	        db_int(LIMIT_DEMAND), db_int(now_s), db_int(FORGET_ROWS));
}

static enum err forget_untouched(struct db *db, int kind, int64_t now_s, int64_t *removed)
{
	return db_change(db, removed, FORGET "kind IN ($1, $2) AND changed_at <= $3 LIMIT $4)", db_int(kind), db_int(kind + STRANGER_KIND),
	        db_int(now_s - LIMIT_KEEP_S), db_int(FORGET_ROWS));
}

static enum err forget_too_many(struct db *db, int kind, int64_t *removed)
{
	return db_change(db, removed,
	        FORGET "kind = $1 AND changed_at <"
	        " (SELECT changed_at FROM failure WHERE kind = $1 ORDER BY changed_at DESC LIMIT 1 OFFSET $2) LIMIT $3)",
	        db_int(kind + STRANGER_KIND), db_int(LIMIT_ROWS_MAX), db_int(FORGET_ROWS));
}

enum err limits_forget(struct db *db, int64_t now_s, int64_t *removed)
{
	enum err err;

	if ((err = mail_counts_forget(db, now_s, removed)) || *removed || (err = forget_waited(db, now_s, removed)))
		return err;
	for (int kind = LIMIT_NONE; kind < LIMIT_COUNT && !err && !*removed; kind++)
		err = forget_untouched(db, kind, now_s, removed);
	for (int kind = LIMIT_NONE; kind < LIMIT_COUNT && !err && !*removed; kind++)
		err = forget_too_many(db, kind, removed);
	return err;
}
