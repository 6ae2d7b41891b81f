#include "mail/queue.h"

#include "base/banned.h"

enum err mail_queue_add(struct db *db, const struct queued *mail)
{
	return db_change(db, NULL,
	        "INSERT INTO mail_queue (id, recipient, message, tries, next_at, expires_at, created_at)"
	        " VALUES ($1, $2, $3, 0, $4, $5, $4)",
	        db_id(&mail->id), db_text(mail->recipient), db_blob(mail->sealed.bytes, mail->sealed.length),
	        db_int(mail->created_at), db_time(mail->expires_at));
}

static enum err read_queued(const struct db_rows *rows, struct queued *out)
{
	size_t length;
	const void *sealed = db_get_blob(rows, 2, &length);
	enum err err;

	if ((err = db_get_id(rows, 0, &out->id)) ||
	    (err = db_copy_text(rows, 1, out->recipient, sizeof(out->recipient))))
		return err;
	out->tries = db_get_int(rows, 3);
	out->expires_at = db_get_int(rows, 4);
	out->created_at = db_get_int(rows, 5);
	buf_add(&out->sealed, sealed, length);
	return buf_check(&out->sealed);
}

/*
 * A moment further off than the longest back-off was set by a clock that ran ahead: it counts as come.
 * Differs on PostgreSQL: there several nodes take from one queue, by FOR UPDATE SKIP LOCKED in a change of its own.
 */
enum err mail_queue_due(struct db *db, int64_t now_s, struct queued_batch *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT id, recipient, message, tries, expires_at, created_at FROM mail_queue"
	        " WHERE next_at <= $1 OR next_at > $2 ORDER BY tries, next_at, created_at LIMIT $3",
	        db_int(now_s), db_int(now_s + MAIL_BACKOFF_LONGEST_S), db_int(MAIL_BATCH));

	queued_batch_done(out);
	while (!err && out->count < MAIL_BATCH && !(err = db_next(&rows)))
		err = read_queued(&rows, &out->mail[out->count++]);
	return err == ERR_NOT_FOUND ? OK : err;
}

/* Differs on PostgreSQL as mail_queue_due does: what another node has taken is not due here. */
enum err mail_queue_next(struct db *db, int64_t now_s, int64_t *next_at)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT min(CASE WHEN next_at > $1 THEN 0 ELSE next_at END) FROM mail_queue",
	        db_int(now_s + MAIL_BACKOFF_LONGEST_S));

	if (err)
		return err;
	if (db_is_null(&rows, 0))
		return ERR_NOT_FOUND;
	*next_at = db_get_int(&rows, 0);
	return OK;
}

enum err mail_queue_waiting(struct db *db, int64_t before_s)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	return db_one(db, &rows, "SELECT 1 FROM mail_queue WHERE created_at <= $1 LIMIT 1", db_int(before_s));
}

enum err mail_queue_remove(struct db *db, const struct id *id)
{
	return db_change(db, NULL, "DELETE FROM mail_queue WHERE id = $1", db_id(id));
}

enum err mail_queue_later(struct db *db, const struct id *id, int64_t next_at)
{
	return db_change(db, NULL, "UPDATE mail_queue SET tries = tries + 1, next_at = $2 WHERE id = $1", db_id(id),
	        db_int(next_at));
}

void queued_batch_done(struct queued_batch *batch)
{
	for (size_t i = 0; i < COUNT(batch->mail); i++)
		buf_done(&batch->mail[i].sealed);
	*batch = (struct queued_batch){ .count = 0 };
}
