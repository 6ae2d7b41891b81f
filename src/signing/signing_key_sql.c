#include "base/base.h"
#include "signing/signing_key.h"

#include "base/banned.h"

#define ALGORITHM "ES256"

static enum err read_last(struct db *db, int64_t *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT COALESCE(MAX(number), 0) FROM signing_key");

	if (err)
		return ERR_STORE;
	*out = db_get_int(&rows, 0);
	return OK;
}

static enum err read_row(const struct db_rows *rows, struct signing_key *out)
{
	out->number = db_get_int(rows, 0);
	out->signs_at = db_get_int(rows, 3);
	if (db_is_null(rows, 1) || db_is_null(rows, 2) || db_get_bytes(rows, 1, out->point.bytes, sizeof(out->point.bytes)) ||
	    db_get_bytes(rows, 2, out->sealed, sizeof(out->sealed)))
		return ERR_STORE;
	return OK;
}

enum err signing_keys_read(struct db *db, int64_t now_s, struct signing_keys *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err;

	out->count = 0;
	if ((err = read_last(db, &out->last)) ||
	    (err = db_query(db, &rows,
	            "SELECT number, point, sealed, signs_at FROM signing_key k WHERE algorithm = $1 AND NOT EXISTS"
	            " (SELECT 1 FROM signing_key n WHERE n.signs_at > k.signs_at AND n.signs_at <= $2)"
	            " ORDER BY signs_at, number LIMIT $3",
	            db_text(ALGORITHM), db_int(now_s - SIGNING_BEHIND_S), db_int(SIGNING_KEYS_MAX))))
		return err;
	while (!(err = db_next(&rows)) && out->count < SIGNING_KEYS_MAX)
		if ((err = read_row(&rows, &out->key[out->count++])))
			return err;
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err signing_key_add(struct db *db, const struct signing_key *key, int64_t now_s)
{
	int64_t added = 0;
	enum err err = db_change(db, &added,
	        "INSERT INTO signing_key (number, algorithm, point, sealed, created_at, signs_at) VALUES ($1, $2, $3, $4, $5, $6)"
	        " ON CONFLICT DO NOTHING",
	        db_int(key->number), db_text(ALGORITHM), db_blob(key->point.bytes, sizeof(key->point.bytes)),
	        db_blob(key->sealed, sizeof(key->sealed)), db_int(now_s), db_int(key->signs_at));

	if (err)
		return err;
	return added == 1 ? OK : ERR_WRONG_STATE;
}

enum err signing_keys_forget(struct db *db, int64_t now_s, int64_t *removed)
{
	return db_change(db, removed,
	        "DELETE FROM signing_key WHERE EXISTS"
	        " (SELECT 1 FROM signing_key n WHERE n.signs_at > signing_key.signs_at AND n.signs_at <= $1)",
	        db_int(now_s - SIGNING_BEHIND_S));
}
