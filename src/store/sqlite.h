/*
 * sqlite: one connection to the SQLite file, and what it has prepared. Inside src/store alone; others see db.h.
 * A connection serves one thread at a time. Faults are logged where they are met, once, with SQLite's extended code.
 */
#ifndef TWOSTEP_STORE_SQLITE_H
#define TWOSTEP_STORE_SQLITE_H

#include <sqlite3.h>

#include "store/db.h"
#include "store/watch.h"

#define DB_VALUES_MAX 32 /* values bound to one statement at most */

/* How long a statement waits for another process that holds the file. */
#define SQLITE_BUSY_MS       5000
#define SQLITE_BUSY_TRIES_MS  100

/* Statements kept prepared: sets of a few, found by the literal's address; the one unused for longest gives way. */
#define STATEMENT_SETS 64
#define STATEMENT_WAYS  4

struct statement {
	sqlite3_stmt *handle;
	const char *sql;                 /* the literal; NULL: nothing prepared */
	struct statement *next_open;
	uint64_t used;                   /* db->uses when it was last taken */
	bool open, kept;                 /* kept: a place in the table, not on the heap */
	uint8_t parameters;
	uint8_t value_of[DB_VALUES_MAX]; /* which value a parameter takes: SQLite numbers $2 … $1 as they come */
	uint8_t values;                  /* how many there must be */
};

struct db {
	sqlite3 *handle;
	struct statement *open;  /* whose rows are not done */
	uint64_t uses;
	bool failed;             /* a statement failed: nothing more runs for this function, nothing of it stays */
	enum err kept;           /* a refusal whose writes stay; OK: none */
	unsigned wake;           /* enum db_wake */
	int log_pages;           /* of a writer: how many the log has after its last commit, those that are put back already included */
	bool quiet;              /* faults are expected: not logged */
	unsigned generation;     /* of the pool that it belongs to */
	struct watch watch;      /* of a writer */
	struct statement cache[STATEMENT_SETS][STATEMENT_WAYS];
};

/*
 * TRIES: writes, where that failed before. Waits for nobody long, and what fails again is not logged again.
 * ALONE: a file that nobody else has open, without a log or other files beside it; the caller syncs it.
 */
enum sqlite_role { SQLITE_READS, SQLITE_WRITES, SQLITE_TRIES, SQLITE_ALONE };

/*
 * Opens a file that exists. ERR_STORE: *why (may be NULL) is a static phrase.
 * Neither creates nor migrates.
 */
MUST_USE enum err sqlite_connect(const char *path, enum sqlite_role role, struct db **out, const char **why);

/* NULL is fine. What was not committed is rolled back. */
void sqlite_disconnect(struct db *db);

/* It writes again: of SQLITE_TRIES makes SQLITE_WRITES. */
void sqlite_trust(struct db *db);

/*
 * BEGIN, COMMIT, SAVEPOINT and so on: a literal without values or rows. Runs after a failure too.
 * The result code of SQLite: SQLITE_OK, or what went wrong, logged.
 */
MUST_USE int sqlite_control(struct db *db, const char *sql);

/* Several statements, as migrations are. */
MUST_USE enum err sqlite_script(struct db *db, const char *sql);

/* False once SQLite has rolled the transaction back by itself. */
bool sqlite_in_transaction(const struct db *db);

/* Ends the transaction, where there still is one, without its writes. ERR_STORE: this connection is good for nothing more. */
MUST_USE enum err sqlite_rollback(struct db *db);

/*
 * Puts what it can of the log into the database; waits for nobody, and leaves it to whoever is at it already.
 * OK, ERR_STORE: nothing is lost, and the log grows on.
 */
enum err sqlite_checkpoint(struct db *db);

/*
 * Runs a function on the connection: forgets what the one before left, and closes the rows that this one leaves open.
 * Returns what it answered, or ERR_STORE where a statement failed, whatever it answered.
 * *stays: its writes are to be kept.
 */
MUST_USE enum err sqlite_call(struct db *db, enum err (*function)(struct db *db, void *argument), void *argument, bool *stays);

/* Why the call on the connection that was just made failed, as an operator is told it: a static phrase. */
const char *sqlite_reason(const struct db *db);

/* Logs what SQLite says went wrong with `sql` (may be NULL), once for a function. Always ERR_STORE. */
enum err sqlite_fault(struct db *db, const char *what, const char *sql);

/* Frees all that is prepared. */
void statements_done(struct db *db);

/* Closes the rows that are still open. */
void statements_close(struct db *db);

#endif
