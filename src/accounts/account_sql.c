#include "accounts/account.h"

#include "base/text.h"

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
	enum err err = db_one(db, &rows, "SELECT " COLUMNS " FROM account WHERE id = $1", db_id(id));

	return err ? err : read_account(&rows, out);
}

/*
 * Asks for the first address that is not before this one, and reads whatever is found: an address that nobody has costs as much as
 * one that somebody has. Only the same address counts.
 */
enum err account_find_email(struct db *db, const char *email, struct account *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct account found;
	enum err err = db_one(db, &rows, "SELECT " COLUMNS " FROM account WHERE email >= $1 ORDER BY email LIMIT 1", db_text(email));

	if (err)
		return err;
	err = read_account(&rows, &found);
	if (strcmp(db_get_text(&rows, 1), email))
		return ERR_NOT_FOUND;
	if (!err)
		*out = found;
	return err;
}

/* As above: who has no account costs as much. */
enum err account_password(struct db *db, const struct id *account, struct sealed_password *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct sealed_password found;
	struct id whose;
	enum err err = db_one(db, &rows, "SELECT id, password FROM account WHERE id >= $1 ORDER BY id LIMIT 1", db_id(account));

	if (err || (err = db_get_id(&rows, 0, &whose)))
		return err;
	err = db_get_bytes(&rows, 1, found.bytes, sizeof(found.bytes));
	if (!id_same(&whose, account))
		return ERR_NOT_FOUND;
	if (!err)
		*out = found;
	return err;
}

enum err account_password_is(struct db *db, const struct id *account, const struct sealed_password *sealed)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	return db_one(db, &rows, "SELECT 1 FROM account WHERE id = $1 AND password = $2", db_id(account),
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
	char key[ACCOUNT_NAME_KEY];
	enum err err = db_change(db, NULL, "UPDATE account SET name = $2, locale = $3 WHERE id = $1", db_id(account),
	        db_text(name), db_text(locale_tag(locale)));
	/* the copy that lists of members sort by */
	if (err || (err = text_fold(name, key, sizeof(key))))
		return err;
	return db_change(db, NULL, "UPDATE membership SET name_key = $2 WHERE account_id = $1 AND name_key <> $2", db_id(account),
	        db_text(key));
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

enum err account_signed_in(struct db *db, const struct id *account, int64_t now_s)
{
	return db_change(db, NULL, "UPDATE account SET signed_in_at = $2 WHERE id = $1", db_id(account), db_int(now_s));
}

enum err account_require_set_up(struct db *db, const struct id *account, int64_t now_s)
{
	return db_change(db, NULL, "UPDATE account SET setup_required_at = $2 WHERE id = $1", db_id(account), db_int(now_s));
}

enum err account_end_half_sign_ins(struct db *db, const struct id *account)
{
	return db_change(db, NULL, "UPDATE account SET password_version = password_version + 1 WHERE id = $1", db_id(account));
}

/* By way of the organizations that the account is in: an inviter is a member, and so is who needs no invitation. */
static enum err move_invitations(struct db *db, const struct id *account, const char *email)
{
	enum err err = db_change(db, NULL,
	        "UPDATE invitation SET inviter = $2 WHERE invited_by = $1"
	        " AND organization_id IN (SELECT organization_id FROM membership WHERE account_id = $1)",
	        db_id(account), db_text(email));
	if (err)
		return err;

	return db_change(db, NULL,
	        "DELETE FROM invitation WHERE email = $2"
	        " AND organization_id IN (SELECT organization_id FROM membership WHERE account_id = $1)",
	        db_id(account), db_text(email));
}

enum err account_set_email(struct db *db, const struct id *account, const char *email)
{
	int64_t changed = 0;
	enum err err = db_change(db, &changed,
	        "UPDATE account SET email = $2, password_version = password_version + 1"
	        " WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM account WHERE email = $2)",
	        db_id(account), db_text(email));
	if (err || changed != 1)
		return err ? err : ERR_EMAIL_TAKEN;

	/* the copy that lists of members sort by */
	if ((err = db_change(db, NULL, "UPDATE membership SET email = $2 WHERE account_id = $1", db_id(account), db_text(email))))
		return err;
	return move_invitations(db, account, email);
}

enum err account_drop(struct db *db, const struct id *account)
{
	int64_t removed = 0;
	enum err err = db_change(db, &removed, "DELETE FROM account WHERE id = $1", db_id(account));
	if (err)
		return err;

	return removed == 1 ? OK : ERR_NOT_FOUND;
}
