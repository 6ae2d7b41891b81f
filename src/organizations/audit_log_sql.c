#include "organizations/audit_log.h"

#include "base/banned.h"

#define COLUMNS "number, at, actor_id, account_id, actor, target, details, action, address, browser"
#define WHICH \
	"organization_id = $1 AND (at, number) < ($2, $3) AND at >= $4 AND at < $5"
#define NEWEST " ORDER BY at DESC, number DESC LIMIT $6"

/* As much as fits, at the end of a character: a log is not lost because somebody's words are long. */
static void copy_cut(const struct db_rows *rows, int column, char *out, size_t room)
{
	const char *text = db_get_text(rows, column);
	size_t length = strlen(text);

	if (length >= room)
		for (length = room - 1; length && ((unsigned char)text[length] & 0xc0) == 0x80;)
			length--;
	memcpy(out, text, length);
	out[length] = '\0';
}

static enum err read_row(const struct db_rows *rows, struct audit_row *out)
{
	enum err err;

	*out = (struct audit_row){ .number = db_get_int(rows, 0), .at = db_get_int(rows, 1) };
	if ((err = db_get_id(rows, 2, &out->actor)) || (err = db_get_id(rows, 3, &out->account)))
		return err;
	copy_cut(rows, 4, out->actor_text, sizeof(out->actor_text));
	copy_cut(rows, 5, out->target, sizeof(out->target));
	copy_cut(rows, 6, out->details, sizeof(out->details));
	copy_cut(rows, 7, out->action, sizeof(out->action));
	copy_cut(rows, 8, out->address, sizeof(out->address));
	copy_cut(rows, 9, out->browser, sizeof(out->browser));
	return OK;
}

/*
 * One statement a filter, each along an index of its own; both halves of a person's are as short as the page. Words are looked
 * for from the newest on in the whole log, which is bounded by --audit-days.
 */
static enum err begin(struct db *db, const struct id *organization, const struct audit_filter *filter, int64_t room,
                      struct db_rows *rows)
{
	struct db_value id = db_id(organization), at = db_int(filter->before_at), number = db_int(filter->before),
		from = db_int(filter->from_s), to = db_int(filter->to_s), most = db_int(room);

	if (filter->by_person)
		return db_query(db, rows,
		        "SELECT * FROM (SELECT * FROM (SELECT " COLUMNS " FROM audit_event WHERE " WHICH
		        " AND actor_id = $7 AND ($8 IS NULL OR action = $8)" NEWEST ") AS did"
		        " UNION SELECT * FROM (SELECT " COLUMNS " FROM audit_event WHERE " WHICH
		        " AND account_id = $7 AND ($8 IS NULL OR action = $8)" NEWEST ") AS met) AS both_of" NEWEST,
		        id, at, number, from, to, most, db_id(&filter->person), db_text(filter->action));
	if (*filter->words)
		return db_query(db, rows,
		        "SELECT " COLUMNS " FROM audit_event WHERE " WHICH
		        " AND (actor = $7 OR target = $7) AND ($8 IS NULL OR action = $8)" NEWEST,
		        id, at, number, from, to, most, db_text(filter->words), db_text(filter->action));
	if (filter->action)
		return db_query(db, rows, "SELECT " COLUMNS " FROM audit_event WHERE " WHICH " AND action = $7" NEWEST, id, at,
		        number, from, to, most, db_text(filter->action));
	return db_query(db, rows, "SELECT " COLUMNS " FROM audit_event WHERE " WHICH NEWEST, id, at, number, from, to, most);
}

enum err audit_select(struct db *db, const struct id *organization, const struct audit_filter *filter, struct audit_row *out,
                      size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = begin(db, organization, filter, (int64_t)room, &rows);

	*count = 0;
	while (!err && *count < room && !(err = db_next(&rows)) && !(err = read_row(&rows, &out[*count])))
		*count += 1;
	return err == ERR_NOT_FOUND ? OK : err;
}
