#include "second_step/reissue_sql.h"

#include "base/banned.h"

enum err reissue_row_put(struct db *db, const struct id *session, const struct id *account, const struct reissue_row *row)
{
	return db_change(db, NULL,
	        "INSERT INTO reissue (session_id, set_id, account_id, codes, expires_at) VALUES ($1, $2, $3, $4, $5)"
	        " ON CONFLICT (session_id) DO UPDATE SET set_id = $2, codes = $4, expires_at = $5",
	        db_id(session), db_id(&row->set), db_id(account), db_blob(row->codes.bytes, sizeof(row->codes.bytes)),
	        db_int(row->expires_at));
}

enum err reissue_row_find(struct db *db, const struct id *session, int64_t now_s, struct reissue_row *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct reissue_row found = { 0 };
	enum err err = db_one(db, &rows, "SELECT set_id, expires_at, codes FROM reissue WHERE session_id = $1 AND expires_at > $2",
	        db_id(session), db_int(now_s));

	if (err)
		return err == ERR_NOT_FOUND ? ERR_WRONG_STATE : err;
	if ((err = db_get_id(&rows, 0, &found.set)) ||
	    (err = db_get_bytes(&rows, 2, found.codes.bytes, sizeof(found.codes.bytes))))
		return err;
	found.expires_at = db_get_int(&rows, 1);
	*out = found;
	return OK;
}

enum err reissue_row_remove(struct db *db, const struct id *session)
{
	int64_t removed = 0;
	enum err err = db_change(db, &removed, "DELETE FROM reissue WHERE session_id = $1", db_id(session));

	if (err)
		return err;
	return removed == 1 ? OK : ERR_WRONG_STATE;
}

enum err reissues_forget(struct db *db, int64_t now_s, int64_t *removed)
{
	return db_change(db, removed, "DELETE FROM reissue WHERE session_id IN (SELECT session_id FROM reissue WHERE expires_at <= $1 LIMIT $2)",
	        db_int(now_s), db_int(FORGET_ROWS));
}
