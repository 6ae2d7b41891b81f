#include "organizations/membership.h"

#include "base/text.h"

#include "base/banned.h"

enum err membership_find(struct db *db, const struct id *organization, const struct id *account, const struct id *session,
                         struct membership *out)
{
	static const struct id none = { { 0 } };
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct membership found = { .organization = *organization, .account = *account };
	enum err err = db_one(db, &rows,
	        "SELECT o.name, m.role, m.last_seen_at, EXISTS (SELECT 1 FROM session_organization s"
	        " WHERE s.session_id = $3 AND s.organization_id = $1)"
	        " FROM membership m JOIN organization o ON o.id = m.organization_id"
	        " WHERE m.organization_id = $1 AND m.account_id = $2",
	        db_id(organization), db_id(account), db_id(session ? session : &none));

	if (err || (err = db_copy_text(&rows, 0, found.name, sizeof(found.name))))
		return err;
	found.role = (enum role)db_get_int(&rows, 1);
	found.last_seen_at = db_get_int(&rows, 2);
	found.touched = db_get_int(&rows, 3) != 0;
	*out = found;
	return OK;
}

/* The row count decides how many there are, not a look before. */
enum err membership_add(struct db *db, const struct id *organization, const struct account *account, enum role role,
                        int64_t now_s)
{
	char key[ACCOUNT_NAME_KEY];
	int64_t added = 0;
	enum err err = text_fold(account->name, key, sizeof(key));

	if (err)
		return err;
	err = db_change(db, &added,
	        "INSERT INTO membership (organization_id, account_id, role, email, name_key, joined_at, last_seen_at)"
	        " SELECT $1, $2, $3, $4, $5, $6, $6 WHERE (SELECT COUNT(*) FROM membership WHERE account_id = $2) < $7"
	        " AND ($3 <> $8 OR (SELECT COUNT(*) FROM membership WHERE account_id = $2 AND role = $8) < $9)"
	        " ON CONFLICT (organization_id, account_id) DO NOTHING",
	        db_id(organization), db_id(&account->id), db_int(role), db_text(account->email), db_text(key), db_int(now_s),
	        db_int(MEMBERSHIPS_MAX), db_int(ROLE_OWNER), db_int(OWNED_MAX));
	if (err || added == 1)
		return err;

	struct membership there;
	err = membership_find(db, organization, &account->id, NULL, &there);
	return err == ERR_NOT_FOUND ? ERR_ORGANIZATION_LIMIT : err ? err : ERR_ALREADY_MEMBER;
}

enum err membership_seen(struct db *db, const struct id *organization, const struct id *account, int64_t at_s)
{
	return db_change(db, NULL,
	        "UPDATE membership SET last_seen_at = $3 WHERE organization_id = $1 AND account_id = $2 AND last_seen_at < $3",
	        db_id(organization), db_id(account), db_int(at_s));
}

enum err membership_owns(struct db *db, const struct id *account, bool *owns)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT 1 FROM membership WHERE account_id = $1 AND role = $2 LIMIT 1", db_id(account),
	        db_int(ROLE_OWNER));

	*owns = !err;
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err membership_count(struct db *db, const struct id *organization, int64_t now_s, int64_t *members, int64_t *invitations)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT (SELECT COUNT(*) FROM membership WHERE organization_id = $1),"
	        " (SELECT COUNT(*) FROM invitation WHERE organization_id = $1 AND expires_at > $2)",
	        db_id(organization), db_int(now_s));
	if (err)
		return err == ERR_NOT_FOUND ? ERR_STORE : err;

	*members = db_get_int(&rows, 0);
	*invitations = db_get_int(&rows, 1);
	return OK;
}
