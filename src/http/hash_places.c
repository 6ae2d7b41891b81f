#include "http/hash_places.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#include "base/banned.h"

/* What one network holds. As many entries as there can be places, so that the table is never full. */
struct holder {
	struct network network;
	unsigned places;
};

enum err hash_places_init(struct hash_places *places, unsigned most)
{
	*places = (struct hash_places){ .most = most };
	if (!(places->holders = calloc(most, sizeof(*places->holders))))
		return ERR_MEMORY;
	pthread_mutex_init(&places->lock, NULL);
	return OK;
}

void hash_places_done(struct hash_places *places)
{
	if (!places->holders)
		return;
	pthread_mutex_destroy(&places->lock);
	free(places->holders);
	*places = (struct hash_places){ .most = 0 };
}

/* This network's entry, or a free one. There is one: an entry is in use only while it holds a place. */
static struct holder *holder_of(struct hash_places *places, const struct network *network)
{
	struct holder *unused = NULL;

	for (unsigned i = 0; i < places->most; i++) {
		struct holder *holder = &places->holders[i];
		if (!holder->places)
			unused = holder;
		else if (!memcmp(&holder->network, network, sizeof(*network)))
			return holder;
	}
	if (unused)
		unused->network = *network;
	return unused;
}

static bool take(struct hash_places *places, const struct peer *peer)
{
	struct holder *holder;

	if (places->taken >= places->most)
		return false;
	if (peer->counted) {
		holder = holder_of(places, &peer->network);
		if (!holder || holder->places >= places->most / 2)
			return false;
		holder->places++;
	}
	places->taken++;
	return true;
}

enum err hash_place_take(struct hash_places *places, const struct peer *peer, struct hash_place *out)
{
	bool taken;

	pthread_mutex_lock(&places->lock);
	taken = take(places, peer);
	pthread_mutex_unlock(&places->lock);
	if (!taken)
		return ERR_BUSY;
	*out = (struct hash_place){ places, peer->network, peer->counted };
	return OK;
}

void hash_place_done(struct hash_place *place)
{
	struct hash_places *places = place->of;

	if (!places)
		return;
	pthread_mutex_lock(&places->lock);
	places->taken--;
	if (place->counted)
		holder_of(places, &place->network)->places--;
	pthread_mutex_unlock(&places->lock);
	place->of = NULL;
}
