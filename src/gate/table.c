#include "gate/table.h"

#include <stdlib.h>

#include "base/base.h"

#include "base/banned.h"

#define PLACES_AT_FIRST 64 /* a power of two, as all that follow */
#define STEP            8  /* places moved and swept with each change; growing ends long before the table is full again */

/* Open addressing, one step at a time. Empty: NULL. Removed: `gone`, behind which others may stand. */
struct places {
	struct retired retired;
	size_t count, used; /* used: not empty, entries and gone ones */
	_Atomic(struct entry *) at[];
};

static struct entry gone;

static struct places *places_new(size_t count)
{
	struct places *places = calloc(1, sizeof(*places) + count * sizeof(places->at[0]));

	if (places)
		places->count = count;
	return places;
}

static void places_free(struct retired *retired, void *with)
{
	(void)with;
	free(retired); /* their first member */
}

enum err table_init(struct table *table, struct quiet *quiet, void (*release)(struct retired *retired, void *with),
                    bool (*keeps)(const struct entry *entry, void *with), void *with)
{
	struct places *places = places_new(PLACES_AT_FIRST);

	*table = (struct table){ .keeps = keeps };
	table->entries = (struct limbo){ .quiet = quiet, .release = release, .with = with };
	table->old_places = (struct limbo){ .quiet = quiet, .release = places_free };
	if (!places)
		return ERR_MEMORY;
	atomic_store(&table->places, places);
	return OK;
}

static void release_all(struct table *table, struct places *places)
{
	for (size_t i = 0; places && i < places->count; i++) {
		struct entry *entry = atomic_load(&places->at[i]);

		if (entry && entry != &gone)
			table->entries.release(&entry->retired, table->entries.with);
	}
	free(places);
}

void table_done(struct table *table)
{
	release_all(table, atomic_exchange(&table->before, NULL));
	release_all(table, atomic_exchange(&table->places, NULL));
	limbo_done(&table->entries);
	limbo_done(&table->old_places);
}

static struct entry *find_in(const struct places *places, uint64_t hash, bool (*same)(const struct entry *entry, const void *key),
                             const void *key)
{
	struct entry *entry;
	size_t mask = places->count - 1;

	for (size_t i = 0; i < places->count; i++) {
		entry = atomic_load(&places->at[(hash + i) & mask]);
		if (!entry)
			return NULL;
		if (entry != &gone && entry->hash == hash && same(entry, key))
			return entry;
	}
	return NULL;
}

struct entry *table_find(const struct table *table, uint64_t hash, bool (*same)(const struct entry *entry, const void *key),
                         const void *key)
{
	const struct places *places = atomic_load(&table->places);
	struct entry *found = places ? find_in(places, hash, same, key) : NULL;

	if (found || !(places = atomic_load(&table->before)))
		return found;
	return find_in(places, hash, same, key);
}

/* There is always an empty place: grow() sees to it. */
static void put(struct places *places, struct entry *entry)
{
	size_t mask = places->count - 1, i = entry->hash & mask;

	while (atomic_load_explicit(&places->at[i], memory_order_relaxed))
		i = (i + 1) & mask;
	places->used++;
	atomic_store(&places->at[i], entry);
}

/* Unlinks; false where it is not there. */
static bool take_out(struct places *places, const struct entry *entry)
{
	size_t mask = places->count - 1;

	for (size_t i = 0; i < places->count; i++) {
		_Atomic(struct entry *) *place = &places->at[(entry->hash + i) & mask];
		const struct entry *there = atomic_load_explicit(place, memory_order_relaxed);

		if (!there)
			return false;
		if (there != entry)
			continue;
		atomic_store(place, &gone);
		return true;
	}
	return false;
}

static bool unlink_entry(struct table *table, const struct entry *entry)
{
	struct places *before = atomic_load(&table->before);

	if (!take_out(atomic_load(&table->places), entry) && !(before && take_out(before, entry)))
		return false;
	table->count--;
	return true;
}

void table_unlink(struct table *table, struct entry *entry)
{
	(void)unlink_entry(table, entry);
}

void table_remove(struct table *table, struct entry *entry)
{
	if (unlink_entry(table, entry))
		limbo_add(&table->entries, &entry->retired);
}

static void look_after(struct table *table, struct entry *entry)
{
	if (entry && entry != &gone && !table->keeps(entry, table->entries.with))
		table_remove(table, entry);
}

/* The new place first, so that a look that began in the old ones finds it; one that misses it asks elsewhere. */
static void move_one(struct table *table, struct places *from, size_t i)
{
	struct entry *entry = atomic_load_explicit(&from->at[i], memory_order_relaxed);

	if (!entry || entry == &gone)
		return;
	put(atomic_load(&table->places), entry);
	atomic_store(&from->at[i], &gone);
}

static void move_some(struct table *table, size_t some)
{
	struct places *before = atomic_load(&table->before);

	if (!before)
		return;
	for (; some && table->moved < before->count; some--)
		move_one(table, before, table->moved++);
	if (table->moved < before->count)
		return;
	atomic_store(&table->before, NULL);
	limbo_add(&table->old_places, &before->retired);
}

static void sweep_some(struct table *table, size_t some)
{
	struct places *places = atomic_load(&table->places);

	for (; some; some--)
		look_after(table, atomic_load_explicit(&places->at[table->swept++ & (places->count - 1)], memory_order_relaxed));
}

static bool is_full(size_t used, size_t count)
{
	return used * 4 > count * 3;
}

/*
 * As many places as what lives needs, half full at most; the gone ones stay behind. What comes while all are moved has room, too,
 * also where there is much to look through and little that lives: never full, and never left before the others are done with.
 */
static size_t places_for(const struct table *table, const struct places *places)
{
	size_t count = PLACES_AT_FIRST, meanwhile = places->count / STEP;

	while (count < (table->count + 1) * 2 || is_full(table->count + meanwhile + 1, count))
		count *= 2;
	return count;
}

static enum err grow(struct table *table)
{
	struct places *places = atomic_load(&table->places), *next;

	if (!is_full(places->used + 1, places->count) || atomic_load(&table->before)) /* never the latter: places_for() */
		return OK;
	if (!(next = places_new(places_for(table, places))))
		return places->used + 1 < places->count ? OK : ERR_MEMORY;
	table->moved = 0;
	table->swept = 0;
	atomic_store(&table->before, places);
	atomic_store(&table->places, next);
	return OK;
}

static void collect(struct table *table)
{
	limbo_collect(&table->entries);
	limbo_collect(&table->old_places);
}

enum err table_add(struct table *table, struct entry *entry)
{
	enum err err;

	move_some(table, STEP);
	sweep_some(table, STEP);
	collect(table);
	if ((err = grow(table)))
		return err;
	put(atomic_load(&table->places), entry);
	table->count++;
	return OK;
}

void table_sweep(struct table *table)
{
	move_some(table, SIZE_MAX);
	sweep_some(table, atomic_load(&table->places)->count);
	collect(table);
}

static void remove_if(struct table *table, struct places *places, bool (*drops)(struct entry *entry, const void *argument),
                      const void *argument)
{
	for (size_t i = 0; places && i < places->count; i++) {
		struct entry *entry = atomic_load_explicit(&places->at[i], memory_order_relaxed);

		if (entry && entry != &gone && drops(entry, argument))
			table_remove(table, entry);
	}
}

void table_remove_if(struct table *table, bool (*drops)(struct entry *entry, const void *argument), const void *argument)
{
	remove_if(table, atomic_load(&table->before), drops, argument);
	remove_if(table, atomic_load(&table->places), drops, argument);
}
