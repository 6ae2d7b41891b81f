/*
 * queue: mails on their way, in the database (mail_sql.c): written by letter.c, taken by mailer.c.
 */
#ifndef TWOSTEP_MAIL_QUEUE_H
#define TWOSTEP_MAIL_QUEUE_H

#include "base/buf.h"
#include "keys/keyring.h"
#include "store/db.h"

#define MAIL_BACKOFF_FIRST_S   5
#define MAIL_BACKOFF_LONGEST_S 900              /* 15 minutes */
#define MAIL_KEEP_S            (3LL * 24 * 3600) /* what could not be sent for so long is dropped */
#define MAIL_BATCH             16               /* taken at a time */

/*
 * Instead of a message's first byte, under the seal: nobody has this address, and the mail goes nowhere. Until the mail thread opens
 * it, it is a mail as any other, in the database too.
 */
#define MAIL_DECOY '\0'

struct queued {
	struct id id;
	char recipient[255];
	struct buf sealed;  /* SEAL_MAIL, owner: id, item: mail_queue_item of the recipient; behind the message zero bytes */
	int64_t tries;      /* that failed */
	int64_t expires_at; /* of its code; 0: never */
	int64_t created_at;
};

/* Those taken together. Zero-initialised is empty. */
struct queued_batch {
	struct queued mail[MAIL_BATCH];
	size_t count;
};
void queued_batch_done(struct queued_batch *batch);

/* Names a recipient in the seal, so that a mail cannot be sent to another by changing its row. */
MUST_USE enum err mail_queue_item(const struct keyring *keys, const char *recipient, struct id *out);

MUST_USE enum err mail_queue_add(struct db *db, const struct queued *mail);

/* The ones whose time has come: never tried first, so that what cannot be delivered delays nothing new. */
MUST_USE enum err mail_queue_due(struct db *db, int64_t now_s, struct queued_batch *out);

/* When the next one is due. ERR_NOT_FOUND: the queue is empty. */
MUST_USE enum err mail_queue_next(struct db *db, int64_t now_s, int64_t *next_at);

/* OK: one has been there since then or before. ERR_NOT_FOUND */
MUST_USE enum err mail_queue_waiting(struct db *db, int64_t before_s);

MUST_USE enum err mail_queue_remove(struct db *db, const struct id *id);
MUST_USE enum err mail_queue_later(struct db *db, const struct id *id, int64_t next_at); /* counts the try */

#endif
