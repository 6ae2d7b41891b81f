#include "sessions/session.h"

#include "base/banned.h"

#define COLUMNS \
	"id, account_id, enrolment, bearer, methods, remembered, signed_in_at, confirmed_at, second_step_at," \
	" last_seen_at, ends_at, browser, address"

/*
 * Has demand d ended session s? As accounts/caller.c and gate/verdict.c have it: for each demand by itself, counted from when it came
 * into force at the earliest. $2: now, $3: SESSION_DEMANDED_S ago.
 */
#define OVER \
	"d.required = 1 AND ((d.from_at <= $3 AND s.signed_in_at <= $3)" \
	" OR (d.from_at <= $2 - d.session_idle_s AND s.last_seen_at <= $2 - d.session_idle_s))"

static enum err read_session(const struct db_rows *rows, struct session *out)
{
	struct session found = { 0 };
	enum err err;

	if ((err = db_get_id(rows, 0, &found.id)) || (err = db_get_id(rows, 1, &found.account)) ||
	    (err = db_get_id(rows, 2, &found.enrolment)) ||
	    (err = db_copy_text(rows, 11, found.browser, sizeof(found.browser))) ||
	    (err = db_copy_text(rows, 12, found.address, sizeof(found.address))))
		return err;
	found.bearer = db_get_int(rows, 3) != 0;
	found.methods = (int)db_get_int(rows, 4);
	found.remembered = db_get_int(rows, 5) != 0;
	found.signed_in_at = db_get_int(rows, 6);
	found.confirmed_at = db_get_int(rows, 7);
	found.second_step_at = db_get_int(rows, 8);
	found.last_seen_at = db_get_int(rows, 9);
	found.ends_at = db_get_int(rows, 10);
	*out = found;
	return OK;
}

/* Ends the ones unused for longest where this account has SESSIONS_MAX already. */
static enum err make_room(struct db *db, const struct id *account)
{
	return db_change(db, NULL,
	        "DELETE FROM session WHERE account_id = $1 AND id NOT IN"
	        " (SELECT id FROM session WHERE account_id = $1 ORDER BY last_seen_at DESC, id LIMIT $2)",
	        db_id(account), db_int(SESSIONS_MAX - 1));
}

enum err session_add(struct db *db, const struct session *session, const struct token_digest *token)
{
	enum err err = make_room(db, &session->account);
	if (err)
		return err;

	return db_change(db, NULL,
	        "INSERT INTO session (id, token, account_id, enrolment, bearer, methods, remembered, signed_in_at,"
	        " confirmed_at, second_step_at, last_seen_at, ends_at, browser, address)"
	        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
	        db_id(&session->id), db_digest(token), db_id(&session->account), db_id_or_null(&session->enrolment),
	        db_int(session->bearer), db_int(session->methods), db_int(session->remembered),
	        db_int(session->signed_in_at), db_int(session->confirmed_at), db_time(session->second_step_at),
	        db_int(session->last_seen_at), db_int(session->ends_at), db_text(session->browser),
	        db_text(session->address));
}

enum err session_find(struct db *db, const struct token_digest *token, int64_t now_s, struct session *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT " COLUMNS " FROM session WHERE token = $1 AND ends_at > $2 AND last_seen_at > $3",
	        db_digest(token), db_int(now_s), db_int(now_s - SESSION_IDLE_S));

	return err ? err : read_session(&rows, out);
}

enum err session_find_id(struct db *db, const struct id *session, int64_t now_s, struct session *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT " COLUMNS " FROM session WHERE id = $1 AND ends_at > $2 AND last_seen_at > $3",
	        db_id(session), db_int(now_s), db_int(now_s - SESSION_IDLE_S));

	return err ? err : read_session(&rows, out);
}

enum err session_lives(struct db *db, const struct id *session)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT 1 FROM session WHERE id = $1", db_id(session));

	return err == ERR_NOT_FOUND ? ERR_NOT_SIGNED_IN : err;
}

enum err session_seen(struct db *db, const struct id *session, int64_t now_s)
{
	return db_change(db, NULL, "UPDATE session SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2",
	        db_id(session), db_int(now_s));
}

/* One row or the session has ended meanwhile. */
static enum err one_row(enum err err, int64_t changed)
{
	if (err)
		return err;

