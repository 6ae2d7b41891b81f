#include "organizations/organization_sql.h"

#include "base/banned.h"

enum err organization_add(struct db *db, const struct id *id, const char *name, int64_t now_s)
{
	return db_change(db, NULL, "INSERT INTO organization (id, name, created_at) VALUES ($1, $2, $3)", db_id(id), db_text(name),
	        db_int(now_s));
}

enum err organization_set_name(struct db *db, const struct id *id, const char *name)
{
	return db_change(db, NULL, "UPDATE organization SET name = $2 WHERE id = $1", db_id(id), db_text(name));
}

enum err organization_drop(struct db *db, const struct id *id)
{
	int64_t removed = 0;
	enum err err = db_change(db, &removed, "DELETE FROM organization WHERE id = $1", db_id(id));
	if (err)
		return err;

	return removed == 1 ? OK : ERR_NOT_FOUND;
}

#define COLUMNS "o.id, o.name, m.role, m.last_seen_at"
#define OF_ACCOUNT " FROM membership m JOIN organization o ON o.id = m.organization_id WHERE m.account_id = $1"

static enum err read_all(struct db_rows *rows, struct organization *out, size_t room, size_t *count)
{
	enum err err = OK;

	*count = 0;
	while (*count < room && !(err = db_next(rows))) {
		struct organization *one = &out[*count];

		if ((err = db_get_id(rows, 0, &one->id)) || (err = db_copy_text(rows, 1, one->name, sizeof(one->name))))
			return err;
		one->role = (enum role)db_get_int(rows, 2);
		one->last_seen_at = db_get_int(rows, 3);
		*count += 1;
	}
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err organization_list(struct db *db, const struct id *account, struct organization *out, size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows, "SELECT " COLUMNS OF_ACCOUNT " ORDER BY m.last_seen_at DESC, o.id LIMIT $2", db_id(account),
	        db_int((int64_t)room));

	return err ? err : read_all(&rows, out, room, count);
}

enum err organization_list_by_name(struct db *db, const struct id *account, const struct organization_place *after,
                                   struct organization *out, size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT " COLUMNS OF_ACCOUNT " AND (lower(o.name), o.id) > (lower($2), $3) ORDER BY lower(o.name), o.id LIMIT $4",
	        db_id(account), db_text(after->name), db_id(&after->id), db_int((int64_t)room));

	return err ? err : read_all(&rows, out, room, count);
}

enum err organization_named(struct db *db, const char *name, struct id out[static 2], size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows, "SELECT id FROM organization WHERE name = $1 LIMIT 2", db_text(name));

	*count = 0;
	while (!err && *count < 2 && !(err = db_next(&rows)) && !(err = db_get_id(&rows, 0, &out[*count])))
		*count += 1;
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err organization_exists(struct db *db, const struct id *id)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	return db_one(db, &rows, "SELECT 1 FROM organization WHERE id = $1", db_id(id));
}

static enum err read_counted(const struct db_rows *rows, struct counted_organization *out)
{
	enum err err;

	if ((err = db_get_id(rows, 0, &out->id)) || (err = db_copy_text(rows, 1, out->name, sizeof(out->name))) ||
	    (err = db_copy_text(rows, 2, out->owner, sizeof(out->owner))))
		return err;
	out->members = db_get_int(rows, 3);
	return OK;
}

enum err organizations_count(struct db *db, const struct id *after, struct counted_organization *out, size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT o.id, o.name, m.email, (SELECT COUNT(*) FROM membership c WHERE c.organization_id = o.id)"
	        " FROM organization o LEFT JOIN membership m ON m.organization_id = o.id AND m.role = $3"
	        " WHERE o.id > $1 ORDER BY o.id LIMIT $2",
	        db_id(after), db_int((int64_t)room), db_int(ROLE_OWNER));

	*count = 0;
	while (!err && *count < room && !(err = db_next(&rows)) && !(err = read_counted(&rows, &out[*count])))
		*count += 1;
	return err == ERR_NOT_FOUND ? OK : err;
}
