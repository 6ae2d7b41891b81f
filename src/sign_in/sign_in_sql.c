#include "sign_in/sign_in_sql.h"

#include "base/banned.h"

enum err login_add(struct db *db, const struct token_digest *token, const struct account *account, enum transport transport,
                   int64_t expires_at)
{
	enum err err = db_change(db, NULL,
	        "DELETE FROM login WHERE account_id = $1 AND token NOT IN"
	        " (SELECT token FROM login WHERE account_id = $1 ORDER BY expires_at DESC, token LIMIT $2)",
	        db_id(&account->id), db_int(LOGINS_MAX - 1));
	if (err)
		return err;

	return db_change(db, NULL, "INSERT INTO login (token, account_id, bearer, version, expires_at) VALUES ($1, $2, $3, $4, $5)",
	        db_digest(token), db_id(&account->id), db_int(transport == TRANSPORT_BEARER), db_int(account->password_version),
	        db_int(expires_at));
}

enum err login_find(struct db *db, const struct token_digest *token, int64_t now_s, struct login *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct login found = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT account_id, bearer, expires_at, wrong FROM login WHERE token = $1 AND expires_at > $2"
	        " AND version = (SELECT password_version FROM account WHERE id = login.account_id)",
	        db_digest(token), db_int(now_s));

	if (err)
		return err == ERR_NOT_FOUND ? ERR_LOGIN_EXPIRED : err;
	if (db_get_int(&rows, 3) >= LOGIN_WRONG_MAX)
		return ERR_LOGIN_SPENT;
	if ((err = db_get_id(&rows, 0, &found.account)))
		return err;
	found.transport = db_get_int(&rows, 1) ? TRANSPORT_BEARER : TRANSPORT_COOKIE;
	found.expires_at = db_get_int(&rows, 2);
	*out = found;
	return OK;
}

enum err login_count_wrong(struct db *db, const struct token_digest *token)
{
	return db_change(db, NULL, "UPDATE login SET wrong = wrong + 1 WHERE token = $1", db_digest(token));
}

enum err login_spend(struct db *db, const struct token_digest *token)
{
	int64_t removed = 0;
	enum err err = db_change(db, &removed, "DELETE FROM login WHERE token = $1", db_digest(token));

	if (err)
		return err;
	return removed == 1 ? OK : ERR_LOGIN_EXPIRED;
}

enum err logins_forget(struct db *db, int64_t now_s, int64_t *removed)
{
	return db_change(db, removed, "DELETE FROM login WHERE token IN (SELECT token FROM login WHERE expires_at <= $1 LIMIT $2)",
	        db_int(now_s), db_int(FORGET_ROWS));
}