	return changed == 1 ? OK : ERR_NOT_SIGNED_IN;
}

enum err session_prove_password(struct db *db, const struct id *session, int64_t now_s)
{
	int64_t changed = 0;
	enum err err = db_change(db, &changed, "UPDATE session SET confirmed_at = $2 WHERE id = $1", db_id(session),
	        db_int(now_s));

	return one_row(err, changed);
}

enum err session_prove_second_step(struct db *db, const struct id *session, const struct id *enrolment, int methods,
                                   int64_t now_s)
{
	int64_t changed = 0;
	enum err err = db_change(db, &changed,
	        "UPDATE session SET second_step_at = $4, enrolment = $2, methods = methods | $3 WHERE id = $1",
	        db_id(session), db_id(enrolment), db_int(methods), db_int(now_s));

	return one_row(err, changed);
}

enum err session_forget_second_step(struct db *db, const struct id *session)
{
	int64_t changed = 0;
	enum err err = db_change(db, &changed,
	        "UPDATE session SET second_step_at = NULL, enrolment = NULL, methods = $2, remembered = 0 WHERE id = $1",
	        db_id(session), db_int(USED_PASSWORD));

	return one_row(err, changed);
}

enum err session_end(struct db *db, const struct id *account, const struct id *session)
{
	int64_t changed = 0;
	enum err err = db_change(db, &changed, "DELETE FROM session WHERE account_id = $1 AND id = $2", db_id(account),
	        db_id(session));
	if (err)
		return err;

	return changed == 1 ? OK : ERR_NOT_FOUND;
}

enum err session_end_others(struct db *db, const struct id *account, const struct id *keep)
{
	return db_change(db, NULL, "DELETE FROM session WHERE account_id = $1 AND id <> $2", db_id(account), db_id(keep));
}

enum err session_end_all(struct db *db, const struct id *account)
{
	return db_change(db, NULL, "DELETE FROM session WHERE account_id = $1", db_id(account));
}

/* The rows go later, in parts (sessions_forget): ten thousand at once would keep others' changes waiting. */
#define END_OVER \
	"UPDATE session SET ends_at = $2 WHERE ends_at > $2 AND id IN (SELECT s.id FROM mandate d" \
	" JOIN membership m ON m.organization_id = d.organization_id JOIN session s ON s.account_id = m.account_id" \
	" WHERE d.organization_id = $1 AND " OVER

enum err sessions_end_over(struct db *db, const struct id *organization, int64_t now_s)
{
	return db_change(db, NULL, END_OVER ")", db_id(organization), db_int(now_s), db_int(now_s - SESSION_DEMANDED_S));
}

enum err sessions_end_over_of(struct db *db, const struct id *organization, const struct id *account, int64_t now_s)
{
	return db_change(db, NULL, END_OVER " AND m.account_id = $4)", db_id(organization), db_int(now_s),
	        db_int(now_s - SESSION_DEMANDED_S), db_id(account));
}

enum err session_list(struct db *db, const struct id *account, int64_t now_s, struct session *out, size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT " COLUMNS " FROM session s WHERE account_id = $1 AND ends_at > $2 AND last_seen_at > $4 AND NOT EXISTS"
	        " (SELECT 1 FROM membership m JOIN mandate d ON d.organization_id = m.organization_id WHERE m.account_id = $1 AND " OVER ")"
	        " ORDER BY last_seen_at DESC, id LIMIT $5",
	        db_id(account), db_int(now_s), db_int(now_s - SESSION_DEMANDED_S), db_int(now_s - SESSION_IDLE_S), db_int((int64_t)room));

	*count = 0;
	while (!err && *count < room && !(err = db_next(&rows)))
		err = read_session(&rows, &out[(*count)++]);
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err sessions_forget(struct db *db, int64_t now_s, int64_t *removed)
{
	enum err err = db_change(db, removed, "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE ends_at <= $1 LIMIT $2)",
	        db_int(now_s), db_int(FORGET_ROWS));

	if (err || *removed)
		return err;
	return db_change(db, removed, "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE last_seen_at <= $1 LIMIT $2)",
	        db_int(now_s - SESSION_IDLE_S), db_int(FORGET_ROWS));
}
