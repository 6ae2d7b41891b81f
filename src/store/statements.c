/* Statements of one connection: prepared once, bound, stepped, always reset. */
#include <stdlib.h>

#include "store/sqlite.h"

#include "base/banned.h"

static struct statement *set_of(struct db *db, const char *sql)
{
	uint64_t mixed = (uint64_t)(uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15);

	return db->cache[(mixed >> 32) % STATEMENT_SETS];
}

/* The place that holds it, else the one to prepare it in. On the heap where rows are open of all that share its set. */
static struct statement *place_for(struct db *db, const char *sql)
{
	struct statement *set = set_of(db, sql), *oldest = NULL;

	for (size_t i = 0; i < STATEMENT_WAYS; i++) {
		if (set[i].open)
			continue;
		if (set[i].sql == sql)
			return &set[i];
		if (!oldest || set[i].used < oldest->used)
			oldest = &set[i];
	}
	if (!oldest)
		return calloc(1, sizeof(*oldest));
	oldest->kept = true;
	return oldest;
}

/* $3 takes the third value. SQLite sees a name in it and numbers names as they first appear. */
static bool number_parameters(struct statement *statement)
{
	int count = sqlite3_bind_parameter_count(statement->handle);

	if (count > DB_VALUES_MAX)
		return false;
	statement->parameters = (uint8_t)count;
	statement->values = 0;
	for (int i = 0; i < count; i++) {
		const char *name = sqlite3_bind_parameter_name(statement->handle, i + 1);
		unsigned long number = name && *name == '$' ? strtoul(name + 1, NULL, 10) : 0;
		if (number < 1 || number > DB_VALUES_MAX)
			return false;
		statement->value_of[i] = (uint8_t)(number - 1);
		if (number > statement->values)
			statement->values = (uint8_t)number;
	}
	return true;
}

static void forget(struct statement *statement)
{
	sqlite3_finalize(statement->handle);
	statement->handle = NULL;
	statement->sql = NULL;
}

static enum err prepare(struct db *db, struct statement *statement, const char *sql)
{
	const char *rest = "";

	if (statement->sql == sql)
		return OK;
	forget(statement);
	if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->handle, &rest))
		return sqlite_fault(db, "prepare", sql);
	if (!statement->handle || *rest || !number_parameters(statement)) {
		forget(statement);
		return sqlite_fault(db, "not one statement of $1 and so on", sql);
	}
	statement->sql = sql;
	return OK;
}

static int bind_value(sqlite3_stmt *handle, int at, const struct db_value *value, sqlite3_destructor_type life)
{
	const void *bytes = value->bytes ? value->bytes : ""; /* NULL would bind NULL */

	switch (value->type) {
	case DB_NULL: return sqlite3_bind_null(handle, at);
	case DB_INT:  return sqlite3_bind_int64(handle, at, value->number);
	case DB_TEXT: return sqlite3_bind_text64(handle, at, bytes, value->length, life, SQLITE_UTF8);
	case DB_BLOB: return sqlite3_bind_blob64(handle, at, bytes, value->length, life);
	}
	return SQLITE_MISUSE;
}

static enum err bind(struct db *db, struct statement *statement, const struct db_value *values, size_t count,
                     sqlite3_destructor_type life)
{
	if (count != statement->values)
		return sqlite_fault(db, "another number of values", statement->sql);
	for (int i = 0; i < statement->parameters; i++)
		if (bind_value(statement->handle, i + 1, &values[statement->value_of[i]], life))
			return sqlite_fault(db, "bind", statement->sql);
	return OK;
}

static void unlink_open(struct db *db, struct statement *statement)
{
	struct statement **link = &db->open;

	while (*link && *link != statement)
		link = &(*link)->next_open;
	if (*link)
		*link = statement->next_open;
}

/* What a statement was to do may fail as late as here, when its rows were not read to their end. */
static void release(struct db *db, struct statement *statement)
{
	const char *sql = statement->sql;

	unlink_open(db, statement);
	statement->open = false;
	if (statement->handle && sqlite3_reset(statement->handle))
		sqlite_fault(db, "reset", sql);
	if (statement->handle)
		sqlite3_clear_bindings(statement->handle);
	if (!statement->kept) {
		forget(statement);
		free(statement);
	}
}

/* Ready to be stepped, and on the list of the open ones. `life`: whether values outlive the call that gave them. */
static enum err take(struct db *db, const char *sql, const struct db_value *values, size_t count, sqlite3_destructor_type life,
                     struct statement **out)
{
	struct statement *statement = place_for(db, sql);
	enum err err;

	if (!statement)
		return sqlite_fault(db, "out of memory", sql);
	statement->used = ++db->uses;
	statement->open = true;
	statement->next_open = db->open;
	db->open = statement;
	if ((err = prepare(db, statement, sql)) || (err = bind(db, statement, values, count, life))) {
		release(db, statement);
		return err;
	}
	*out = statement;
	return OK;
}

enum err db_change_values(struct db *db, int64_t *changed, const char *sql, const struct db_value *values, size_t count)
{
	struct statement *statement;
	int64_t rows;

