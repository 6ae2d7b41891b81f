#include "sessions/device.h"

#include "base/banned.h"

/* What stands in the database for a token that this account trusts. */
static enum err bind_to(const struct keyring *keys, enum digest kind, const struct id *account, const struct token_digest *token,
                        struct token_digest *out)
{
	const struct digest_part parts[] = { { account->bytes, sizeof(account->bytes) }, { token->bytes, sizeof(token->bytes) } };

	return keyring_digest(keys, kind, parts, COUNT(parts), out->bytes);
}

enum err device_remember(struct db *db, const struct keyring *keys, const struct device *device, const struct token_digest *token)
{
	struct token_digest bound;
	enum err err = bind_to(keys, DIGEST_REMEMBERED_DEVICE, &device->account, token, &bound);

	if (!err)
		err = db_change(db, NULL,
	        "DELETE FROM remembered_device WHERE account_id = $1 AND id NOT IN"
	        " (SELECT id FROM remembered_device WHERE account_id = $1 ORDER BY last_used_at DESC, id LIMIT $2)",
	        db_id(&device->account), db_int(DEVICES_MAX - 1));
	if (err)
		return err;

	return db_change(db, NULL,
	        "INSERT INTO remembered_device (id, token, account_id, enrolment, browser, address, created_at,"
	        " last_used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
	        db_id(&device->id), db_digest(&bound), db_id(&device->account), db_id(&device->enrolment),
	        db_text(device->browser), db_text(device->address), db_int(device->created_at),
	        db_int(device->last_used_at), db_int(device->expires_at));
}

enum err device_use(struct db *db, const struct keyring *keys, const struct token_digest *token, const struct id *account, int64_t now_s)
{
	struct token_digest bound;
	int64_t changed = 0;
	enum err err = bind_to(keys, DIGEST_REMEMBERED_DEVICE, account, token, &bound);

	if (!err)
		err = db_change(db, &changed,
	        "UPDATE remembered_device SET last_used_at = $3 WHERE token = $1 AND account_id = $2 AND expires_at > $3"
	        " AND enrolment = (SELECT id FROM totp WHERE account_id = $2)",
	        db_digest(&bound), db_id(account), db_int(now_s));
	if (err)
		return err;

	return changed == 1 ? OK : ERR_NOT_FOUND;
}

static enum err read_device(const struct db_rows *rows, struct device *out)
{
	struct device found = { 0 };
	enum err err;

	if ((err = db_get_id(rows, 0, &found.id)) || (err = db_get_id(rows, 1, &found.account)) ||
	    (err = db_get_id(rows, 2, &found.enrolment)) ||
	    (err = db_copy_text(rows, 3, found.browser, sizeof(found.browser))) ||
	    (err = db_copy_text(rows, 4, found.address, sizeof(found.address))))
		return err;
	found.created_at = db_get_int(rows, 5);
	found.last_used_at = db_get_int(rows, 6);
	found.expires_at = db_get_int(rows, 7);
	*out = found;
	return OK;
}

enum err device_list(struct db *db, const struct id *account, int64_t now_s, struct device *out, size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT id, account_id, enrolment, browser, address, created_at, last_used_at, expires_at"
	        " FROM remembered_device WHERE account_id = $1 AND expires_at > $2 ORDER BY last_used_at DESC, id LIMIT $3",
	        db_id(account), db_int(now_s), db_int((int64_t)room));

	*count = 0;
	while (!err && *count < room && !(err = db_next(&rows)))
		err = read_device(&rows, &out[(*count)++]);
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err device_forget(struct db *db, const struct id *account, const struct id *device)
{
	int64_t changed = 0;
	enum err err = db_change(db, &changed, "DELETE FROM remembered_device WHERE account_id = $1 AND id = $2",
	        db_id(account), db_id(device));
	if (err)
		return err;

	return changed == 1 ? OK : ERR_NOT_FOUND;
}

enum err device_forget_all(struct db *db, const struct id *account)
{
	return db_change(db, NULL, "DELETE FROM remembered_device WHERE account_id = $1", db_id(account));
}

enum err device_know(struct db *db, const struct keyring *keys, const struct token_digest *token, const struct id *account, int64_t now_s)
{
	struct token_digest bound;
	enum err err = bind_to(keys, DIGEST_KNOWN_DEVICE, account, token, &bound);

	if (!err)
		err = db_change(db, NULL,
	        "DELETE FROM known_device WHERE account_id = $1 AND token NOT IN"
	        " (SELECT token FROM known_device WHERE account_id = $1 ORDER BY expires_at DESC, token LIMIT $2)",
	        db_id(account), db_int(DEVICES_MAX - 1));
	if (err)
		return err;

	return db_change(db, NULL, "INSERT INTO known_device (token, account_id, expires_at) VALUES ($1, $2, $3)",
	        db_digest(&bound), db_id(account), db_int(now_s + DEVICE_KNOWN_S));
}

enum err device_known(struct db *db, const struct keyring *keys, const struct token_digest *token, const struct id *account, int64_t now_s)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct token_digest bound;
	enum err err = bind_to(keys, DIGEST_KNOWN_DEVICE, account, token, &bound);

	return err ? err : db_one(db, &rows, "SELECT 1 FROM known_device WHERE token = $1 AND account_id = $2 AND expires_at > $3",
	        db_digest(&bound), db_id(account), db_int(now_s));
}

enum err device_unknow_all(struct db *db, const struct id *account)
{
	return db_change(db, NULL, "DELETE FROM known_device WHERE account_id = $1", db_id(account));
}

enum err devices_forget(struct db *db, int64_t now_s, int64_t *removed)
{
	enum err err = db_change(db, removed,
	        "DELETE FROM remembered_device WHERE id IN (SELECT id FROM remembered_device WHERE expires_at <= $1 LIMIT $2)",
	        db_int(now_s), db_int(FORGET_ROWS));
	if (err || *removed)
		return err;

	return db_change(db, removed,
	        "DELETE FROM known_device WHERE (account_id, token) IN (SELECT account_id, token FROM known_device WHERE expires_at <= $1 LIMIT $2)",
	        db_int(now_s), db_int(FORGET_ROWS));
}
