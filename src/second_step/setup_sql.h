/*
 * setup_sql: the row of a set-up under way.
 */
#ifndef TWOSTEP_SECOND_STEP_SETUP_SQL_H
#define TWOSTEP_SECOND_STEP_SETUP_SQL_H

#include "second_step/second_step_sql.h"
#include "second_step/setup.h"

struct setup_row {
	struct id id; /* becomes the enrolment */
	enum setup_state state;
	bool replaces;
	int64_t expires_at;
	struct totp_step step; /* of the code typed, from SETUP_CODE_CONFIRMED on */
	struct sealed_secret secret;
	struct sealed_codes codes;
};

/* Puts a new one in the place of the session's. */
MUST_USE enum err setup_row_put(struct db *db, const struct id *session, const struct id *account, const struct setup_row *row);

/* ERR_WRONG_STATE: nothing under way, or out of time. */
MUST_USE enum err setup_row_find(struct db *db, const struct id *session, int64_t now_s, struct setup_row *out);

/* One step on; ERR_WRONG_STATE where another request made it before. */
MUST_USE enum err setup_row_email_confirmed(struct db *db, const struct setup_row *row);
MUST_USE enum err setup_row_code_confirmed(struct db *db, const struct setup_row *row);
MUST_USE enum err setup_row_remove(struct db *db, const struct id *setup);

/* The code of the mail goes with its set-up. OK also where nothing is under way. */
MUST_USE enum err setup_row_drop(struct db *db, const struct id *session);

#endif
