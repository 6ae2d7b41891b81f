#include "gate/assertions.h"

#include <stdlib.h>

#include "gate/identity.h"
#include "signing/assertion.h"

#include "base/banned.h"

#define SETS (ASSERTIONS_MAX / ASSERTION_WAYS)

/* Whom it tells of, to whom, and when. */
struct key {
	uint64_t pass[2], host;
	struct id service; /* the host may be another's by now */
	int64_t half_minute;
	uint32_t as_of; /* of the person */
};

struct kept_assertion {
	struct retired retired;
	struct key key;
	char text[];
};

static struct key key_of(const struct check *check)
{
	return (struct key){ .pass = { check->pass->entry.hash, check->pass->digest }, .host = check->site->mark,
		             .service = check->site->service, .half_minute = check->now_s / ASSERTION_KEPT_S,
		             .as_of = check->pass->person->as_of };
}

static bool same_key(const struct key *a, const struct key *b)
{
	return a->pass[0] == b->pass[0] && a->pass[1] == b->pass[1] && a->host == b->host && id_same(&a->service, &b->service) &&
	       a->half_minute == b->half_minute && a->as_of == b->as_of;
}

/* Of a digest and a mark: nobody can choose where theirs stand. */
static size_t set_of(const struct key *key)
{
	return (size_t)((key->pass[0] ^ key->host) % SETS) * ASSERTION_WAYS;
}

static void release(struct retired *retired, void *with)
{
	(void)with;
	free(retired);
}

enum err assertions_init(struct assertions *assertions, struct quiet *quiet)
{
	if (!(assertions->places = calloc(ASSERTIONS_MAX, sizeof(*assertions->places))))
		return ERR_MEMORY;
	assertions->old = (struct limbo){ .quiet = quiet, .release = release };
	pthread_mutex_init(&assertions->mutex, NULL);
	for (size_t i = 0; i < ASSERTION_LOCKS; i++)
		pthread_mutex_init(&assertions->signing[i], NULL);
	return OK;
}

void assertions_done(struct assertions *assertions)
{
	if (!assertions->places)
		return;
	for (size_t i = 0; i < ASSERTIONS_MAX; i++)
		free(atomic_load(&assertions->places[i]));
	free(assertions->places);
	limbo_done(&assertions->old);
	pthread_mutex_destroy(&assertions->mutex);
	for (size_t i = 0; i < ASSERTION_LOCKS; i++)
		pthread_mutex_destroy(&assertions->signing[i]);
	assertions->places = NULL;
}

static const struct kept_assertion *find(const struct assertions *assertions, const struct key *key)
{
	size_t set = set_of(key);

	for (size_t i = set; i < set + ASSERTION_WAYS; i++) {
		const struct kept_assertion *kept = atomic_load(&assertions->places[i]);

		if (kept && same_key(&kept->key, key))
			return kept;
	}
	return NULL;
}

const char *assertions_find(const struct assertions *assertions, const struct check *check)
{
	const struct key key = key_of(check);
	const struct kept_assertion *kept = find(assertions, &key);

	return kept ? kept->text : NULL;
}

/* An empty place, or the one of the oldest. */
static size_t place_for(const struct assertions *assertions, const struct key *key)
{
	size_t set = set_of(key), oldest = set;

	for (size_t i = set; i < set + ASSERTION_WAYS; i++) {
		const struct kept_assertion *kept = atomic_load(&assertions->places[i]);

		if (!kept)
			return i;
		if (kept->key.half_minute < atomic_load(&assertions->places[oldest])->key.half_minute)
			oldest = i;
	}
	return oldest;
}

/* What cannot be kept is signed again. */
static void keep(struct assertions *assertions, const struct key *key, const char *text)
{
	size_t bytes = strlen(text) + 1;
	struct kept_assertion *kept = malloc(sizeof(*kept) + bytes), *before;

	if (!kept)
		return;
	kept->key = *key;
	memcpy(kept->text, text, bytes);
	pthread_mutex_lock(&assertions->mutex);
	before = atomic_exchange(&assertions->places[place_for(assertions, key)], kept);
	if (before)
		limbo_add(&assertions->old, &before->retired);
	limbo_collect(&assertions->old);
	pthread_mutex_unlock(&assertions->mutex);
}

/* Under the mutex nobody replaces it: a request thread is no reader that limbo waits for. */
static const char *copy_kept(struct assertions *assertions, const struct key *key, struct arena *arena)
{
	const struct kept_assertion *kept;
	const char *copy = NULL;

	pthread_mutex_lock(&assertions->mutex);
	if ((kept = find(assertions, key)))
		copy = arena_text(arena, kept->text);
	pthread_mutex_unlock(&assertions->mutex);
	return copy;
}

static enum err sign(struct call *call, const struct check *check, struct buf *out)
{
	char methods[METHODS_TEXT], groups[GROUPS_TEXT];
	const struct caller *caller = call->caller;
	const struct assertion assertion = {
		.issuer = call->settings->public_url,
		.audience = check->site->host,
		.account = &caller->account.id,
		.email = caller->account.email,
		.name = caller->account.name,
		.groups = identity_groups(check, groups),
		.methods = identity_methods(check->pass->methods, methods),
		.authenticated_at = caller->session.confirmed_at,
		.second_step_at = check->pass->second_step_at,
	};

	return assertion_sign(call->signer, &assertion, call->now_s, out);
}

enum err assertions_make(struct assertions *assertions, struct call *call, const struct check *check, const char **out)
{
	SCOPED(buf_done) struct buf made = { 0 };
	const struct key key = key_of(check);
	pthread_mutex_t *lock = &assertions->signing[set_of(&key) / ASSERTION_WAYS % ASSERTION_LOCKS];
	enum err err = OK;

	pthread_mutex_lock(lock);
	if (!(*out = copy_kept(assertions, &key, call->arena)) && !(err = sign(call, check, &made)) &&
	    !(*out = arena_buf(call->arena, &made)))
		err = ERR_MEMORY;
	if (!err && made.length)
		keep(assertions, &key, *out);
	pthread_mutex_unlock(lock);
	return err;
}
