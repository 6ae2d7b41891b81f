/*
 * table: entries that loops look up without a lock while one writer at a time adds and removes. Grows and is cleaned step by
 * step, a few places with each change, so that no change waits for long.
 *
 * A look may miss an entry that is just being moved, never find one that was removed before it began. Whoever looks must take
 * a miss for "could not tell".
 */
#ifndef TWOSTEP_GATE_TABLE_H
#define TWOSTEP_GATE_TABLE_H

#include "gate/quiet.h"

/* At the head of an entry. Its place comes from the hash, which must be hard to choose for strangers: part of a digest. */
struct entry {
	struct retired retired;
	uint64_t hash;
};

struct table {
	_Atomic(struct places *) places, before; /* before: those that are being moved from; NULL: none */
	size_t moved;                            /* places of `before` that are done with */
	size_t swept;                            /* where the next sweep goes on */
	size_t count;                            /* entries */
	struct limbo entries, old_places;
	/* Is it good for anything? Asked of a few entries with each change; those that are not are removed. */
	bool (*keeps)(const struct entry *entry, void *with); /* with: that of `entries` */
};

MUST_USE enum err table_init(struct table *table, struct quiet *quiet, void (*release)(struct retired *retired, void *with),
                             bool (*keeps)(const struct entry *entry, void *with), void *with);

/* Releases all entries; accepts what was never initialised. */
void table_done(struct table *table);

/*
 * The entry with this hash of which same() says so. By a reader that is awake, or by the writer.
 */
struct entry *table_find(const struct table *table, uint64_t hash, bool (*same)(const struct entry *entry, const void *key),
                         const void *key);

/* By the writer. Adds an entry that is not there; ERR_MEMORY. */
MUST_USE enum err table_add(struct table *table, struct entry *entry);

/* By the writer: removes one that is there; it is released in its time. */
void table_remove(struct table *table, struct entry *entry);

/* The same, but it is nobody's to release: whoever removes it does. */
void table_unlink(struct table *table, struct entry *entry);

/* By the writer: removes all of which drops() says so. Goes through all places. */
void table_remove_if(struct table *table, bool (*drops)(struct entry *entry, const void *argument), const void *argument);

/* By the writer: all of which keeps() is false. */
void table_sweep(struct table *table);

#endif
