#include "organizations/security_sql.h"

#include "base/banned.h"

enum err csv_select(struct db *db, const struct id *organization, enum csv_download *mode, int64_t *max_age_s)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT csv_download, csv_max_age_s FROM organization WHERE id = $1", db_id(organization));
	if (err)
		return err;

	*mode = (enum csv_download)db_get_int(&rows, 0);
	*max_age_s = db_get_int(&rows, 1);
	return OK;
}

enum err csv_put(struct db *db, const struct id *organization, enum csv_download mode, int64_t max_age_s)
{
	return db_change(db, NULL, "UPDATE organization SET csv_download = $2, csv_max_age_s = $3 WHERE id = $1",
	        db_id(organization), db_int(mode), db_int(max_age_s));
}

enum err progress_select(struct db *db, const struct id *organization, int64_t *members, int64_t *with_two_step)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT COUNT(*), COUNT(t.account_id) FROM membership m LEFT JOIN totp t ON t.account_id = m.account_id"
	        " WHERE m.organization_id = $1",
	        db_id(organization));
	if (err)
		return err == ERR_NOT_FOUND ? ERR_STORE : err;

	*members = db_get_int(&rows, 0);
	*with_two_step = db_get_int(&rows, 1);
	return OK;
}

enum err notice_put(struct db *db, const struct id *organization, enum notice_kind kind, int64_t due_at)
{
	return db_change(db, NULL, "INSERT INTO mandate_notice (organization_id, kind, due_at) VALUES ($1, $2, $3)",
	        db_id(organization), db_int(kind), db_int(due_at));
}

enum err notices_drop(struct db *db, const struct id *organization)
{
	return db_change(db, NULL, "DELETE FROM mandate_notice WHERE organization_id = $1", db_id(organization));
}

enum err notice_due(struct db *db, int64_t now_s, struct notice_row *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct notice_row found = { .kind = NOTICE_KIND_NONE };
	enum err err = db_one(db, &rows,
	        "SELECT organization_id, kind, after FROM mandate_notice WHERE due_at <= $1 ORDER BY due_at, organization_id LIMIT 1",
	        db_int(now_s));

	if (err || (err = db_get_id(&rows, 0, &found.organization)) || (err = db_get_id(&rows, 2, &found.after)))
		return err;
	found.kind = (enum notice_kind)db_get_int(&rows, 1);
	*out = found;
	return OK;
}

enum err notice_set_after(struct db *db, const struct notice_row *notice, const struct id *after)
{
	return db_change(db, NULL, "UPDATE mandate_notice SET after = $3 WHERE organization_id = $1 AND kind = $2",
	        db_id(&notice->organization), db_int(notice->kind), db_id(after));
}

enum err notice_drop(struct db *db, const struct notice_row *notice)
{
	return db_change(db, NULL, "DELETE FROM mandate_notice WHERE organization_id = $1 AND kind = $2",
	        db_id(&notice->organization), db_int(notice->kind));
}

static enum err read_affected(const struct db_rows *rows, struct account *out)
{
	const char *tag = db_get_text(rows, 3);
	enum err err;

	if ((err = db_get_id(rows, 0, &out->id)) || (err = db_copy_text(rows, 1, out->email, sizeof(out->email))) ||
	    (err = db_copy_text(rows, 2, out->name, sizeof(out->name))))
		return err;
	return locale_from_tag(tag, strlen(tag), &out->locale) ? OK : ERR_STORE;
}

enum err affected_select(struct db *db, const struct notice_row *notice, struct affected *out, size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT a.id, a.email, a.name, a.locale FROM membership m JOIN account a ON a.id = m.account_id"
	        " WHERE m.organization_id = $1 AND m.account_id > $2"
	        " AND NOT EXISTS (SELECT 1 FROM totp t WHERE t.account_id = m.account_id) ORDER BY m.account_id LIMIT $3",
	        db_id(&notice->organization), db_id(&notice->after), db_int((int64_t)room));

	*count = 0;
	while (!err && *count < room && !(err = db_next(&rows)) && !(err = read_affected(&rows, &out[*count].account)))
		*count += 1;
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err organization_name(struct db *db, const struct id *organization, char out[static ORGANIZATION_NAME_TEXT])
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT name FROM organization WHERE id = $1", db_id(organization));

	return err ? err : db_copy_text(&rows, 0, out, ORGANIZATION_NAME_TEXT);
}
