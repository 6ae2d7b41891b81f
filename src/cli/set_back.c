#include "cli/set_back.h"

#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/set_back_sql.h"

#include "base/banned.h"

static enum err find(struct db *db, void *argument)
{
	return clock_row_find(db, argument);
}

static enum err keep(struct db *db, void *argument)
{
	const int64_t *now_s = argument;

	return clock_row_keep(db, *now_s);
}

/* With the note of how late it is, so that a crash behind it moves nothing a second time. */
static enum err move(struct db *db, void *argument)
{
	const struct set_back *by = argument;
	enum err err = set_back_move(db, by);

	return err ? err : clock_row_keep(db, by->was_s - by->by_s);
}

/* Meanwhile nothing is read or written by what the clock said. */
static enum err go_back(struct store *store, struct set_back *by)
{
	enum err err;

	clock_unsure();
	if ((err = store_change(store, move, by))) {
		clock_sure();
		return err;
	}
	clock_go_back(by->was_s - by->by_s);
	log_warn("clock_set_back", LOG_INT("by_s", by->by_s));
	return OK;
}

enum err set_back_look(struct store *store)
{
	struct set_back by = { .was_s = clock_now_s(), .by_s = clock_behind_s() };
	enum err err;

	if (!by.by_s)
		clock_looked(); /* it may have come forward again by itself */
	if ((err = by.by_s ? go_back(store, &by) : store_change(store, keep, &by.was_s)))
		log_warn("clock_not_kept", LOG_INT("behind_s", by.by_s), LOG_TEXT("error", err_name(err)));
	return err;
}

enum err set_back_begin(struct store *store)
{
	int64_t at_s = 0;
	enum err err = store_read(store, find, &at_s);

	if (err)
		return err;
	clock_hold(at_s);
	return set_back_look(store);
}
