/*
 * watch: which accounts and services the changes of a transaction have touched, so that what memory holds of them can be
 * dropped. Noticed by the database itself (temporary triggers on the writer's connection), so that no rule can forget to say
 * so, and what a deletion takes with it counts too. Inside src/store alone; others see store.h.
 */
#ifndef TWOSTEP_STORE_WATCH_H
#define TWOSTEP_STORE_WATCH_H

#include "store/store.h"

/* Names kept of one transaction; where there are more, all is touched. 1.2 MB. */
#define TOUCHED_MAX 65536

struct watch {
	struct touched *touched;
	size_t count, room;
	bool all;
};

/* From now on this connection notices. Once, after the migrations. ERR_STORE */
MUST_USE enum err watch_begin(struct db *db);

/* Forgets what has been noticed: a transaction begins. */
void watch_reset(struct watch *watch);
void watch_done(struct watch *watch);

#endif
