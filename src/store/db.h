/*
 * db: one transaction, whichever engine carries it out. SQL is one text for SQLite and PostgreSQL ($1, ON CONFLICT,
 * RETURNING), always a literal, always bound; statements are prepared once a connection and found by the literal's address.
 * Handed out by store_change and store_read (store.h) alone, so that nobody forgets to close one.
 */
#ifndef TWOSTEP_STORE_DB_H
#define TWOSTEP_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "base/id.h"
#include "base/token.h"

struct db;

/* A bound value. What it points to must live until the call returns. */
struct db_value {
	enum { DB_NULL, DB_INT, DB_TEXT, DB_BLOB } type;
	int64_t number;
	const void *bytes;
	size_t length;
};

static inline struct db_value db_null(void) { return (struct db_value){ DB_NULL, 0, NULL, 0 }; }
static inline struct db_value db_int(int64_t n) { return (struct db_value){ DB_INT, n, NULL, 0 }; }
static inline struct db_value db_text(const char *text)
{
	return text ? (struct db_value){ DB_TEXT, 0, text, strlen(text) } : db_null();
}
static inline struct db_value db_blob(const void *bytes, size_t length)
{
	return (struct db_value){ DB_BLOB, 0, bytes, length };
}
static inline struct db_value db_id(const struct id *id) { return db_blob(id->bytes, ID_BYTES); }
static inline struct db_value db_digest(const struct token_digest *digest)
{
	return db_blob(digest->bytes, TOKEN_DIGEST_BYTES);
}
/* NULL where the moment is 0: "never". */
static inline struct db_value db_time(int64_t at_s) { return at_s ? db_int(at_s) : db_null(); }
static inline struct db_value db_id_or_null(const struct id *id) { return id_empty(id) ? db_null() : db_id(id); }

#define DB_VALUES_(...) (const struct db_value[]){ __VA_ARGS__ }, sizeof((struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value)

/*
 * What has expired goes in changes of so many rows, for others' changes wait meanwhile: a few milliseconds. Functions that remove it
 * (…_forget) tell how many they removed; 0: nothing is left.
 */
#define FORGET_ROWS 50

/*
 * Runs a statement that answers no rows. `changed` (may be NULL) gets the number of rows added, changed or removed:
 * it decides races, never a look before.
 * After ERR_STORE nothing more runs in this transaction, and none of it stays, whatever the function answers.
 * OK, ERR_STORE
 */
#define db_change(db, changed, sql, ...) db_change_values((db), (changed), "" sql, DB_VALUES_(__VA_ARGS__))
MUST_USE enum err db_change_values(struct db *db, int64_t *changed, const char *sql, const struct db_value *values, size_t count);

/* Rows of a query. Zero-initialised is empty; SCOPED(db_rows_done). Column values live until the next db_next or done. */
struct db_rows {
	struct db *db;
	void *statement;
};

#define db_query(db, rows, sql, ...) db_query_values((db), (rows), "" sql, DB_VALUES_(__VA_ARGS__))
MUST_USE enum err db_query_values(struct db *db, struct db_rows *rows, const char *sql, const struct db_value *values, size_t count);

/* OK: there is a row. ERR_NOT_FOUND: no more. ERR_STORE: could not tell. */
MUST_USE enum err db_next(struct db_rows *rows);
void db_rows_done(struct db_rows *rows);

/* db_query and the first row in one: OK, ERR_NOT_FOUND, ERR_STORE. */
#define db_one(db, rows, sql, ...) db_one_values((db), (rows), "" sql, DB_VALUES_(__VA_ARGS__))
MUST_USE enum err db_one_values(struct db *db, struct db_rows *rows, const char *sql, const struct db_value *values, size_t count);

bool db_is_null(const struct db_rows *rows, int column);
int64_t db_get_int(const struct db_rows *rows, int column); /* NULL is 0 */
const char *db_get_text(const struct db_rows *rows, int column); /* NULL is "" */
const void *db_get_blob(const struct db_rows *rows, int column, size_t *length);

/* Copies out; a blob of another length is ERR_STORE (a damaged row), NULL is all zero. */
MUST_USE enum err db_get_id(const struct db_rows *rows, int column, struct id *out);
MUST_USE enum err db_get_bytes(const struct db_rows *rows, int column, void *out, size_t length);

/* Copies a text that must fit, NUL included; else ERR_STORE. */
MUST_USE enum err db_copy_text(const struct db_rows *rows, int column, char *out, size_t room);

/*
 * Returns a refusal whose writes must stay: a counted failure commits with its verdict. Any other error rolls back, and so
 * does one that could not tell (status 500 and above), kept or not.
 * `return db_keep(db, err);` of OK is OK.
 */
enum err db_keep(struct db *db, enum err err);

/* What to wake once the commit stands; the row that says so is written by the same transaction. */
enum db_wake { DB_WAKE_MAIL = 1, DB_WAKE_NOTICES = 2 };
void db_wake(struct db *db, enum db_wake what);

#endif
