#include "cli/set_back_sql.h"

#include "base/base.h"
#include "sessions/device.h"

#include "base/banned.h"

#define NOTE "clock" /* in meta */

/*
 * By how much the clock went back ($1) from what was told ($2). What says when something was, and decides nothing, stays: so do the
 * logs. A demand comes into force by the calendar; one that was in force stays so, and one that was set by the clock that was wrong
 * goes back with it. Browsers that are known are many and their year is long: those that have ended go, the others keep their day.
 */
static const struct { const char *sql; size_t values; } moves[] = {
	{ "UPDATE session SET signed_in_at = signed_in_at - $1, confirmed_at = confirmed_at - $1,"
	  " second_step_at = second_step_at - $1, last_seen_at = last_seen_at - $1, ends_at = ends_at - $1", 1 },
	{ "UPDATE app_session SET opened_at = opened_at - $1", 1 },
	{ "UPDATE hand_over SET expires_at = expires_at - $1", 1 },
	{ "UPDATE login SET expires_at = expires_at - $1", 1 },
	{ "UPDATE signup SET expires_at = expires_at - $1", 1 },
	{ "UPDATE email_code SET expires_at = expires_at - $1", 1 },
	{ "UPDATE setup SET expires_at = expires_at - $1", 1 },
	{ "UPDATE reissue SET expires_at = expires_at - $1", 1 },
	{ "UPDATE email_change SET expires_at = expires_at - $1", 1 },
	{ "UPDATE email_undo SET expires_at = expires_at - $1", 1 },
	{ "UPDATE invitation SET expires_at = expires_at - $1", 1 },
	{ "UPDATE remembered_device SET last_used_at = last_used_at - $1, expires_at = expires_at - $1", 1 },
	{ "UPDATE known_device SET expires_at = expires_at - $1 WHERE expires_at > $2 - $1 + 31536000", 2 },
	{ "UPDATE failure SET blocked_until = blocked_until - $1, changed_at = changed_at - $1, noted_at = noted_at - $1", 1 },
	{ "UPDATE mail_sent SET at = at - $1", 1 },
	{ "UPDATE mail_queue SET next_at = next_at - $1, expires_at = expires_at - $1, created_at = created_at - $1", 1 },
	{ "UPDATE signing_key SET created_at = created_at - $1, signs_at = signs_at - $1", 1 },
	{ "UPDATE membership SET last_seen_at = $2 - $1 WHERE last_seen_at > $2 - $1", 2 },
	{ "UPDATE mandate_notice SET due_at = due_at - $1 WHERE organization_id IN"
	  " (SELECT organization_id FROM mandate WHERE set_at > $2 - $1)", 2 },
	{ "UPDATE mandate SET from_at = from_at - $1, set_at = CASE WHEN set_at > $2 - $1 THEN set_at - $1 ELSE set_at END"
	  " WHERE from_at <= $2 OR set_at > $2 - $1", 2 },
};

enum err set_back_move(struct db *db, const struct set_back *by)
{
	const struct db_value values[] = { db_int(by->by_s), db_int(by->was_s) };
	int64_t removed = 0;
	enum err err;

	do
		err = devices_forget(db, by->was_s, &removed);
	while (!err && removed);
	for (size_t i = 0; i < COUNT(moves) && !err; i++)
		err = db_change_values(db, NULL, moves[i].sql, values, moves[i].values);
	return err;
}

enum err clock_row_find(struct db *db, int64_t *at_s)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	uint8_t bytes[8];
	enum err err = db_one(db, &rows, "SELECT value FROM meta WHERE name = $1", db_text(NOTE));

	*at_s = 0;
	if (err)
		return err == ERR_NOT_FOUND ? OK : err;
	if ((err = db_get_bytes(&rows, 0, bytes, sizeof(bytes))))
		return err;
	for (size_t i = 0; i < sizeof(bytes); i++)
		*at_s = (int64_t)((uint64_t)*at_s << 8 | bytes[i]);
	return OK;
}

enum err clock_row_keep(struct db *db, int64_t at_s)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)((uint64_t)at_s >> (56 - 8 * i));
	return db_change(db, NULL, "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2",
	        db_text(NOTE), db_blob(bytes, sizeof(bytes)));
}
