#include "accounts/hashes.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

#include "base/banned.h"

#define HASH_THREADS_MAX 64
#define HASH_NICE        10           /* checks and pages go first: design.md section 2 */
#define HASH_STACK_BYTES (256 * 1024) /* Argon2's memory is not on the stack */

/* What a request thread wants hashed; lives on its stack while it waits. */
struct job {
	struct job *next;
	const struct password *password;
	const char *stored; /* NULL: make a new hash into `made` */
	char *made;
	enum err answer;
	bool done;
	pthread_cond_t finished;
};

/* Places that one network holds. As many entries as there can be places, so that the table is never full. */
struct holder {
	struct network network;
	unsigned places;
};

/* Tries under way for one subject from one network. An entry is in use only while one is, and each of them has a place. */
struct hash_turn {
	struct id subject;
	struct network network;
	unsigned taken;
};

struct hashes {
	pthread_mutex_t lock;
	pthread_cond_t work, turned;
	struct job *first, **last;
	bool stopping;
	unsigned places, places_max; /* taken; in all */
	struct holder *holders;      /* places_max of them */
	struct hash_turn *turns;     /* as many */
	unsigned thread_count;
	pthread_t threads[HASH_THREADS_MAX];
	struct hash_text nobody;     /* a hash of nobody's password: an unknown address costs as much as a known one */
};

static enum err hash_new(const char *password, char out[static HASH_TEXT])
{
	_Static_assert(HASH_TEXT == crypto_pwhash_argon2id_STRBYTES, "libsodium's length");
	memset(out, 0, HASH_TEXT);
	return crypto_pwhash_argon2id_str(out, password, strlen(password), HASH_PASSES, HASH_MEMORY_BYTES) ? ERR_CRYPTO : OK;
}

/* libsodium says -1 for a wrong password and for memory that it could not get; only errno tells which. */
static enum err hash_compare(const char *stored, const char *password)
{
	errno = 0;
	if (!crypto_pwhash_argon2id_str_verify(stored, password, strlen(password)))
		return OK;
	return errno == ENOMEM ? ERR_CRYPTO : ERR_CREDENTIALS;
}

static void run(struct job *job)
{
	job->answer = job->stored ? hash_compare(job->stored, job->password->text) : hash_new(job->password->text, job->made);
}

static struct job *next_job(struct hashes *hashes)
{
	struct job *job;

	while (!hashes->first && !hashes->stopping)
		pthread_cond_wait(&hashes->work, &hashes->lock);
	job = hashes->first;
	if (job && !(hashes->first = job->next))
		hashes->last = &hashes->first;
	return job;
}

static void *hash_thread(void *argument)
{
	struct hashes *hashes = argument;
	struct job *job;

	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), HASH_NICE); /* only slower where it is refused */
	pthread_mutex_lock(&hashes->lock);
	while ((job = next_job(hashes))) {
		pthread_mutex_unlock(&hashes->lock);
		run(job);
		pthread_mutex_lock(&hashes->lock);
		job->done = true;
		pthread_cond_signal(&job->finished);
	}
	pthread_mutex_unlock(&hashes->lock);
	return NULL;
}

static unsigned cores(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return count < 1 ? 1 : count > HASH_THREADS_MAX ? HASH_THREADS_MAX : (unsigned)count;
}

static enum err start_threads(struct hashes *hashes, unsigned threads)
{
	pthread_attr_t attributes;
	enum err err = pthread_attr_init(&attributes) ? ERR_MEMORY : OK;

	if (err)
		return err;
	pthread_attr_setstacksize(&attributes, HASH_STACK_BYTES);
	while (!err && hashes->thread_count < threads) {
		if (pthread_create(&hashes->threads[hashes->thread_count], &attributes, hash_thread, hashes))
			err = ERR_MEMORY;
		else
			hashes->thread_count++;
	}
	pthread_attr_destroy(&attributes);
	return err;
}

/*
 * The parameters in front decide what a check costs; salt and digest may be anything, so that no hash has to be made at the start.
 * Finding a password that fits would take 2^256 tries; a right one is refused all the same (hash_check).
 */
static void make_nobody(struct hash_text *nobody)
{
	snprintf(nobody->text, sizeof(nobody->text), "$argon2id$v=19$m=%u,t=%d,p=1$%s$%s", HASH_MEMORY_BYTES / 1024, HASH_PASSES,
	        "bm9ib2R5cyBzYWx0IGhlcg", "bm9ib2R5cyBwYXNzd29yZCBmaXRzIGhlcmUsIGV2ZXI");
}

enum err hashes_new(unsigned threads, unsigned waiting_max, struct hashes **out)
{
	struct hashes *hashes;
	enum err err;

	threads = threads ? threads : cores();
	threads = threads > HASH_THREADS_MAX ? HASH_THREADS_MAX : threads;
	if (sodium_init() < 0 || !(hashes = calloc(1, sizeof(*hashes))))
		return ERR_MEMORY;
	hashes->places_max = threads * HASH_QUEUE_A_CORE;
	if (waiting_max && waiting_max < hashes->places_max)
		hashes->places_max = waiting_max;
	hashes->last = &hashes->first;
	pthread_mutex_init(&hashes->lock, NULL);
	pthread_cond_init(&hashes->work, NULL);
	pthread_cond_init(&hashes->turned, NULL);
	make_nobody(&hashes->nobody);
	if (!(hashes->holders = calloc(hashes->places_max, sizeof(*hashes->holders))) ||
	    !(hashes->turns = calloc(hashes->places_max, sizeof(*hashes->turns))) || (err = start_threads(hashes, threads))) {
		hashes_free(hashes);
		return ERR_MEMORY;
	}
	*out = hashes;
	return OK;
}

