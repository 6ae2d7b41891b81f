#include "accounts/account.h"

#include "base/banned.h"

#define COLUMNS "id, email, name, locale, created_at, setup_required_at, step_cleared_at, password_version"

static enum err read_account(const struct db_rows *rows, struct account *out)
{
	struct account found = { 0 };
	const char *tag = db_get_text(rows, 3);
	enum err err;

	if ((err = db_get_id(rows, 0, &found.id)) || (err = db_copy_text(rows, 1, found.email, sizeof(found.email))) ||
	    (err = db_copy_text(rows, 2, found.name, sizeof(found.name))))
		return err;
	if (!locale_from_tag(tag, strlen(tag), &found.locale))
		return ERR_STORE;
	found.created_at = db_get_int(rows, 4);
	found.setup_required_at = db_get_int(rows, 5);
	found.step_cleared_at = db_get_int(rows, 6);
	found.password_version = db_get_int(rows, 7);
	*out = found;
	return OK;
}

enum err account_find(struct db *db, const struct id *id, struct account *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT " COLUMNS " FROM account WHERE id = $1 AND closed_at IS NULL", db_id(id));

	return err ? err : read_account(&rows, out);
}

enum err account_find_email(struct db *db, const char *email, struct account *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT " COLUMNS " FROM account WHERE email = $1 AND closed_at IS NULL",
	        db_text(email));

	return err ? err : read_account(&rows, out);
}

enum err account_password(struct db *db, const struct id *account, struct sealed_password *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT password FROM account WHERE id = $1", db_id(account));

	return err ? err : db_get_bytes(&rows, 0, out->bytes, sizeof(out->bytes));
}

enum err account_password_is(struct db *db, const struct id *account, const struct sealed_password *sealed)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	return db_one(db, &rows, "SELECT 1 FROM account WHERE id = $1 AND password = $2 AND closed_at IS NULL", db_id(account),
	        db_blob(sealed->bytes, sizeof(sealed->bytes)));
}

enum err account_add(struct db *db, const struct account *account, const struct sealed_password *password, int64_t now_s)
{
	int64_t added = 0;
	enum err err = db_change(db, &added,
	        "INSERT INTO account (id, email, name, locale, password, password_at, created_at)"
	        " VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT DO NOTHING",
	        db_id(&account->id), db_text(account->email), db_text(account->name), db_text(locale_tag(account->locale)),
	        db_blob(password->bytes, sizeof(password->bytes)), db_int(now_s));
	if (err)
		return err;

	return added == 1 ? OK : ERR_WRONG_STATE;
}

enum err account_set_profile(struct db *db, const struct id *account, const char *name, enum locale locale)
{
	return db_change(db, NULL, "UPDATE account SET name = $2, locale = $3 WHERE id = $1", db_id(account), db_text(name),
	        db_text(locale_tag(locale)));
}

enum err account_set_password(struct db *db, const struct id *account, const struct sealed_password *password, int64_t now_s)
{
	return db_change(db, NULL,
	        "UPDATE account SET password = $2, password_at = $3, password_version = password_version + 1 WHERE id = $1",
	        db_id(account), db_blob(password->bytes, sizeof(password->bytes)), db_int(now_s));
}

enum err account_refresh_password(struct db *db, const struct id *account, const struct sealed_password *password)
{
	return db_change(db, NULL, "UPDATE account SET password = $2 WHERE id = $1", db_id(account),
	        db_blob(password->bytes, sizeof(password->bytes)));
}

enum err account_set_step_cleared(struct db *db, const struct id *account, int64_t now_s)
{
	return db_change(db, NULL, "UPDATE account SET step_cleared_at = $2 WHERE id = $1", db_id(account), db_int(now_s));
}

enum err account_set_up_done(struct db *db, const struct id *account)
{
	return db_change(db, NULL, "UPDATE account SET setup_required_at = NULL WHERE id = $1", db_id(account));
}