	if (db->failed || take(db, sql, values, count, SQLITE_STATIC, &statement))
		return ERR_STORE;
	if (sqlite3_step(statement->handle) != SQLITE_DONE) /* a row is one too many */
		sqlite_fault(db, "change", sql);
	rows = sqlite3_changes64(db->handle);
	release(db, statement);
	if (db->failed)
		return ERR_STORE;
	if (changed)
		*changed = rows;
	return OK;
}

int sqlite_control(struct db *db, const char *sql)
{
	struct statement *statement;
	int code;

	db->failed = false;
	if (take(db, sql, NULL, 0, SQLITE_STATIC, &statement))
		return SQLITE_ERROR;
	code = sqlite3_step(statement->handle);
	if (code != SQLITE_DONE)
		sqlite_fault(db, "transaction", sql);
	release(db, statement);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

enum err db_query_values(struct db *db, struct db_rows *rows, const char *sql, const struct db_value *values, size_t count)
{
	struct statement *statement;

	db_rows_done(rows);
	rows->db = db;
	if (db->failed || take(db, sql, values, count, SQLITE_TRANSIENT, &statement))
		return ERR_STORE;
	rows->statement = statement;
	return OK;
}

static sqlite3_stmt *handle_of(const struct db_rows *rows)
{
	const struct statement *statement = rows->statement;

	return statement ? statement->handle : NULL; /* of which SQLite says that each column is NULL */
}

enum err db_next(struct db_rows *rows)
{
	struct statement *statement = rows->statement;
	int code;

	if (!rows->db || rows->db->failed)
		return ERR_STORE;
	if (!statement)
		return ERR_NOT_FOUND;
	code = sqlite3_step(statement->handle);
	if (code == SQLITE_ROW)
		return OK;
	if (code != SQLITE_DONE)
		sqlite_fault(rows->db, "query", statement->sql);
	db_rows_done(rows); /* a step more would begin again */
	return rows->db->failed ? ERR_STORE : ERR_NOT_FOUND;
}

enum err db_one_values(struct db *db, struct db_rows *rows, const char *sql, const struct db_value *values, size_t count)
{
	enum err err = db_query_values(db, rows, sql, values, count);

	return err ? err : db_next(rows);
}

void db_rows_done(struct db_rows *rows)
{
	struct statement *statement = rows->statement;

	rows->statement = NULL;
	if (statement && statement->open)
		release(rows->db, statement);
}

bool db_is_null(const struct db_rows *rows, int column)
{
	return sqlite3_column_type(handle_of(rows), column) == SQLITE_NULL;
}

int64_t db_get_int(const struct db_rows *rows, int column)
{
	return sqlite3_column_int64(handle_of(rows), column);
}

/* The bytes of a column that is not NULL; what memory did not suffice for is not taken for empty. */
static const void *bytes_of(const struct db_rows *rows, int column, bool text, size_t *length)
{
	sqlite3_stmt *handle = handle_of(rows);
	const void *bytes = text ? (const void *)sqlite3_column_text(handle, column) : sqlite3_column_blob(handle, column);

	*length = (size_t)sqlite3_column_bytes(handle, column);
	if (!bytes && (text || sqlite3_errcode(rows->db->handle) == SQLITE_NOMEM))
		sqlite_fault(rows->db, "column", sqlite3_sql(handle));
	return bytes ? bytes : "";
}

const char *db_get_text(const struct db_rows *rows, int column)
{
	size_t length;

	return db_is_null(rows, column) ? "" : bytes_of(rows, column, true, &length);
}

const void *db_get_blob(const struct db_rows *rows, int column, size_t *length)
{
	*length = 0;
	return db_is_null(rows, column) ? NULL : bytes_of(rows, column, false, length);
}

enum err db_get_bytes(const struct db_rows *rows, int column, void *out, size_t length)
{
	size_t found;
	const void *bytes = db_get_blob(rows, column, &found);

	if (!bytes) {
		memset(out, 0, length);
		return OK;
	}
	if (found != length || rows->db->failed)
		return ERR_STORE;
	memcpy(out, bytes, length);
	return OK;
}

enum err db_get_id(const struct db_rows *rows, int column, struct id *out)
{
	return db_get_bytes(rows, column, out->bytes, sizeof(out->bytes));
}

enum err db_copy_text(const struct db_rows *rows, int column, char *out, size_t room)
{
	size_t length = 0;
	const char *text = db_is_null(rows, column) ? "" : bytes_of(rows, column, true, &length);

	if (length >= room || memchr(text, '\0', length) || (rows->db && rows->db->failed))
		return ERR_STORE;
	memcpy(out, text, length + 1);
	return OK;
}

void statements_close(struct db *db)
{
	while (db->open)
		release(db, db->open);
}

void statements_done(struct db *db)
{
	statements_close(db);
	for (size_t i = 0; i < STATEMENT_SETS; i++)
		for (size_t j = 0; j < STATEMENT_WAYS; j++)
			forget(&db->cache[i][j]);
}
