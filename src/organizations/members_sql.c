#include "organizations/members_sql.h"

#include "base/banned.h"

#define COLUMNS \
	"m.account_id, m.email, a.name, m.role, m.joined_at, m.last_seen_at, a.signed_in_at, t.id IS NOT NULL, m.name_key"
#define TABLES \
	" FROM membership m JOIN account a ON a.id = m.account_id LEFT JOIN totp t ON t.account_id = m.account_id"
/* $3: enum members_kind; asked of the membership alone, so that whom it leaves out costs no look at the account. */
#define WHICH \
	" WHERE m.organization_id = $1 AND ($2 IS NULL OR m.email LIKE $2 ESCAPE '!' OR m.name_key LIKE $2 ESCAPE '!')" \
	" AND ($3 = 0 OR ($3 = 2) = EXISTS (SELECT 1 FROM totp WHERE account_id = m.account_id))"

static enum err read_member(const struct db_rows *rows, struct member *out)
{
	struct member found = { 0 };
	enum err err;

	if ((err = db_get_id(rows, 0, &found.account)) || (err = db_copy_text(rows, 1, found.email, sizeof(found.email))) ||
	    (err = db_copy_text(rows, 2, found.name, sizeof(found.name))))
		return err;
	found.role = (enum role)db_get_int(rows, 3);
	found.joined_at = db_get_int(rows, 4);
	found.last_seen_at = db_get_int(rows, 5);
	found.signed_in_at = db_get_int(rows, 6);
	found.two_step = db_get_int(rows, 7) != 0;
	*out = found;
	return OK;
}

/* One statement a sort, each along an index of its own. */
static enum err begin(struct db *db, const struct member_rows *which, int64_t room, struct db_rows *rows)
{
	const struct member_place *after = &which->after;
	struct db_value id = db_id(which->organization), pattern = db_text(which->pattern), kind = db_int(which->kind);
	bool first = id_empty(&after->account);

	switch (which->sort) {
	case SORT_NAME:
		return db_query(db, rows,
		        "SELECT " COLUMNS TABLES WHICH " AND (m.name_key, m.account_id) > ($4, $5)"
		        " ORDER BY m.name_key, m.account_id LIMIT $6",
		        id, pattern, kind, db_text(first ? "" : after->text), db_id(&after->account), db_int(room));
	case SORT_LAST_SEEN:
		return db_query(db, rows,
		        "SELECT " COLUMNS TABLES WHICH " AND (m.last_seen_at, m.account_id) < ($4, $5)"
		        " ORDER BY m.last_seen_at DESC, m.account_id DESC LIMIT $6",
		        id, pattern, kind, db_int(first ? INT64_MAX : after->at_s), db_id(&after->account), db_int(room));
	case SORT_EMAIL:
	default:
		return db_query(db, rows,
		        "SELECT " COLUMNS TABLES WHICH " AND m.email > $4 ORDER BY m.email LIMIT $5",
		        id, pattern, kind, db_text(first ? "" : after->text), db_int(room));
	}
}

static enum err read_place(const struct db_rows *rows, enum member_sort sort, struct member_place *out)
{
	enum err err = db_get_id(rows, 0, &out->account);

	out->at_s = db_get_int(rows, 5);
	return err ? err : db_copy_text(rows, sort == SORT_NAME ? 8 : 1, out->text, sizeof(out->text));
}

enum err members_select(struct db *db, const struct member_rows *which, struct member *out, size_t room, size_t *count,
                        struct member_place *last, bool *more)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = begin(db, which, (int64_t)room + 1, &rows);

	*count = 0;
	while (!err && *count < room && !(err = db_next(&rows)))
		if (!(err = read_member(&rows, &out[*count])) && !(err = read_place(&rows, which->sort, last)))
			*count += 1;
	*more = !err && !(err = db_next(&rows));
	return err == ERR_NOT_FOUND ? OK : err;
}

/* Outer columns follow those of a member. */
enum err service_holders_select(struct db *db, const struct id *organization, const struct id *service, const char *after,
                                struct member *out, struct service_grant *grants, size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT " COLUMNS ", r.role, s.name" TABLES
	        " JOIN service_role r ON r.account_id = m.account_id JOIN service s ON s.id = r.service_id"
	        " WHERE m.organization_id = $1 AND s.organization_id = $1 AND s.id = $2 AND m.email > $3 ORDER BY m.email LIMIT $4",
	        db_id(organization), db_id(service), db_text(after), db_int((int64_t)room));

	*count = 0;
	while (!err && *count < room && !(err = db_next(&rows))) {
		struct service_grant *grant = &grants[*count];

		if ((err = read_member(&rows, &out[*count])) || (err = db_copy_text(&rows, 10, grant->name, sizeof(grant->name))))
			return err;
		grant->service = *service;
		grant->role = (enum service_role)db_get_int(&rows, 9);
		out[*count].services = grant;
		out[*count].service_count = 1;
		*count += 1;
	}
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err member_select(struct db *db, const struct id *organization, const struct id *account, struct member *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT " COLUMNS TABLES " WHERE m.organization_id = $1 AND m.account_id = $2",
	        db_id(organization), db_id(account));

	return err ? err : read_member(&rows, out);
}

