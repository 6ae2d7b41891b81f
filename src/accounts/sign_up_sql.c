#include "accounts/sign_up_sql.h"

#include "accounts/email_code.h"

#include "base/banned.h"

enum err sign_up_add(struct db *db, const struct sign_up_try *try, const struct token_digest *token, int64_t expires_at)
{
	return db_change(db, NULL,
	        "INSERT INTO signup (id, token, email, name, locale, password, expires_at)"
	        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
	        db_id(&try->id), db_digest(token), db_text(try->account.email), db_text(try->account.name),
	        db_text(locale_tag(try->account.locale)), db_blob(try->password.bytes, sizeof(try->password.bytes)),
	        db_int(expires_at));
}

#define COLUMNS "id, email, name, locale, password"

static enum err read_try(const struct db_rows *rows, struct sign_up_try *out)
{
	struct sign_up_try found = { 0 };
	const char *tag = db_get_text(rows, 3);
	enum err err;

	if ((err = db_get_id(rows, 0, &found.id)) ||
	    (err = db_copy_text(rows, 1, found.account.email, sizeof(found.account.email))) ||
	    (err = db_copy_text(rows, 2, found.account.name, sizeof(found.account.name))) ||
	    (err = db_get_bytes(rows, 4, found.password.bytes, sizeof(found.password.bytes))))
		return err;
	if (!locale_from_tag(tag, strlen(tag), &found.account.locale))
		return ERR_STORE;
	*out = found;
	return OK;
}

enum err sign_up_find(struct db *db, const struct token_digest *token, int64_t now_s, struct sign_up_try *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT " COLUMNS " FROM signup WHERE token = $1 AND expires_at > $2",
	        db_digest(token), db_int(now_s));

	return err ? err : read_try(&rows, out);
}

enum err sign_up_find_id(struct db *db, const struct id *id, int64_t now_s, struct sign_up_try *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT " COLUMNS " FROM signup WHERE id = $1 AND expires_at > $2", db_id(id),
	        db_int(now_s));

	return err ? err : read_try(&rows, out);
}

enum err sign_up_end(struct db *db, const char *email)
{
	enum err err = db_change(db, NULL,
	        "DELETE FROM email_code WHERE purpose = $1 AND subject IN (SELECT id FROM signup WHERE email = $2)",
	        db_int(CODE_FOR_SIGNUP), db_text(email));
	if (err)
		return err;

	return db_change(db, NULL, "DELETE FROM signup WHERE email = $1", db_text(email));
}

enum err sign_ups_forget(struct db *db, int64_t now_s, int64_t *removed)
{
	return db_change(db, removed, "DELETE FROM signup WHERE id IN (SELECT id FROM signup WHERE expires_at <= $1 LIMIT $2)",
	        db_int(now_s), db_int(FORGET_ROWS));
}
