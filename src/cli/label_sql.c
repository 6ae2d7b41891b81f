#include "base/base.h"
#include "cli/label.h"

#include "base/banned.h"

enum err label_write(struct db *db, void *argument)
{
	const struct label *label = argument;
	int64_t added = 0;
	enum err err = db_change(db, &added, "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", db_text("backup"),
	                         db_blob(label->of, sizeof(label->of) - 1));

	if (err)
		return err;
	return added == 1 ? OK : ERR_WRONG_STATE;
}

static enum err read(struct db *db, const char *name, void *out, size_t length)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT value FROM meta WHERE name = $1", db_text(name));

	return err ? err : db_get_bytes(&rows, 0, out, length);
}

enum err label_read(struct db *db, void *argument)
{
	struct label *label = argument, found = { .of = "" };
	enum err err;

	if ((err = read(db, "backup", found.of, sizeof(found.of) - 1)) || (err = read(db, "keyring", found.mark, sizeof(found.mark))))
		return err;
	if (strspn(found.of, "0123456789-:TZ") != sizeof(found.of) - 1) /* it will be shown */
		return ERR_NOT_FOUND;
	*label = found;
	return OK;
}

enum err label_find(struct db *db, void *unused)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	(void)unused;
	return db_one(db, &rows, "SELECT 1 FROM meta WHERE name = $1", db_text("backup"));
}

enum err label_remove(struct db *db)
{
	return db_change(db, NULL, "DELETE FROM meta WHERE name = $1", db_text("backup"));
}
