/*
 * set_back_sql: the statements of set_back.h.
 */
#ifndef TWOSTEP_CLI_SET_BACK_SQL_H
#define TWOSTEP_CLI_SET_BACK_SQL_H

#include "store/db.h"

struct set_back {
	int64_t was_s; /* what was told */
	int64_t by_s;  /* how far the clock is behind that */
};

/* All that runs out, in a change. */
MUST_USE enum err set_back_move(struct db *db, const struct set_back *by);

/* How late it was when somebody last looked; 0: nobody did. */
MUST_USE enum err clock_row_find(struct db *db, int64_t *at_s);
MUST_USE enum err clock_row_keep(struct db *db, int64_t at_s);

#endif
