#include "gate/quiet.h"

#include <stdlib.h>

#include "base/base.h"

#include "base/banned.h"

#define ASLEEP     UINT64_MAX
#define LINE_BYTES 64 /* of a cache: readers do not disturb each other */

struct quiet_reader {
	_Alignas(LINE_BYTES) atomic_uint_fast64_t since; /* what `now` was when it woke; ASLEEP */
};

enum err quiet_init(struct quiet *quiet, unsigned readers)
{
	*quiet = (struct quiet){ .reader_count = readers };
	if (!(quiet->readers = aligned_alloc(LINE_BYTES, readers * sizeof(*quiet->readers))))
		return ERR_MEMORY;
	for (unsigned i = 0; i < readers; i++)
		atomic_init(&quiet->readers[i].since, ASLEEP);
	atomic_init(&quiet->now, 1);
	return OK;
}

/*
 * Sequentially consistent, as are all looks into a table, the writer's unlinking and its look at `since`: either the writer
 * sees that this reader is awake, or the reader sees what the writer has unlinked.
 */
void quiet_awake(struct quiet *quiet, unsigned reader)
{
	atomic_store(&quiet->readers[reader].since, atomic_load(&quiet->now));
}

void quiet_asleep(struct quiet *quiet, unsigned reader)
{
	atomic_store_explicit(&quiet->readers[reader].since, ASLEEP, memory_order_release);
}

/* The moment since which no reader has slept at all. */
static uint64_t oldest(const struct quiet *quiet)
{
	uint64_t oldest = ASLEEP;

	for (unsigned i = 0; i < quiet->reader_count; i++) {
		uint64_t since = atomic_load(&quiet->readers[i].since);

		oldest = since < oldest ? since : oldest;
	}
	return oldest;
}

void quiet_done(struct quiet *quiet)
{
	free(quiet->readers);
	*quiet = (struct quiet){ 0 };
}

void limbo_add(struct limbo *limbo, struct retired *retired)
{
	retired->next = limbo->fresh;
	limbo->fresh = retired;
}

static void release(struct limbo *limbo, struct retired *retired)
{
	while (retired) {
		struct retired *next = retired->next;
		limbo->release(retired, limbo->with);
		retired = next;
	}
}

void limbo_collect(struct limbo *limbo)
{
	if (limbo->waiting && limbo->since <= oldest(limbo->quiet)) {
		release(limbo, limbo->waiting);
		limbo->waiting = NULL;
	}
	if (limbo->waiting || !limbo->fresh)
		return;
	limbo->waiting = limbo->fresh;
	limbo->fresh = NULL;
	limbo->since = atomic_fetch_add(&limbo->quiet->now, 1) + 1;
}

void limbo_done(struct limbo *limbo)
{
	release(limbo, limbo->waiting);
	release(limbo, limbo->fresh);
	limbo->waiting = limbo->fresh = NULL;
}
