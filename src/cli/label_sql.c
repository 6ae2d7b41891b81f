#include "cli/label.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/base.h"

#include "base/banned.h"

/* "tstp": SQLite keeps it in the head of the file, which no log beside it changes before somebody opens both. */
#define LABEL_HEAD    0x74737470
#define LABEL_HEAD_AT 68

enum err label_write(struct db *db, void *argument)
{
	const struct label *label = argument;
	int64_t added = 0;
	enum err err = db_change(db, &added, "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", db_text("backup"),
	                         db_blob(label->of, sizeof(label->of) - 1));

	if (err)
		return err;
	return added == 1 ? db_change(db, NULL, "PRAGMA application_id = 0x74737470") : ERR_WRONG_STATE;
}

bool label_in_head(const char *path)
{
	uint8_t bytes[4] = { 0 };
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool whole = file >= 0 && pread(file, bytes, sizeof(bytes), LABEL_HEAD_AT) == sizeof(bytes);

	if (file >= 0)
		close(file);
	return whole && ((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3]) == LABEL_HEAD;
}

static enum err read_value(struct db *db, const char *name, void *out, size_t length)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT value FROM meta WHERE name = $1", db_text(name));

	return err ? err : db_get_bytes(&rows, 0, out, length);
}

enum err label_read(struct db *db, void *argument)
{
	struct label *label = argument, found = { .of = "" };
	enum err err;

	if ((err = read_value(db, "backup", found.of, sizeof(found.of) - 1)) || (err = read_value(db, "keyring", found.mark, sizeof(found.mark))))
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
	enum err err = db_change(db, NULL, "DELETE FROM meta WHERE name = $1", db_text("backup"));

	return err ? err : db_change(db, NULL, "PRAGMA application_id = 0");
}
