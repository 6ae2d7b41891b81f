/*
 * quiet: when may memory be freed that others read without a lock? Once each reader has passed a point at which it holds
 * nothing. Readers are the loops: awake for one turn at a time, asleep in between. One writer at a time.
 */
#ifndef TWOSTEP_GATE_QUIET_H
#define TWOSTEP_GATE_QUIET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct quiet {
	struct quiet_reader *readers;
	unsigned reader_count;
	atomic_uint_fast64_t now;
};

MUST_USE enum err quiet_init(struct quiet *quiet, unsigned readers);
void quiet_done(struct quiet *quiet); /* accepts what was never initialised */

/* By a reader's own thread: from awake to asleep it may hold what it reads. */
void quiet_awake(struct quiet *quiet, unsigned reader);
void quiet_asleep(struct quiet *quiet, unsigned reader);

/* At the head of what is to be freed so. */
struct retired {
	struct retired *next;
};

/* Things of one kind that nobody can find any more, while somebody may still hold them. Zero-initialised but for the first three. */
struct limbo {
	struct quiet *quiet;
	void (*release)(struct retired *retired, void *with);
	void *with;
	struct retired *fresh, *waiting; /* waiting: for all readers to have slept since `since` */
	uint64_t since;
};

/* By the writer. */
void limbo_add(struct limbo *limbo, struct retired *retired);
void limbo_collect(struct limbo *limbo); /* releases what nobody can hold */
void limbo_done(struct limbo *limbo);    /* releases all: no reader is awake any more */

#endif
