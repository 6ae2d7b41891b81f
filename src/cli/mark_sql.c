#include "base/base.h"
#include "cli/mark.h"

#include "base/banned.h"

static enum err find(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT value FROM meta WHERE name = $1", db_text("keyring"));

	return err ? err : db_get_bytes(&rows, 0, argument, MARK_BYTES);
}

static enum err keep(struct db *db, void *argument)
{
	uint8_t kept[MARK_BYTES];
	enum err err;

	if ((err = db_change(db, NULL, "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
	                     db_text("keyring"), db_blob(argument, MARK_BYTES))) ||
	    (err = find(db, kept)))
		return err;
	return memcmp(kept, argument, MARK_BYTES) ? ERR_CRYPTO : OK;
}

enum err mark_find(struct store *store, uint8_t out[static MARK_BYTES])
{
	return store_read(store, find, out);
}

enum err mark_keep(struct store *store, const uint8_t mark[static MARK_BYTES])
{
	uint8_t copy[MARK_BYTES];

	memcpy(copy, mark, sizeof(copy));
	return store_change(store, keep, copy);
}
