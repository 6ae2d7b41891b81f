#include "accounts/email_change_sql.h"

#include "accounts/email_code.h"

#include "base/banned.h"

enum err move_put(struct db *db, const struct call *call, const struct move *move, int64_t expires_at)
{
	const struct caller *caller = call->caller;
	enum err err = move_drop(db, &caller->session.id);

	if (err)
		return err;
	return db_change(db, NULL,
	        "INSERT INTO email_change (session_id, id, account_id, email, expires_at) VALUES ($1, $2, $3, $4, $5)",
	        db_id(&caller->session.id), db_id(&move->id), db_id(&caller->account.id), db_text(move->email), db_int(expires_at));
}

enum err move_find(struct db *db, const struct id *session, int64_t now_s, struct move *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct move found;
	enum err err = db_one(db, &rows, "SELECT id, email FROM email_change WHERE session_id = $1 AND expires_at > $2",
	        db_id(session), db_int(now_s));

	if (err || (err = db_get_id(&rows, 0, &found.id)) || (err = db_copy_text(&rows, 1, found.email, sizeof(found.email))))
		return err;
	*out = found;
	return OK;
}

enum err move_drop(struct db *db, const struct id *session)
{
	enum err err = db_change(db, NULL,
	        "DELETE FROM email_code WHERE purpose = $1 AND subject IN (SELECT id FROM email_change WHERE session_id = $2)",
	        db_int(CODE_FOR_EMAIL_CHANGE), db_id(session));

	return err ? err : db_change(db, NULL, "DELETE FROM email_change WHERE session_id = $1", db_id(session));
}

enum err moves_drop(struct db *db, const struct id *account)
{
	enum err err = db_change(db, NULL,
	        "DELETE FROM email_code WHERE purpose = $1 AND subject IN (SELECT id FROM email_change WHERE account_id = $2)",
	        db_int(CODE_FOR_EMAIL_CHANGE), db_id(account));

	return err ? err : db_change(db, NULL, "DELETE FROM email_change WHERE account_id = $1", db_id(account));
}

/* Ways that are over, but not yet forgotten, must not live by a newer one. */
static enum err drop_if_over(struct db *db, const struct id *account, int64_t now_s)
{
	return db_change(db, NULL,
	        "DELETE FROM email_undo WHERE account_id = $1"
	        " AND NOT EXISTS (SELECT 1 FROM email_undo WHERE account_id = $1 AND expires_at > $2)",
	        db_id(account), db_int(now_s));
}

/* Its end is its rank: a second behind all earlier ones at least, whatever the clock says. */
enum err way_back_add(struct db *db, const struct token_digest *token, const struct way_back *way, int64_t now_s)
{
	enum err err = drop_if_over(db, &way->account, now_s);

	return err ? err : db_change(db, NULL,
	        "INSERT INTO email_undo (token, account_id, email, expires_at)"
	        " SELECT $1, $2, $3, CASE WHEN MAX(expires_at) >= $4 THEN MAX(expires_at) + 1 ELSE $4 END"
	        " FROM email_undo WHERE account_id = $2",
	        db_digest(token), db_id(&way->account), db_text(way->email), db_int(way->expires_at));
}

enum err way_back_find(struct db *db, const struct token_digest *token, int64_t now_s, struct way_back *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct way_back found = { .expires_at = 0 };
	enum err err = db_one(db, &rows,
	        "SELECT account_id, email, expires_at FROM email_undo way WHERE token = $1"
	        " AND EXISTS (SELECT 1 FROM email_undo WHERE account_id = way.account_id AND expires_at > $2)",
	        db_digest(token), db_int(now_s));

	if (err || (err = db_get_id(&rows, 0, &found.account)) || (err = db_copy_text(&rows, 1, found.email, sizeof(found.email))))
		return err;
	found.expires_at = db_get_int(&rows, 2);
	*out = found;
	return OK;
}

enum err way_back_first(struct db *db, const struct id *account, int64_t now_s, char email[static EMAIL_TEXT])
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT email FROM email_undo WHERE account_id = $1"
	        " AND EXISTS (SELECT 1 FROM email_undo WHERE account_id = $1 AND expires_at > $2) ORDER BY expires_at LIMIT 1",
	        db_id(account), db_int(now_s));

	return err ? err : db_copy_text(&rows, 0, email, EMAIL_TEXT);
}

/* The last one's end is the end of all, and it stays the last. */
static enum err prolong(struct db *db, const struct id *account, int64_t until_s)
{
	return db_change(db, NULL,
	        "UPDATE email_undo SET expires_at = $2 WHERE account_id = $1 AND expires_at < $2"
	        " AND expires_at = (SELECT MAX(expires_at) FROM email_undo WHERE account_id = $1)",
	        db_id(account), db_int(until_s));
}

enum err way_back_use(struct db *db, const struct way_back *way, int64_t now_s)
{
	enum err err = db_change(db, NULL, "DELETE FROM email_undo WHERE account_id = $1 AND expires_at >= $2", db_id(&way->account),
	        db_int(way->expires_at));

	return err ? err : prolong(db, &way->account, now_s + EMAIL_UNDO_S);
}

/* A way back stays for as long as a code that was mailed by it (email_to_prove). */
enum err email_changes_forget(struct db *db, int64_t now_s, int64_t *removed)
{
	enum err err = db_change(db, removed,
	        "DELETE FROM email_change WHERE session_id IN (SELECT session_id FROM email_change WHERE expires_at <= $1 LIMIT $2)",
	        db_int(now_s), db_int(FORGET_ROWS));

	if (err || *removed)
		return err;
	return db_change(db, removed,
	        "DELETE FROM email_undo WHERE token IN (SELECT token FROM email_undo way WHERE expires_at <= $1 AND NOT EXISTS"
	        " (SELECT 1 FROM email_undo WHERE account_id = way.account_id AND expires_at > $1) LIMIT $2)",
	        db_int(now_s - EMAIL_CODE_S), db_int(FORGET_ROWS));
}
