#include "sign_in/hand_over_sql.h"

#include "base/banned.h"

static enum err make_room(struct db *db, const struct id *session)
{
	return db_change(db, NULL,
	        "DELETE FROM hand_over WHERE session_id = $1 AND code NOT IN"
	        " (SELECT code FROM hand_over WHERE session_id = $1 ORDER BY expires_at DESC, code LIMIT $2)",
	        db_id(session), db_int(HAND_OVERS_MAX - 1));
}

enum err hand_over_add(struct db *db, const struct hand_over *row)
{
	enum err err = make_room(db, &row->session);
	if (err)
		return err;

	return db_change(db, NULL,
	        "INSERT INTO hand_over (code, session_id, host, nonce, place, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
	        db_digest(&row->code), db_id(&row->session), db_text(row->host), db_digest(&row->nonce), db_text(row->place),
	        db_int(row->expires_at));
}

static enum err read_row(const struct db_rows *rows, struct arena *arena, struct hand_over *out)
{
	enum err err;

	if ((err = db_get_id(rows, 0, &out->session)) || (err = db_get_id(rows, 1, &out->account)) ||
	    (err = db_copy_text(rows, 2, out->host, sizeof(out->host))) ||
	    (err = db_get_bytes(rows, 3, out->nonce.bytes, sizeof(out->nonce.bytes))))
		return err;
	out->expires_at = db_get_int(rows, 5);
	out->place = arena_text(arena, db_get_text(rows, 4));
	return out->place ? OK : ERR_MEMORY;
}

enum err hand_over_take(struct db *db, struct arena *arena, const struct token_digest *code, struct hand_over *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct hand_over found = { .code = *code };
	int64_t removed = 0;
	enum err err = db_one(db, &rows,
	        "SELECT h.session_id, s.account_id, h.host, h.nonce, h.place, h.expires_at"
	        " FROM hand_over h JOIN session s ON s.id = h.session_id WHERE h.code = $1", db_digest(code));

	if (err || (err = read_row(&rows, arena, &found)))
		return err;
	if ((err = db_change(db, &removed, "DELETE FROM hand_over WHERE code = $1", db_digest(code))))
		return err;
	*out = found;
	return removed == 1 ? OK : ERR_NOT_FOUND;
}

enum err app_session_add(struct db *db, const struct hand_over *row, const struct token_digest *token, int64_t now_s)
{
	enum err err = db_change(db, NULL,
	        "DELETE FROM app_session WHERE session_id = $1 AND host = $2 AND token NOT IN"
	        " (SELECT token FROM app_session WHERE session_id = $1 AND host = $2 ORDER BY opened_at DESC, token LIMIT $3)",
	        db_id(&row->session), db_text(row->host), db_int(APP_SESSIONS_MAX - 1));
	if (err)
		return err;

	return db_change(db, NULL,
	        "INSERT INTO app_session (token, session_id, account_id, host, opened_at) VALUES ($1, $2, $3, $4, $5)",
	        db_digest(token), db_id(&row->session), db_id(&row->account), db_text(row->host), db_int(now_s));
}

enum err app_session_find(struct db *db, const struct token_digest *token, const char *host, struct id *session)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT session_id FROM app_session WHERE token = $1 AND host = $2", db_digest(token),
	        db_text(host));

	return err ? err : db_get_id(&rows, 0, session);
}

enum err hand_overs_forget(struct db *db, int64_t now_s, int64_t *removed)
{
	return db_change(db, removed, "DELETE FROM hand_over WHERE code IN (SELECT code FROM hand_over WHERE expires_at <= $1 LIMIT $2)",
	        db_int(now_s), db_int(FORGET_ROWS));
}
