/*
 * migrations: brings the database to the newest schema, by numbered steps that each run in one transaction.
 * The table `migration` says which have run, with the SHA-256 of their text: a step that changed afterwards would
 * mean that two databases of one number differ.
 */
#ifndef TWOSTEP_STORE_MIGRATIONS_H
#define TWOSTEP_STORE_MIGRATIONS_H

#include "embed.h"
#include "store/sqlite.h"

/* Those of this program: src/store/migrations/, in their order; the first is number 1. */
extern const struct embedded migrations[];
extern const size_t migrations_count;

/*
 * Runs those of `steps` that have not run; `before` tells how many had.
 * ERR_STORE: *why is a static phrase; what ran before stands, nothing of the failing step does.
 */
MUST_USE enum err migrations_run(struct db *db, const struct embedded *steps, size_t count, size_t *before, const char **why);

/*
 * Looks alone: how many of `steps` have run. ERR_NOT_FOUND: an empty database. ERR_STORE as above: of another program, changed,
 * newer or unreadable.
 */
MUST_USE enum err migrations_ran(struct db *db, const struct embedded *steps, size_t count, size_t *ran, const char **why);

#endif
