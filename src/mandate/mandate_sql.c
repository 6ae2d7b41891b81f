#include "mandate/mandate.h"

#include "base/banned.h"

/* Each counts from when it came into force at the earliest, by itself: one that comes throws nobody out whom it finds under another. */
enum err mandate_of_session(struct db *db, const struct id *account, int64_t seen_at, int64_t now_s, struct demand *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT COUNT(*), MIN(d.from_at),"
	        " MIN(CASE WHEN d.from_at <= $2 THEN CASE WHEN d.from_at > $3 THEN d.from_at ELSE $3 END + d.session_idle_s END),"
	        " MIN(CASE WHEN d.from_at <= $2 - d.session_idle_s THEN d.session_idle_s END),"
	        " MIN(CASE WHEN d.from_at > $2 THEN d.from_at"
	        " WHEN d.from_at > $2 - d.session_idle_s THEN d.from_at + d.session_idle_s END)"
	        " FROM membership m JOIN mandate d ON d.organization_id = m.organization_id"
	        " WHERE m.account_id = $1 AND d.required = 1",
	        db_id(account), db_int(now_s), db_int(seen_at));
	if (err)
		return err == ERR_NOT_FOUND ? ERR_STORE : err;

	struct demand found = { .any = db_get_int(&rows, 0) > 0, .from_at = db_get_int(&rows, 1), .idle_ends_at = db_get_int(&rows, 2),
		                 .idle_s = db_get_int(&rows, 3), .next_at = db_get_int(&rows, 4) };
	found.in_force = found.any && found.from_at <= now_s;
	*out = found;
	return OK;
}

enum err mandate_of(struct db *db, const struct id *account, int64_t now_s, struct demand *out)
{
	return mandate_of_session(db, account, now_s, now_s, out);
}

enum err mandate_list(struct db *db, const struct id *account, struct demanding *out, size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT o.id, o.name, d.from_at FROM membership m JOIN mandate d ON d.organization_id = m.organization_id"
	        " JOIN organization o ON o.id = m.organization_id"
	        " WHERE m.account_id = $1 AND d.required = 1 ORDER BY d.from_at, o.id LIMIT $2",
	        db_id(account), db_int((int64_t)room));

	*count = 0;
	while (!err && *count < room && !(err = db_next(&rows))) {
		struct demanding *one = &out[*count];

		if ((err = db_get_id(&rows, 0, &one->organization)) || (err = db_copy_text(&rows, 1, one->name, sizeof(one->name))))
			return err;
		one->from_at = db_get_int(&rows, 2);
		*count += 1;
	}
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err mandate_find(struct db *db, const struct id *organization, struct mandate *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct mandate found = { .session_idle_s = MANDATE_IDLE_S };
	enum err err = db_one(db, &rows,
	        "SELECT required, from_at, session_idle_s, set_at, set_by FROM mandate WHERE organization_id = $1",
	        db_id(organization));

	if (err && err != ERR_NOT_FOUND)
		return err;
	if (!err) {
		found.required = db_get_int(&rows, 0) != 0;
		found.from_at = db_get_int(&rows, 1);
		found.session_idle_s = db_get_int(&rows, 2);
		found.set_at = db_get_int(&rows, 3);
		if ((err = db_copy_text(&rows, 4, found.set_by, sizeof(found.set_by))))
			return err;
	}
	*out = found;
	return OK;
}

enum err mandate_put(struct db *db, const struct id *organization, const struct mandate *mandate)
{
	return db_change(db, NULL,
	        "INSERT INTO mandate (organization_id, required, from_at, session_idle_s, set_at, set_by)"
	        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organization_id) DO UPDATE SET required = $2, from_at = $3,"
	        " session_idle_s = $4, set_at = $5, set_by = $6, version = mandate.version + 1",
	        db_id(organization), db_int(mandate->required), db_int(mandate->from_at), db_int(mandate->session_idle_s),
	        db_int(mandate->set_at), db_text(mandate->set_by));
}

enum err mandate_setter_moves(struct db *db, const char *email, const char *other)
{
	return db_change(db, NULL, "UPDATE mandate SET set_by = $2 WHERE set_by = $1", db_text(email), db_text(other));
}