static enum err begin_grants(struct db *db, const struct id *organization, const struct id *account, enum role role, int64_t room,
                             struct db_rows *rows)
{
	if (role == ROLE_OWNER || role == ROLE_MANAGER)
		return db_query(db, rows, "SELECT id, name, $2 FROM service WHERE organization_id = $1 ORDER BY name LIMIT $3",
		        db_id(organization), db_int(SERVICE_MANAGER), db_int(room));
	return db_query(db, rows,
	        "SELECT s.id, s.name, r.role FROM service_role r JOIN service s ON s.id = r.service_id"
	        " WHERE r.organization_id = $1 AND r.account_id = $2 ORDER BY s.name LIMIT $3",
	        db_id(organization), db_id(account), db_int(room));
}

enum err grants_select(struct db *db, const struct id *organization, const struct id *account, enum role role,
                       struct service_grant *out, size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = begin_grants(db, organization, account, role, (int64_t)room, &rows);

	*count = 0;
	while (!err && *count < room && !(err = db_next(&rows))) {
		struct service_grant *one = &out[*count];

		if ((err = db_get_id(&rows, 0, &one->service)) || (err = db_copy_text(&rows, 1, one->name, sizeof(one->name))))
			return err;
		one->role = (enum service_role)db_get_int(&rows, 2);
		*count += 1;
	}
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err grants_put(struct db *db, const struct id *organization, const struct id *account, const struct service_grant *grants,
                    size_t count)
{
	enum err err = db_change(db, NULL, "DELETE FROM service_role WHERE organization_id = $1 AND account_id = $2",
	        db_id(organization), db_id(account));

	for (size_t i = 0; i < count && !err; i++) {
		int64_t added = 0;

		err = db_change(db, &added,
		        "INSERT INTO service_role (service_id, account_id, organization_id, role)"
		        " SELECT id, $2, $1, $4 FROM service WHERE id = $3 AND organization_id = $1",
		        db_id(organization), db_id(account), db_id(&grants[i].service), db_int(grants[i].role));
		if (!err && added != 1)
			err = ERR_INVALID;
	}
	return err;
}

enum err member_set_role(struct db *db, const struct id *organization, const struct id *account, enum role from, enum role to)
{
	int64_t changed = 0;
	enum err err = db_change(db, &changed,
	        "UPDATE membership SET role = $4 WHERE organization_id = $1 AND account_id = $2 AND role = $3", db_id(organization),
	        db_id(account), db_int(from), db_int(to));
	if (err)
		return err;

	return changed == 1 ? OK : ERR_NOT_FOUND;
}

/* The row count decides how many there are, not a look before. */
enum err member_set_owner(struct db *db, const struct id *organization, const struct id *account, int64_t most)
{
	int64_t changed = 0;
	enum err err = db_change(db, &changed,
	        "UPDATE membership SET role = $3 WHERE organization_id = $1 AND account_id = $2"
	        " AND (SELECT COUNT(*) FROM membership WHERE account_id = $2 AND role = $3) < $4",
	        db_id(organization), db_id(account), db_int(ROLE_OWNER), db_int(most));

	return err || changed == 1 ? err : ERR_ORGANIZATION_LIMIT;
}

enum err member_find_email(struct db *db, const struct id *organization, const char *email, struct id *account)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT account_id FROM membership WHERE organization_id = $1 AND email = $2",
	        db_id(organization), db_text(email));

	return err ? err : db_get_id(&rows, 0, account);
}

enum err member_drop(struct db *db, const struct id *organization, const struct id *account)
{
	int64_t removed = 0;
	enum err err = db_change(db, &removed, "DELETE FROM membership WHERE organization_id = $1 AND account_id = $2",
	        db_id(organization), db_id(account));
	if (err)
		return err;

	return removed == 1 ? OK : ERR_NOT_FOUND;
}

enum err organization_owner(struct db *db, const struct id *organization, struct id *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT account_id FROM membership WHERE organization_id = $1 AND role = $2",
	        db_id(organization), db_int(ROLE_OWNER));

	return err ? err : db_get_id(&rows, 0, out);
}
