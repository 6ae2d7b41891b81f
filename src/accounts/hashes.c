#include "accounts/hashes.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "accounts/password_hash.h"
#include "base/base.h"
#include "keys/sodium_ready.h"

#include "base/banned.h"

#define HASH_THREADS_MAX 64
#define HASH_NICE        10           /* checks and pages go first: design.md section 2 */
#define HASH_STACK_BYTES (256 * 1024) /* Argon2's memory is not on the stack */
#define HASH_REST_S      1            /* idle, a hash thread keeps nothing of it */

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

/* Tries under way for one subject from one network. An entry is in use only while one is, and each of them has a place. */
struct turn {
	struct id subject;
	struct network network;
	unsigned taken;
};

struct hashes {
	pthread_mutex_t lock;
	pthread_cond_t work, turned;
	struct job *first, **last;
	bool stopping;
	struct hash_places places;    /* of who may come here */
	struct turn *turns;      /* as many as there are places */
	unsigned thread_count;
	pthread_t threads[HASH_THREADS_MAX];
	struct hash_text nobody; /* a hash of nobody's password: an unknown address costs as much as a known one */
};

static void run(struct job *job)
{
	job->answer = job->stored ? password_hash_compare(job->stored, job->password->text) : password_hash_make(job->password->text, job->made);
}

/* Whoever waits longer than HASH_REST_S keeps no memory meanwhile. */
static void wait_for_work(struct hashes *hashes)
{
	struct timespec until;
	bool resting = false;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += HASH_REST_S;
	while (!hashes->first && !hashes->stopping) {
		if (resting) {
			pthread_cond_wait(&hashes->work, &hashes->lock);
		} else if (pthread_cond_timedwait(&hashes->work, &hashes->lock, &until)) {
			resting = true;
			pthread_mutex_unlock(&hashes->lock);
			password_hash_rest();
			pthread_mutex_lock(&hashes->lock);
		}
	}
}

static struct job *next_job(struct hashes *hashes)
{
	struct job *job;

	wait_for_work(hashes);
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
	password_hash_rest();
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

static unsigned places_for(unsigned threads, unsigned waiting_max)
{
	unsigned places = threads * HASH_QUEUE_A_CORE;

	return waiting_max && waiting_max < places ? waiting_max : places;
}

enum err hashes_new(unsigned threads, unsigned waiting_max, struct hashes **out)
{
	struct hashes *hashes;
	pthread_condattr_t monotonic;

	threads = threads ? threads : cores();
	threads = threads > HASH_THREADS_MAX ? HASH_THREADS_MAX : threads;
	if (sodium_ready() || !(hashes = calloc(1, sizeof(*hashes))))
		return ERR_MEMORY;
	hashes->last = &hashes->first;
	pthread_mutex_init(&hashes->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&hashes->work, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_cond_init(&hashes->turned, NULL);
	password_hash_of_nobody(hashes->nobody.text);
	if (hash_places_init(&hashes->places, places_for(threads, waiting_max)) ||
	    !(hashes->turns = calloc(hashes->places.most, sizeof(*hashes->turns))) || start_threads(hashes, threads)) {
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
	hash_places_done(&hashes->places);
	free(hashes->turns);
	free(hashes);
}

struct hash_places *hashes_places(struct hashes *hashes)
{
	return &hashes->places;
}

/* This subject's entry, or a free one. There is one: whoever asks has a place and no entry yet. */
static struct turn *turn_of(struct hashes *hashes, const struct id *subject, const struct network *network)
{
	struct turn *unused = NULL;

	for (unsigned i = 0; i < hashes->places.most; i++) {
		struct turn *turn = &hashes->turns[i];
		if (!turn->taken)
			unused = turn;
		else if (id_same(&turn->subject, subject) && !memcmp(&turn->network, network, sizeof(*network)))
			return turn;
	}
	unused->subject = *subject;
	unused->network = *network;
	return unused;
}

void hash_turn_take(struct hashes *hashes, const struct id *subject, const struct network *network, struct hash_turn *out)
{
	struct turn *turn;

	pthread_mutex_lock(&hashes->lock);
	while ((turn = turn_of(hashes, subject, network))->taken >= HASH_TURNS)
		pthread_cond_wait(&hashes->turned, &hashes->lock);
	turn->taken++;
	pthread_mutex_unlock(&hashes->lock);
	*out = (struct hash_turn){ hashes, turn };
}

void hash_turn_done(struct hash_turn *turn)
{
	struct hashes *hashes = turn->hashes;

	if (!hashes)
		return;
	pthread_mutex_lock(&hashes->lock);
	turn->of->taken--;
	pthread_cond_broadcast(&hashes->turned);
	pthread_mutex_unlock(&hashes->lock);
	*turn = (struct hash_turn){ NULL, NULL };
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

enum err hash_make(struct hashes *hashes, const struct password *password, struct hash_text *out)
{
	struct hash_text made = { "" };
	struct job job = { .password = password, .made = made.text, .answer = ERR_CRYPTO };
	enum err err = wait_for(hashes, &job);

	if (!err)
		*out = made;
	wipe(&made, sizeof(made));
	return err;
}

enum err hash_check(struct hashes *hashes, const struct password *password, const struct hash_text *stored, bool *outdated)
{
	struct job job = { .password = password, .stored = stored ? stored->text : hashes->nobody.text, .answer = ERR_CRYPTO };
	enum err err = wait_for(hashes, &job);

	if (!stored && !err)
		return ERR_CREDENTIALS;
	if (!err && outdated)
		*outdated = password_hash_outdated(stored->text);
	return err;
}