void hashes_free(struct hashes *hashes)
{
	if (!hashes)
		return;
	pthread_mutex_lock(&hashes->lock);
	hashes->stopping = true;
	pthread_cond_broadcast(&hashes->work);
	pthread_mutex_unlock(&hashes->lock);
	for (unsigned i = 0; i < hashes->thread_count; i++)
		pthread_join(hashes->threads[i], NULL);
	pthread_cond_destroy(&hashes->work);
	pthread_cond_destroy(&hashes->turned);
	pthread_mutex_destroy(&hashes->lock);
	free(hashes->holders);
	free(hashes->turns);
	free(hashes);
}

/* This network's entry, or a free one. There is one: an entry is in use only while it holds a place. */
static struct holder *holder_of(struct hashes *hashes, const struct network *network)
{
	struct holder *unused = NULL;

	for (unsigned i = 0; i < hashes->places_max; i++) {
		struct holder *holder = &hashes->holders[i];
		if (!holder->places)
			unused = holder;
		else if (!memcmp(&holder->network, network, sizeof(*network)))
			return holder;
	}
	if (unused)
		unused->network = *network;
	return unused;
}

static bool take(struct hashes *hashes, const struct peer *peer)
{
	struct holder *holder;

	if (hashes->stopping || hashes->places >= hashes->places_max)
		return false;
	if (peer->counted) {
		holder = holder_of(hashes, &peer->network);
		if (!holder || holder->places >= hashes->places_max / 2)
			return false;
		holder->places++;
	}
	hashes->places++;
	return true;
}

enum err hash_place_take(struct hashes *hashes, const struct peer *peer, struct hash_place *out)
{
	bool taken;

	pthread_mutex_lock(&hashes->lock);
	taken = take(hashes, peer);
	pthread_mutex_unlock(&hashes->lock);
	if (!taken)
		return ERR_BUSY;
	*out = (struct hash_place){ hashes, peer->network, peer->counted, NULL };
	return OK;
}

/* This subject's entry, or a free one. There is one: whoever asks has a place and no entry yet. */
static struct hash_turn *turn_of(struct hashes *hashes, const struct id *subject, const struct network *network)
{
	struct hash_turn *unused = NULL;

	for (unsigned i = 0; i < hashes->places_max; i++) {
		struct hash_turn *turn = &hashes->turns[i];
		if (!turn->taken)
			unused = turn;
		else if (id_same(&turn->subject, subject) && !memcmp(&turn->network, network, sizeof(*network)))
			return turn;
	}
	unused->subject = *subject;
	unused->network = *network;
	return unused;
}

void hash_turn_take(struct hash_place *place, const struct id *subject)
{
	struct hashes *hashes = place->hashes;
	struct hash_turn *turn;

	pthread_mutex_lock(&hashes->lock);
	while ((turn = turn_of(hashes, subject, &place->network))->taken >= HASH_TURNS)
		pthread_cond_wait(&hashes->turned, &hashes->lock);
	turn->taken++;
	place->turn = turn;
	pthread_mutex_unlock(&hashes->lock);
}

void hash_place_done(struct hash_place *place)
{
	struct hashes *hashes = place->hashes;

	if (!hashes)
		return;
	pthread_mutex_lock(&hashes->lock);
	hashes->places--;
	if (place->counted)
		holder_of(hashes, &place->network)->places--;
	if (place->turn) {
		place->turn->taken--;
		pthread_cond_broadcast(&hashes->turned);
	}
	place->turn = NULL;
	pthread_mutex_unlock(&hashes->lock);
	place->hashes = NULL;
}

static enum err wait_for(struct hashes *hashes, struct job *job)
{
	pthread_cond_init(&job->finished, NULL);
	pthread_mutex_lock(&hashes->lock);
	*hashes->last = job;
	hashes->last = &job->next;
	pthread_cond_signal(&hashes->work);
	while (!job->done)
		pthread_cond_wait(&job->finished, &hashes->lock);
	pthread_mutex_unlock(&hashes->lock);
	pthread_cond_destroy(&job->finished);
	return job->answer;
}

enum err hash_make(struct hash_place *place, const struct password *password, struct hash_text *out)
{
	struct hash_text made = { "" };
	struct job job = { .password = password, .made = made.text, .answer = ERR_CRYPTO };
	enum err err = wait_for(place->hashes, &job);

	if (!err)
		*out = made;
	wipe(&made, sizeof(made));
	return err;
}

enum err hash_check(struct hash_place *place, const struct password *password, const struct hash_text *stored, bool *outdated)
{
	struct job job = { .password = password, .stored = stored ? stored->text : place->hashes->nobody.text, .answer = ERR_CRYPTO };
	enum err err = wait_for(place->hashes, &job);

	if (!stored && !err)
		return ERR_CREDENTIALS;
	if (!err && outdated)
		*outdated = crypto_pwhash_argon2id_str_needs_rehash(stored->text, HASH_PASSES, HASH_MEMORY_BYTES) != 0;
	return err;
}
