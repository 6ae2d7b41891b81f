#include "limits/limits.h"

#include "base/banned.h"

#define HOUR_S 3600
#define DAY_S  (24 * HOUR_S)

/* Contract 2.1: mails of one purpose to one address. */
#define ADDRESS_HOUR 5
#define ADDRESS_DAY  10
#define NETWORK_HOUR 3 /* caused by one network */
#define NETWORK_DAY  5
#define KNOWN_DAY    3 /* asked for by a browser that has signed in there before */

/* What has been sent of late and counts together, and when the first of it was. */
struct window {
	int64_t count, oldest;
};

struct counts {
	struct window hour, day, network_hour, network_day, known_day;
};

static const char *const purpose_names[] = {
	[MAIL_SIGNUP] = "MAIL_SIGNUP", [MAIL_RESET] = "MAIL_RESET",           [MAIL_SETUP] = "MAIL_SETUP",
	[MAIL_INVITATION] = "MAIL_INVITATION", [MAIL_EMAIL_CHANGE] = "MAIL_EMAIL_CHANGE",
};

struct question {
	enum mail_purpose purpose;
	const uint8_t *address;
	uint8_t network[9];
	bool counted, known;
	int64_t now_s;
};

static struct window window_at(const struct db_rows *rows, int column)
{
	return (struct window){ db_get_int(rows, column), db_get_int(rows, column + 1) };
}

static enum err count_mails(struct db *db, const struct question *q, struct counts *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT COUNT(*) FILTER (WHERE known = 0 AND at > $4), MIN(at) FILTER (WHERE known = 0 AND at > $4),"
	        " COUNT(*) FILTER (WHERE known = 0), MIN(at) FILTER (WHERE known = 0),"
	        " COUNT(*) FILTER (WHERE known = 0 AND at > $4 AND network = $3), MIN(at) FILTER (WHERE known = 0 AND at > $4 AND network = $3),"
	        " COUNT(*) FILTER (WHERE known = 0 AND network = $3), MIN(at) FILTER (WHERE known = 0 AND network = $3),"
	        " COUNT(*) FILTER (WHERE known = 1), MIN(at) FILTER (WHERE known = 1)"
	        " FROM mail_sent WHERE purpose = $1 AND address = $2 AND at > $5",
	        db_int(q->purpose), db_blob(q->address, DIGEST_BYTES_OF_ADDRESS), db_blob(q->network, sizeof(q->network)),
	        db_int(q->now_s - HOUR_S), db_int(q->now_s - DAY_S));
	if (err)
		return err;

	*out = (struct counts){ window_at(&rows, 0), window_at(&rows, 2), window_at(&rows, 4), window_at(&rows, 6), window_at(&rows, 8) };
	return OK;
}

static enum err note_mail(struct db *db, const struct question *q, bool as_known)
{
	struct id id;
	enum err err = id_new(&id);
	if (err)
		return err;

	return db_change(db, NULL,
	        "INSERT INTO mail_sent (id, purpose, address, network, known, at) VALUES ($1, $2, $3, $4, $5, $6)", db_id(&id),
	        db_int(q->purpose), db_blob(q->address, DIGEST_BYTES_OF_ADDRESS), db_blob(q->network, sizeof(q->network)),
	        db_int(as_known), db_int(q->now_s));
}

/* Puts off `until` to when there is room for one more. No window holds more than its limit: what it waits for is its first mail. */
static void wait_for_room(struct window window, int64_t limit, int64_t span_s, int64_t *until)
{
	if (window.count >= limit && window.oldest + span_s > *until)
		*until = window.oldest + span_s;
}

enum err limit_mail(struct db *db, enum mail_purpose purpose, const uint8_t address_digest[static DIGEST_BYTES_OF_ADDRESS],
                    const struct peer *peer, bool known_device, int64_t now_s, struct held_off *held_off)
{
	struct question q = { purpose, address_digest, { 0 }, peer->counted, known_device, now_s };
	struct counts counts = { 0 };
	int64_t until = 0, known_until = 0;
	enum err err;

	q.network[0] = peer->network.family;
	memcpy(q.network + 1, peer->network.prefix, sizeof(peer->network.prefix));
	if ((err = count_mails(db, &q, &counts)))
		return err;
	wait_for_room(counts.hour, ADDRESS_HOUR, HOUR_S, &until);
	wait_for_room(counts.day, ADDRESS_DAY, DAY_S, &until);
	if (q.counted) {
		wait_for_room(counts.network_hour, NETWORK_HOUR, HOUR_S, &until);
		wait_for_room(counts.network_day, NETWORK_DAY, DAY_S, &until);
	}
	if (!until)
		return note_mail(db, &q, false);
	if (q.known) {
		wait_for_room(counts.known_day, KNOWN_DAY, DAY_S, &known_until);
		if (!known_until)
			return note_mail(db, &q, true);
		if (known_until < until)
			until = known_until;
	}
	*held_off = (struct held_off){ until - now_s, purpose_names[purpose] };
	return ERR_TOO_MANY;
}

enum err limit_mail_clear(struct db *db, enum mail_purpose purpose, const uint8_t address_digest[static DIGEST_BYTES_OF_ADDRESS])
{
	return db_change(db, NULL, "DELETE FROM mail_sent WHERE purpose = $1 AND address = $2", db_int(purpose),
	        db_blob(address_digest, DIGEST_BYTES_OF_ADDRESS));
}

enum err mail_counts_forget(struct db *db, int64_t now_s, int64_t *removed)
{
	return db_change(db, removed, "DELETE FROM mail_sent WHERE id IN (SELECT id FROM mail_sent WHERE at <= $1 LIMIT $2)",
	        db_int(now_s - DAY_S), db_int(FORGET_ROWS));
}
