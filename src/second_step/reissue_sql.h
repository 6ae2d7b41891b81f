/*
 * reissue_sql: the row of recovery codes that still have to be saved.
 */
#ifndef TWOSTEP_SECOND_STEP_REISSUE_SQL_H
#define TWOSTEP_SECOND_STEP_REISSUE_SQL_H

#include "second_step/reissue.h"
#include "second_step/second_step_sql.h"

struct reissue_row {
	struct id set; /* the set that they will be */
	int64_t expires_at;
	struct sealed_codes codes;
};

/* Puts it in the place of the session's earlier one. */
MUST_USE enum err reissue_row_put(struct db *db, const struct id *session, const struct id *account, const struct reissue_row *row);

/* ERR_WRONG_STATE: nothing pending, or out of time. */
MUST_USE enum err reissue_row_find(struct db *db, const struct id *session, int64_t now_s, struct reissue_row *out);
MUST_USE enum err reissue_row_remove(struct db *db, const struct id *session);

#endif
