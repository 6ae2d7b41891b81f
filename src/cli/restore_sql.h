/*
 * restore_sql: what a database that was restored is to be rid of. What was used, ended or taken back since the backup must not
 * be alive again: every session and token, every code that was mailed.
 */
#ifndef TWOSTEP_CLI_RESTORE_SQL_H
#define TWOSTEP_CLI_RESTORE_SQL_H

#include "cli/label.h"
#include "http/call.h"

#define RESTORE_ENDS 12

struct restoring {
	const struct call *call;   /* the operator's */
	const struct label *label; /* of the backup */
	int64_t ended[RESTORE_ENDS]; /* how many of each */
	int64_t accounts, organizations;
};

/* What is counted at a place of `ended`: "sessions". */
const char *restore_ends_name(size_t place);

/* A store_function; the argument is a struct restoring. */
MUST_USE enum err restore_settle(struct db *db, void *restoring);

#endif
