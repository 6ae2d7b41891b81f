#include "organizations/invitations_sql.h"

#include "base/banned.h"

#define COLUMNS "i.id, i.organization_id, o.name, i.email, i.role, i.invited_by, i.inviter, i.created_at, i.expires_at"
#define WAITING \
	" FROM invitation i JOIN organization o ON o.id = i.organization_id" \
	" JOIN membership m ON m.organization_id = i.organization_id AND m.account_id = i.invited_by" \
	" WHERE i.expires_at > $1 AND m.role >= $2"

/* The least that may invite: rights only grow with the role. */
static struct db_value inviting(void)
{
	enum role role = ROLE_MEMBER;

	while (role < ROLE_OWNER && !role_may(role, RIGHT_INVITE))
		role++;
	return db_int(role);
}

static enum err read_invitation(const struct db_rows *rows, struct invitation *out)
{
	struct invitation found = { .role = (enum role)db_get_int(rows, 4), .created_at = db_get_int(rows, 7),
		.expires_at = db_get_int(rows, 8) };
	enum err err;

	if ((err = db_get_id(rows, 0, &found.id)) || (err = db_get_id(rows, 1, &found.organization)) ||
	    (err = db_copy_text(rows, 2, found.organization_name, sizeof(found.organization_name))) ||
	    (err = db_copy_text(rows, 3, found.email, sizeof(found.email))) || (err = db_get_id(rows, 5, &found.inviter)) ||
	    (err = db_copy_text(rows, 6, found.invited_by, sizeof(found.invited_by))))
		return err;
	*out = found;
	return OK;
}

static enum err read_all(struct db_rows *rows, struct invitation *out, size_t room, size_t *count)
{
	enum err err = OK;

	*count = 0;
	while (*count < room && !(err = db_next(rows)) && !(err = read_invitation(rows, &out[*count])))
		*count += 1;
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err invitation_add(struct db *db, const struct invitation *invitation, const uint8_t digest[static DIGEST_BYTES])
{
	int64_t added = 0;
	enum err err = db_change(db, &added,
	        "INSERT INTO invitation (id, organization_id, email, role, digest, invited_by, inviter, created_at, expires_at)"
	        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (organization_id, email) DO NOTHING",
	        db_id(&invitation->id), db_id(&invitation->organization), db_text(invitation->email), db_int(invitation->role),
	        db_blob(digest, DIGEST_BYTES), db_id(&invitation->inviter), db_text(invitation->invited_by),
	        db_int(invitation->created_at), db_int(invitation->expires_at));
	if (err)
		return err;

	return added == 1 ? OK : ERR_ALREADY_INVITED;
}

enum err invitation_add_role(struct db *db, const struct invitation *invitation, const struct service_grant *grant)
{
	int64_t added = 0;
	enum err err = db_change(db, &added,
	        "INSERT INTO invitation_role (invitation_id, service_id, role)"
	        " SELECT $1, id, $4 FROM service WHERE id = $3 AND organization_id = $2",
	        db_id(&invitation->id), db_id(&invitation->organization), db_id(&grant->service), db_int(grant->role));
	if (err)
		return err;

	return added == 1 ? OK : ERR_INVALID;
}

enum err invitation_find(struct db *db, const struct id *organization, const struct id *id, int64_t now_s, struct invitation *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT " COLUMNS WAITING " AND i.organization_id = $3 AND i.id = $4", db_int(now_s),
	        inviting(), db_id(organization), db_id(id));

	return err ? err : read_invitation(&rows, out);
}

enum err invitation_find_for(struct db *db, const char *email, const struct id *id, int64_t now_s, struct invitation *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT " COLUMNS WAITING " AND i.email = $3 AND i.id = $4", db_int(now_s), inviting(),
	        db_text(email), db_id(id));

	return err ? err : read_invitation(&rows, out);
}

enum err invitation_find_digest(struct db *db, const char *email, const uint8_t digest[static DIGEST_BYTES], int64_t now_s,
                                struct invitation *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT " COLUMNS WAITING " AND i.email = $3 AND i.digest = $4", db_int(now_s), inviting(),
	        db_text(email), db_blob(digest, DIGEST_BYTES));

	return err ? err : read_invitation(&rows, out);
}

