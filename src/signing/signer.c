#include "signing/signer.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/log.h"

#include "base/banned.h"

#define LEEWAY_S 60 /* request threads took their times before one another's; further back, the clock was put back */

struct signer {
	struct store *store;
	const struct keyring *keyring;
	pthread_mutex_t mutex; /* guards what follows; held while it is loaded, for all others need the same */
	int64_t loaded_at;     /* 0: never */
	struct signing now;
	struct signer_list list;
};

enum err signer_new(struct store *store, const struct keyring *keyring, struct signer **out)
{
	struct signer *signer = calloc(1, sizeof(*signer));

	if (!signer)
		return ERR_MEMORY;
	signer->store = store;
	signer->keyring = keyring;
	pthread_mutex_init(&signer->mutex, NULL);
	*out = signer;
	return OK;
}

void signer_free(struct signer *signer)
{
	if (!signer)
		return;
	signing_done(&signer->now);
	pthread_mutex_destroy(&signer->mutex);
	free(signer);
}

void signing_done(struct signing *signing)
{
	EVP_PKEY_free(signing->key); /* the last of those who hold it wipes it */
	signing->key = NULL;
}

struct look {
	int64_t now_s;
	struct signing_keys *keys;
};

static enum err look(struct db *db, void *argument)
{
	const struct look *look = argument;

	return signing_keys_read(db, look->now_s, look->keys);
}

struct addition {
	int64_t now_s;
	const struct signing_key *key;
};

static enum err add(struct db *db, void *argument)
{
	const struct addition *addition = argument;

	return signing_key_add(db, addition->key, addition->now_s);
}

/* Who comes second to another thread or node takes theirs. */
static enum err make_next(const struct signer *signer, int64_t number, int64_t signs_at, int64_t now_s)
{
	struct signing_key made;
	struct addition addition = { now_s, &made };
	enum err err = signing_key_make(signer->keyring, number, signs_at, &made);

	if (err || (err = store_change(signer->store, add, &addition)))
		return err == ERR_WRONG_STATE ? OK : err;
	log_info("signing_key_made", LOG_INT("number", number), LOG_INT("signs_at", signs_at));
	return OK;
}

/* A next key that cannot be made now keeps nobody from signing with the one that there is. */
static enum err make_due(const struct signer *signer, struct signing_keys *keys, int64_t now_s)
{
	struct look again = { now_s, keys };
	int64_t signs_at;
	enum err err;

	if (!signing_keys_due(keys, now_s, &signs_at))
		return OK;
	if (keys->count == SIGNING_KEYS_MAX)
		err = ERR_WRONG_STATE;
	else
		err = make_next(signer, keys->last + 1, signs_at, now_s);
	if (!err)
		return store_read(signer->store, look, &again);
	log_warn("signing_key_not_made", LOG_TEXT("error", err_name(err)));
	return keys->count ? OK : err;
}

/* A row that the keyring does not open was written by somebody else: then none of them is believed. */
static enum err open_key(const struct signer *signer, const struct signing_key *key, struct signing *out)
{
	SCOPED(es256_secret_wipe) struct es256_secret secret = { 0 };
	enum err err;

	if ((err = signing_key_open(signer->keyring, key, &secret)) || (err = es256_jwk_of(&key->point, &out->jwk)) ||
	    (err = es256_open(&secret, &key->point, &out->key)))
		log_warn("signing_key_does_not_open", LOG_INT("number", key->number));
	return err;
}

/* The list, and the one of them that signs. */
static enum err open_all(const struct signer *signer, const struct signing_keys *keys, int64_t now_s, struct signer_list *list,
                         struct signing *now)
{
	size_t current = signing_keys_current(keys, now_s);

	for (size_t i = 0; i < keys->count; i++) {
		SCOPED(signing_done) struct signing one = { 0 };
		enum err err = open_key(signer, &keys->key[i], &one);

		if (err)
			return err;
		list->jwk[list->count++] = one.jwk;
		if (i == current) {
			*now = one;
			one.key = NULL;
		}
	}
	return now->key ? OK : ERR_STORE;
}

static enum err load(struct signer *signer, int64_t now_s)
{
	struct signing_keys keys = { .count = 0 };
	struct look first = { now_s, &keys };
	struct signer_list list = { .count = 0 };
	SCOPED(signing_done) struct signing now = { 0 };
	enum err err;

	if ((err = store_read(signer->store, look, &first)) || (err = make_due(signer, &keys, now_s)) ||
	    (err = open_all(signer, &keys, now_s, &list, &now)))
		return err;
	signing_done(&signer->now);
	signer->now = now;
	now.key = NULL;
	signer->list = list;
	signer->loaded_at = now_s;
	return OK;
}

/* Holds the mutex. */
static enum err refresh(struct signer *signer, int64_t now_s)
{
	if (signer->now.key && now_s >= signer->loaded_at - LEEWAY_S && now_s < signer->loaded_at + SIGNER_LOOK_S)
		return OK;
	return load(signer, now_s);
}

enum err signer_take(struct signer *signer, int64_t now_s, struct signing *out)
{
	enum err err;

	pthread_mutex_lock(&signer->mutex);
	err = refresh(signer, now_s);
	if (!err && !EVP_PKEY_up_ref(signer->now.key))
		err = ERR_CRYPTO;
	if (!err)
		*out = signer->now;
	pthread_mutex_unlock(&signer->mutex);
	return err;
}

enum err signer_published(struct signer *signer, int64_t now_s, struct signer_list *out)
{
	enum err err;

	pthread_mutex_lock(&signer->mutex);
	err = refresh(signer, now_s);
	if (!err)
		*out = signer->list;
	pthread_mutex_unlock(&signer->mutex);
	return err;
}
