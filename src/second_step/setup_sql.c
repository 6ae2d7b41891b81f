#include "second_step/setup_sql.h"

#include "accounts/email_code.h"

#include "base/banned.h"

enum err setup_row_put(struct db *db, const struct id *session, const struct id *account, const struct setup_row *row)
{
	enum err err = setup_row_drop(db, session);
	if (err)
		return err;

	return db_change(db, NULL,
	        "INSERT INTO setup (id, session_id, account_id, replaces, state, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
	        db_id(&row->id), db_id(session), db_id(account), db_int(row->replaces), db_int(row->state),
	        db_int(row->expires_at));
}

/* A blob that is there from some state on. */
static enum err read_blob(const struct db_rows *rows, int column, void *out, size_t length)
{
	return db_is_null(rows, column) ? OK : db_get_bytes(rows, column, out, length);
}

enum err setup_row_find(struct db *db, const struct id *session, int64_t now_s, struct setup_row *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct setup_row found = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT id, state, replaces, expires_at, step, secret, codes FROM setup WHERE session_id = $1 AND expires_at > $2",
	        db_id(session), db_int(now_s));

	if (err)
		return err == ERR_NOT_FOUND ? ERR_WRONG_STATE : err;
	if ((err = db_get_id(&rows, 0, &found.id)) ||
	    (err = read_blob(&rows, 5, found.secret.bytes, sizeof(found.secret.bytes))) ||
	    (err = read_blob(&rows, 6, found.codes.bytes, sizeof(found.codes.bytes))))
		return err;
	found.state = (enum setup_state)db_get_int(&rows, 1);
	found.replaces = db_get_int(&rows, 2) != 0;
	found.expires_at = db_get_int(&rows, 3);
	found.step.n = db_get_int(&rows, 4);
	*out = found;
	return OK;
}

static enum err one_step(enum err err, int64_t changed)
{
	if (err)
		return err;

	return changed == 1 ? OK : ERR_WRONG_STATE;
}

enum err setup_row_email_confirmed(struct db *db, const struct setup_row *row)
{
	int64_t changed = 0;
	enum err err = db_change(db, &changed, "UPDATE setup SET state = $2, secret = $3 WHERE id = $1 AND state = $4",
	        db_id(&row->id), db_int(SETUP_EMAIL_CONFIRMED), db_blob(row->secret.bytes, sizeof(row->secret.bytes)),
	        db_int(SETUP_EMAIL_SENT));

	return one_step(err, changed);
}

enum err setup_row_code_confirmed(struct db *db, const struct setup_row *row)
{
	int64_t changed = 0;
	enum err err = db_change(db, &changed,
	        "UPDATE setup SET state = $2, codes = $3, step = $4 WHERE id = $1 AND state = $5", db_id(&row->id),
	        db_int(SETUP_CODE_CONFIRMED), db_blob(row->codes.bytes, sizeof(row->codes.bytes)), db_int(row->step.n),
	        db_int(SETUP_EMAIL_CONFIRMED));

	return one_step(err, changed);
}

enum err setup_row_remove(struct db *db, const struct id *setup)
{
	int64_t removed = 0;
	enum err err = db_change(db, &removed, "DELETE FROM setup WHERE id = $1", db_id(setup));

	return one_step(err, removed);
}

enum err setup_row_drop(struct db *db, const struct id *session)
{
	enum err err = db_change(db, NULL,
	        "DELETE FROM email_code WHERE purpose = $1 AND subject IN (SELECT id FROM setup WHERE session_id = $2)",
	        db_int(CODE_FOR_SETUP), db_id(session));
	if (err)
		return err;

	return db_change(db, NULL, "DELETE FROM setup WHERE session_id = $1", db_id(session));
}

enum err setup_state_of(struct db *db, const struct id *session, int64_t now_s, enum setup_state *state, int64_t *expires_at)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT state, expires_at FROM setup WHERE session_id = $1 AND expires_at > $2",
	        db_id(session), db_int(now_s));

	*state = err ? SETUP_NONE : (enum setup_state)db_get_int(&rows, 0);
	*expires_at = err ? 0 : db_get_int(&rows, 1);
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err setups_forget(struct db *db, int64_t now_s, int64_t *removed)
{
	return db_change(db, removed, "DELETE FROM setup WHERE id IN (SELECT id FROM setup WHERE expires_at <= $1 LIMIT $2)",
	        db_int(now_s), db_int(FORGET_ROWS));
}