/* Newest first; rows of one second by id. */
static struct db_value begins_before(const struct invitation_place *after)
{
	return db_int(id_empty(&after->id) ? INT64_MAX : after->created_at);
}

enum err invitations_select(struct db *db, const struct id *organization, const struct invitation_place *after, int64_t now_s,
                            struct invitation *out, size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT " COLUMNS WAITING " AND i.organization_id = $3 AND (i.created_at, i.id) < ($4, $5)"
	        " ORDER BY i.created_at DESC, i.id DESC LIMIT $6",
	        db_int(now_s), inviting(), db_id(organization), begins_before(after), db_id(&after->id), db_int((int64_t)room));

	return err ? err : read_all(&rows, out, room, count);
}

enum err invitations_select_for(struct db *db, const char *email, const struct invitation_place *after, int64_t now_s,
                                struct invitation *out, size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT " COLUMNS WAITING " AND i.email = $3 AND (i.created_at, i.id) < ($4, $5)"
	        " ORDER BY i.created_at DESC, i.id DESC LIMIT $6",
	        db_int(now_s), inviting(), db_text(email), begins_before(after), db_id(&after->id), db_int((int64_t)room));

	return err ? err : read_all(&rows, out, room, count);
}

enum err invitation_grants(struct db *db, const struct id *id, struct service_grant *out, size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT s.id, s.name, r.role FROM invitation_role r JOIN service s ON s.id = r.service_id"
	        " WHERE r.invitation_id = $1 ORDER BY s.name LIMIT $2",
	        db_id(id), db_int((int64_t)room));

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

enum err invitation_renew(struct db *db, const struct invitation *invitation, const uint8_t digest[static DIGEST_BYTES])
{
	int64_t changed = 0;
	enum err err = db_change(db, &changed,
	        "UPDATE invitation SET digest = $3, invited_by = $4, inviter = $5, expires_at = $6 WHERE organization_id = $1 AND id = $2",
	        db_id(&invitation->organization), db_id(&invitation->id), db_blob(digest, DIGEST_BYTES), db_id(&invitation->inviter),
	        db_text(invitation->invited_by), db_int(invitation->expires_at));
	if (err)
		return err;

	return changed == 1 ? OK : ERR_NOT_FOUND;
}

enum err invitation_drop(struct db *db, const struct id *organization, const struct id *id)
{
	int64_t removed = 0;
	enum err err = db_change(db, &removed, "DELETE FROM invitation WHERE organization_id = $1 AND id = $2", db_id(organization),
	        db_id(id));
	if (err)
		return err;

	return removed == 1 ? OK : ERR_NOT_FOUND;
}

enum err invitation_drop_dead(struct db *db, const struct id *organization, const char *email, int64_t now_s)
{
	return db_change(db, NULL,
	        "DELETE FROM invitation WHERE organization_id = $1 AND email = $2 AND (expires_at <= $3 OR NOT EXISTS"
	        " (SELECT 1 FROM membership m WHERE m.organization_id = $1 AND m.account_id = invitation.invited_by AND m.role >= $4))",
	        db_id(organization), db_text(email), db_int(now_s), inviting());
}

enum err invitation_no_member(struct db *db, const struct id *organization, const char *email)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT 1 FROM membership WHERE organization_id = $1 AND email = $2", db_id(organization),
	        db_text(email));

	return err == ERR_NOT_FOUND ? OK : err ? err : ERR_ALREADY_MEMBER;
}

enum err invitations_lock(struct db *db, const struct id *organization)
{
	return db_change(db, NULL, "UPDATE organization SET version = version + 1 WHERE id = $1", db_id(organization));
}

enum err invitations_cancel_by(struct db *db, const struct id *organization, const struct id *account)
{
	return db_change(db, NULL, "DELETE FROM invitation WHERE organization_id = $1 AND invited_by = $2", db_id(organization),
	        db_id(account));
}

enum err invitations_forget(struct db *db, int64_t now_s, int64_t *removed)
{
	return db_change(db, removed, "DELETE FROM invitation WHERE id IN (SELECT id FROM invitation WHERE expires_at <= $1 LIMIT $2)",
	        db_int(now_s), db_int(FORGET_ROWS));
}
