/*
 * memory: facts that checks are answered from, kept by whom they are of. Loops look without a lock; one writer at a time
 * fills and forgets.
 *
 * A fill carries the change number read before its facts were: what has changed since is not kept. A revocation is committed,
 * then forgotten here, then answered (store_on_commit), so that a check that begins after the answer finds nothing of it.
 */
#ifndef TWOSTEP_GATE_MEMORY_H
#define TWOSTEP_GATE_MEMORY_H

#include <pthread.h>

#include "gate/facts.h"
#include "store/store.h"

#define MEMORY_PASSES_MAX (4u << 20) /* 1.2 GB; beyond it a check asks the store */
#define MEMORY_SITES_MAX  100000u
#define MEMORY_STAMPS     4096       /* accounts share one where their ids agree in 12 bits: a fill too many is refused */

struct memory {
	struct quiet quiet;
	pthread_mutex_t mutex; /* the writer is who holds it; all below but for `changes` and looks */
	struct table passes, persons, sites;
	atomic_uint_fast64_t changes;
	uint64_t stamp[MEMORY_STAMPS], stamp_of_all, stamp_of_sites; /* number of the last change that touched it */
};

MUST_USE enum err memory_init(struct memory *memory, unsigned readers);
void memory_done(struct memory *memory); /* no reader is awake any more; accepts what was never initialised */

/* By a loop that is awake. NULL: not here. What is found is constant until it sleeps. */
const struct site *memory_site(const struct memory *memory, const char *host);
struct pass *memory_pass(const struct memory *memory, const struct token_digest *token);

/* The number to take before reading what is to be kept. */
uint64_t memory_now(const struct memory *memory);

/* For person.as_of: the last change, as of then, that may have touched the account. */
uint32_t memory_as_of(struct memory *memory, uint64_t then, const struct id *account);

/*
 * Keeps what was read since `then`, or frees it: none of the three is the caller's afterwards, whatever happens. A pass comes with
 * its person; each may be NULL.
 */
void memory_keep(struct memory *memory, uint64_t then, struct site *site, struct person *person, struct pass *pass);

/* By the store's writer, after a commit. */
void memory_forget(struct memory *memory, const struct touched *touched, size_t count);

#endif
