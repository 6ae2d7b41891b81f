/*
 * hash_places: how many requests may wait for a hash at once, so that the others find a request thread. The loop takes a place before
 * it hands over a request whose route says that it hashes (HASHES, http/route.h): where none is free the answer is ERR_BUSY at
 * once, and costs no thread. A rule that hashes elsewhere takes one when it comes to it.
 */
#ifndef TWOSTEP_HTTP_HASH_PLACES_H
#define TWOSTEP_HTTP_HASH_PLACES_H

#include <pthread.h>

#include "base/err.h"
#include "http/peer.h"

struct holder;

struct hash_places {
	pthread_mutex_t lock;
	unsigned taken, most;
	struct holder *holders; /* `most` of them */
};

/* hash_places_done accepts what was never initialised. */
MUST_USE enum err hash_places_init(struct hash_places *places, unsigned most);
void hash_places_done(struct hash_places *places);

/* A place of a request; hash_place_done gives it back and accepts the empty value. */
struct hash_place {
	struct hash_places *of; /* NULL: none was taken */
	struct network network;
	bool counted;
};

/* ERR_BUSY: all are taken, or this network (where peer->counted) holds half of them. */
MUST_USE enum err hash_place_take(struct hash_places *places, const struct peer *peer, struct hash_place *out);
void hash_place_done(struct hash_place *place);

#endif
