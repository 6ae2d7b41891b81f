#include "second_step/second_step_sql.h"

#include "accounts/account.h"

#include "base/banned.h"

enum err second_step_find(struct db *db, const struct id *account, struct enrolment *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct enrolment found = { 0 };
	enum err err = db_one(db, &rows, "SELECT id, enabled_at FROM totp WHERE account_id = $1", db_id(account));

	if (!err && !(err = db_get_id(&rows, 0, &found.id)))
		found.enabled_at = db_get_int(&rows, 1);
	if (err && err != ERR_NOT_FOUND)
		return err;
	*out = found;
	return OK;
}

enum err second_step_left(struct db *db, const struct id *account, int *recovery_codes_left)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT COUNT(*) FROM recovery_code WHERE used_at IS NULL AND set_number ="
	        " (SELECT number FROM recovery_set WHERE account_id = $1)",
	        db_id(account));
	if (err)
		return err == ERR_NOT_FOUND ? ERR_STORE : err;

	*recovery_codes_left = (int)db_get_int(&rows, 0);
	return OK;
}

enum err totp_row_secret(struct db *db, const struct id *account, struct id *enrolment, struct sealed_secret *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT id, secret FROM totp WHERE account_id = $1", db_id(account));

	if (err)
		return err == ERR_NOT_FOUND ? ERR_NOT_ENABLED : err;
	if ((err = db_get_id(&rows, 0, enrolment)))
		return err;
	return db_get_bytes(&rows, 1, out->bytes, sizeof(out->bytes));
}

enum err totp_row_add(struct db *db, const struct id *account, const struct id *enrolment, const struct sealed_secret *secret,
                      int64_t now_s)
{
	int64_t added = 0;
	enum err err = db_change(db, &added,
	        "INSERT INTO totp (id, account_id, secret, enabled_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
	        db_id(enrolment), db_id(account), db_blob(secret->bytes, sizeof(secret->bytes)), db_int(now_s));
	if (err)
		return err;

	return added == 1 ? OK : ERR_ALREADY_ENABLED;
}

enum err totp_row_remove(struct db *db, const struct id *account)
{
	int64_t removed = 0;
	enum err err = db_change(db, &removed, "DELETE FROM totp WHERE account_id = $1", db_id(account));

	if (err)
		return err;
	return removed == 1 ? account_end_half_sign_ins(db, account) : ERR_NOT_ENABLED;
}

static enum err forget_old_steps(struct db *db, const struct id *enrolment, struct totp_step now)
{
	return db_change(db, NULL,
	        "DELETE FROM spent_step WHERE totp_id = $1 AND step < $3 AND place <="
	        " (SELECT MAX(place) FROM spent_step WHERE totp_id = $1) - $2",
	        db_id(enrolment), db_int(SPENT_STEPS_KEPT), db_int(now.n - SPENT_STEPS_AGE));
}

enum err second_step_spend(struct db *db, const struct id *enrolment, struct totp_step step, struct totp_step now)
{
	int64_t added = 0;
	enum err err = db_change(db, &added,
	        "INSERT INTO spent_step (totp_id, step, place)"
	        " SELECT $1, $2, (SELECT COALESCE(MAX(place), 0) + 1 FROM spent_step WHERE totp_id = $1)"
	        " WHERE NOT EXISTS (SELECT 1 FROM spent_step WHERE totp_id = $1 AND step > $2 AND step <= $3)"
	        " ON CONFLICT DO NOTHING",
	        db_id(enrolment), db_int(step.n), db_int(now.n + 1));
	if (err)
		return err;
	if (added != 1)
		return ERR_CODE_USED;
	return forget_old_steps(db, enrolment, now);
}

enum err second_step_spend_all(struct db *db, struct totp_step until)
{
	return db_change(db, NULL,
	        "INSERT INTO spent_step (totp_id, step, place)"
	        " SELECT id, $1, (SELECT COALESCE(MAX(place), 0) + 1 FROM spent_step WHERE totp_id = totp.id) FROM totp WHERE TRUE"
	        " ON CONFLICT DO NOTHING",
	        db_int(until.n));
}

static enum err add_code(struct db *db, const struct keyring *keys, const struct id *account, const struct recovery_row *set,
                         const char *code)
{
	uint8_t digest[DIGEST_BYTES];
	char plain[RECOVERY_CODE_CHARS + 1];
	size_t length = 0;
	enum err err;

	for (; *code && length < RECOVERY_CODE_CHARS; code++)
		if (*code != '-')
			plain[length++] = *code;
	plain[length] = '\0';
	err = recovery_digest(keys, account, &set->id, plain, digest);
	wipe(plain, sizeof(plain));
	if (err)
		return err;
	return db_change(db, NULL, "INSERT INTO recovery_code (set_number, digest) VALUES ($1, $2)", db_int(set->number),
	        db_blob(digest, RECOVERY_DIGEST_BYTES));
}

static enum err add_set(struct db *db, const struct id *account, struct recovery_row *set, int64_t now_s)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "INSERT INTO recovery_set (id, account_id, issued_at) VALUES ($1, $2, $3) RETURNING number",
	        db_id(&set->id), db_id(account), db_int(now_s));

	if (err)
		return err == ERR_NOT_FOUND ? ERR_STORE : err;
	set->number = db_get_int(&rows, 0);
	return OK;
}

enum err recovery_rows_replace(struct db *db, const struct keyring *keys, const struct id *account, const struct id *set,
                               const struct recovery_set *codes, int64_t now_s)
{
	struct recovery_row row = { .id = *set };
	enum err err;

	if ((err = recovery_rows_remove(db, account)) || (err = add_set(db, account, &row, now_s)))
		return err;
	for (size_t i = 0; i < RECOVERY_CODES && !err; i++)
		err = add_code(db, keys, account, &row, codes->code[i]);
	return err;
}

enum err recovery_rows_remove(struct db *db, const struct id *account)
{
	return db_change(db, NULL, "DELETE FROM recovery_set WHERE account_id = $1", db_id(account));
}

enum err recovery_row_find(struct db *db, const struct id *account, struct recovery_row *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct recovery_row found = { 0 };
	enum err err = db_one(db, &rows, "SELECT id, number FROM recovery_set WHERE account_id = $1", db_id(account));

	if (err || (err = db_get_id(&rows, 0, &found.id)))
		return err;
	found.number = db_get_int(&rows, 1);
	*out = found;
	return OK;
}

enum err recovery_row_spend(struct db *db, const struct recovery_row *set, const uint8_t digest[static DIGEST_BYTES], int64_t now_s)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	int64_t spent = 0;
	enum err err = db_change(db, &spent,
	        "UPDATE recovery_code SET used_at = $3 WHERE set_number = $1 AND digest = $2 AND used_at IS NULL", db_int(set->number),
	        db_blob(digest, RECOVERY_DIGEST_BYTES), db_int(now_s));

	if (err || spent == 1)
		return err;
	err = db_one(db, &rows, "SELECT 1 FROM recovery_code WHERE set_number = $1 AND digest = $2", db_int(set->number),
	        db_blob(digest, RECOVERY_DIGEST_BYTES));
	if (err)
		return err == ERR_NOT_FOUND ? ERR_RECOVERY_REFUSED : err;
	return ERR_RECOVERY_USED;
}
