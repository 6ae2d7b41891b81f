#include "accounts/directory.h"

#include "base/text.h"

#include "base/banned.h"

#define SEARCH_PATTERN (2 * NAME_TEXT + 2)

static enum err read_listed(const struct db_rows *rows, struct listed *out)
{
	enum err err;

	if ((err = db_get_id(rows, 0, &out->id)) || (err = db_copy_text(rows, 1, out->email, sizeof(out->email))) ||
	    (err = db_copy_text(rows, 2, out->name, sizeof(out->name))))
		return err;
	out->two_step = db_get_int(rows, 3) != 0;
	out->created_at = db_get_int(rows, 4);
	out->signed_in_at = db_get_int(rows, 5);
	out->organizations = db_get_int(rows, 6);
	return OK;
}

/* What LIKE reads as more than itself is escaped. */
static enum err make_pattern(const char *search, char out[static SEARCH_PATTERN])
{
	char text[NAME_TEXT], *to = out;
	enum err err = text_nfc(search, text, sizeof(text));

	if (err)
		return err;
	*to++ = '%';
	for (const char *from = text; *from; from++) {
		if (*from == '%' || *from == '_' || *from == '!')
			*to++ = '!';
		*to++ = *from;
	}
	*to++ = '%';
	*to = '\0';
	return OK;
}

enum err directory_select(struct db *db, const char *search, const char *after, struct listed *out, size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	char pattern[SEARCH_PATTERN];
	enum err err = search ? make_pattern(search, pattern) : OK;

	*count = 0;
	if (err)
		return err;
	err = db_query(db, &rows,
	        "SELECT a.id, a.email, a.name, t.id IS NOT NULL, a.created_at, a.signed_in_at,"
	        " (SELECT COUNT(*) FROM membership m WHERE m.account_id = a.id)"
	        " FROM account a LEFT JOIN totp t ON t.account_id = a.id WHERE a.email > $1"
	        " AND ($2 IS NULL OR a.email LIKE $2 ESCAPE '!' OR a.name LIKE $2 ESCAPE '!') ORDER BY a.email LIMIT $3",
	        db_text(after), db_text(search ? pattern : NULL), db_int((int64_t)room));
	while (!err && *count < room && !(err = db_next(&rows)) && !(err = read_listed(&rows, &out[*count])))
		*count += 1;
	return err == ERR_NOT_FOUND ? OK : err;
}
