/*
 * readers: connections for store_read, opened when first needed, lent to one thread at a time.
 */
#ifndef TWOSTEP_STORE_READERS_H
#define TWOSTEP_STORE_READERS_H

#include <pthread.h>

#include "store/sqlite.h"
#include "store/store.h"

struct readers {
	const char *path;
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t given;
	struct db *idle[STORE_READERS];
	size_t idle_count, open_count;
	unsigned generation;
};

/* `path` must live as long. Opens nothing. */
void readers_init(struct readers *readers, const char *path);

/* Nobody may hold one any more. */
void readers_done(struct readers *readers);

/* Waits until one is free. ERR_STORE where it cannot be opened. */
MUST_USE enum err readers_take(struct readers *readers, struct db **out);

/* `sound`: it may be lent again. */
void readers_give(struct readers *readers, struct db *db, bool sound);

/* None that is open now is lent again. */
void readers_renew(struct readers *readers);

#endif
