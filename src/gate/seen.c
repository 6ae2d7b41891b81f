#include "gate/seen.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "organizations/membership.h"

#include "base/banned.h"

struct note {
	struct id session, account, organization;
	int64_t at_s;
};

/* One loop writes, the thread reads. */
struct ring {
	atomic_uint written, read;
	struct note notes[SEEN_NOTES];
};

struct seen {
	struct store *store;
	struct ring *rings;
	unsigned count;
	pthread_t thread;
	bool started;
	atomic_bool stopping;
	atomic_bool waiting; /* a note is there and the thread was told so */
	sem_t noted, stop;
};

enum err seen_new(struct store *store, unsigned loops, struct seen **out)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	if (!seen || !(seen->rings = calloc(loops, sizeof(*seen->rings)))) {
		free(seen);
		return ERR_MEMORY;
	}
	seen->store = store;
	seen->count = loops;
	sem_init(&seen->noted, 0, 0);
	sem_init(&seen->stop, 0, 0);
	*out = seen;
	return OK;
}

void seen_free(struct seen *seen)
{
	if (!seen)
		return;
	sem_destroy(&seen->noted);
	sem_destroy(&seen->stop);
	free(seen->rings);
	free(seen);
}

static bool push(struct ring *ring, const struct note *note)
{
	unsigned written = atomic_load_explicit(&ring->written, memory_order_relaxed);

	if (written - atomic_load_explicit(&ring->read, memory_order_acquire) >= SEEN_NOTES)
		return false;
	ring->notes[written % SEEN_NOTES] = *note;
	atomic_store_explicit(&ring->written, written + 1, memory_order_release);
	return true;
}

/* The loop that moves the time is the one that notes it; where there is no room the next check tries again. */
void seen_note(struct seen *seen, unsigned loop, struct pass *pass, const struct id *organization, int64_t now_s)
{
	int_fast64_t before = atomic_load_explicit(&pass->last_seen, memory_order_relaxed);
	struct note note = { .account = pass->person->account, .organization = *organization, .at_s = now_s };

	if (now_s < before + SESSION_SEEN_S || !atomic_compare_exchange_strong(&pass->last_seen, &before, now_s))
		return;
	memcpy(note.session.bytes, pass->session, ID_BYTES);
	if (!push(&seen->rings[loop], &note))
		atomic_store(&pass->last_seen, before);
	else if (!atomic_exchange(&seen->waiting, true))
		sem_post(&seen->noted);
}

struct notes {
	struct note *note;
	size_t count;
};

static enum err write_notes(struct db *db, void *argument)
{
	const struct notes *notes = argument;
	enum err err = OK;

	for (size_t i = 0; i < notes->count && !err; i++) {
		const struct note *note = &notes->note[i];

		if (!(err = session_seen(db, &note->session, note->at_s)))
			err = membership_seen(db, &note->organization, &note->account, note->at_s);
	}
	return err;
}

/* Not in the future: the clock may have been set back since. */
static struct note as_of(const struct note *note, int64_t now_s)
{
	struct note copy = *note;

	copy.at_s = copy.at_s < now_s ? copy.at_s : now_s;
	return copy;
}

static void write_ring(struct seen *seen, struct ring *ring)
{
	unsigned read = atomic_load_explicit(&ring->read, memory_order_relaxed);
	unsigned written = atomic_load_explicit(&ring->written, memory_order_acquire);
	struct note batch[STORE_BATCH];
	struct notes notes = { .note = batch };
	int64_t now_s = clock_now_s();
	enum err err;

	while (read != written) {
		for (notes.count = 0; read != written && notes.count < COUNT(batch); read++)
			batch[notes.count++] = as_of(&ring->notes[read % SEEN_NOTES], now_s);
		atomic_store_explicit(&ring->read, read, memory_order_release);
		if ((err = store_change(seen->store, write_notes, &notes)))
			log_warn("seen_not_written", LOG_TEXT("error", err_name(err)));
	}
}

static void write_all(struct seen *seen)
{
	atomic_store(&seen->waiting, false);
	for (unsigned i = 0; i < seen->count; i++)
		write_ring(seen, &seen->rings[i]);
}

/* So that those of a second are one change. */
static void gather(struct seen *seen)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += SEEN_GATHER_MS / 1000;
	while (sem_clockwait(&seen->stop, CLOCK_MONOTONIC, &until) && errno == EINTR)
		;
}

static void *run(void *argument)
{
	struct seen *seen = argument;

	while (!atomic_load(&seen->stopping)) {
		while (sem_wait(&seen->noted) && errno == EINTR)
			;
		if (!atomic_load(&seen->stopping))
			gather(seen);
		write_all(seen);
	}
	return NULL;
}

enum err seen_start(struct seen *seen)
{
	if (pthread_create(&seen->thread, NULL, run, seen))
		return ERR_MEMORY;
	pthread_setname_np(seen->thread, "seen");
	seen->started = true;
	return OK;
}

void seen_stop(struct seen *seen)
{
	if (!seen || !seen->started)
		return;
	atomic_store(&seen->stopping, true);
	sem_post(&seen->stop);
	sem_post(&seen->noted);
	pthread_join(seen->thread, NULL);
	seen->started = false;
}
