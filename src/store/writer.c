#include "store/writer.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/checkpoints.h"

#include "base/banned.h"

#define COMMIT_TRIES 3 /* of a COMMIT that another process keeps waiting */

/* On the stack of the thread that waits for it; gone as soon as it is answered. */
struct change {
	store_function *function;
	void *argument;
	enum err answer;
	unsigned wake, clock; /* clock: the mark of the thread that waits */
	sem_t answered;
	struct change *next;
};

struct queue {
	struct change *first, **last;
	size_t count;
};

struct batch {
	struct queue changes;
	int64_t until_ms; /* when it stops collecting */
	bool alone;       /* takes no others */
};

struct writer {
	const char *path;
	struct readers *readers;
	struct checkpoints *checkpoints;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards the next seven */
	pthread_cond_t wake;
	struct queue waiting;
	bool stopping, probe_wanted;
	void (*on_wake)(void *to, unsigned bits);
	void *wake_to;
	void (*on_commit)(void *to, const struct touched *touched, size_t count);
	void *commit_to;
	/* The thread's own. */
	struct db *db; /* NULL: could not be opened again, and so it is down */
	int failures;  /* in a row */
	int guarded;   /* batches that still run behind savepoints */
	int64_t probed_at_ms;
};

static void queue_init(struct queue *queue)
{
	*queue = (struct queue){ .last = &queue->first };
}

static void queue_push(struct queue *queue, struct change *change)
{
	change->next = NULL;
	*queue->last = change;
	queue->last = &change->next;
	queue->count++;
}

static struct change *queue_pop(struct queue *queue)
{
	struct change *change = queue->first;

	if (!change)
		return NULL;
	if (!(queue->first = change->next))
		queue->last = &queue->first;
	queue->count--;
	return change;
}

static bool is_down(const struct writer *writer)
{
	return writer->failures >= WRITER_FAILURES;
}

/* Answers all of a batch; with `err` where there is one, else each with what it said. */
static void answer(struct batch *batch, enum err err)
{
	struct change *change;

	while ((change = queue_pop(&batch->changes))) {
		if (err)
			change->answer = err;
		sem_post(&change->answered); /* from here on it is no more */
	}
}

/* The new connection first: were there none for a moment, the log's index would go, and a full disk take no new one. */
static void open_again(struct writer *writer)
{
	struct db *old = writer->db;

	writer->db = NULL;
	if (sqlite_connect(writer->path, is_down(writer) ? SQLITE_TRIES : SQLITE_WRITES, &writer->db, NULL)) {
		writer->failures = WRITER_FAILURES;
	} else if (watch_begin(writer->db)) { /* one that notices nothing is not to write */
		writer->failures = WRITER_FAILURES;
		sqlite_disconnect(writer->db);
		writer->db = NULL;
	} else {
		readers_renew(writer->readers);
	}
	sqlite_disconnect(old);
}

static void tell_touched(struct writer *writer, const struct touched *touched, size_t count)
{
	void (*on_commit)(void *to, const struct touched *touched, size_t count);
	void *to;

	pthread_mutex_lock(&writer->mutex);
	on_commit = writer->on_commit;
	to = writer->commit_to;
	pthread_mutex_unlock(&writer->mutex);
	if (count && on_commit)
		on_commit(to, touched, count);
}

/* Nobody knows what has been committed. */
static void tell_all_touched(struct writer *writer)
{
	static const struct touched all = { .what = TOUCHED_ALL };

	tell_touched(writer, &all, 1);
}

static void tell_committed(struct writer *writer)
{
	const struct watch *watch = &writer->db->watch;

	if (watch->all)
		tell_all_touched(writer);
	else
		tell_touched(writer, watch->touched, watch->count);
}

/* Opened again before anybody is told, so that who asks next finds it as it is. */
static void fail(struct writer *writer, struct batch *batch)
{
	bool was_down = is_down(writer);

	writer->failures += writer->failures < WRITER_FAILURES;
	open_again(writer);
	if (!was_down && is_down(writer)) {
		log_error("store_down", LOG_TEXT("path", writer->path));
		writer->probed_at_ms = clock_monotonic_ms();
	}
	tell_all_touched(writer);
	answer(batch, ERR_STORE);
}

static int commit(struct db *db)
{
	int code = SQLITE_BUSY;

	for (int tries = 0; tries < COMMIT_TRIES && (code & 0xff) == SQLITE_BUSY; tries++)
		code = sqlite_control(db, "COMMIT");
	return code;
}

static void wake_others(struct writer *writer, const struct batch *batch)
{
	void (*on_wake)(void *to, unsigned bits);
	unsigned bits = 0;
	void *to;

	for (const struct change *change = batch->changes.first; change; change = change->next)
		bits |= change->wake;
	pthread_mutex_lock(&writer->mutex);
	on_wake = writer->on_wake;
	to = writer->wake_to;
	pthread_mutex_unlock(&writer->mutex);
	if (bits && on_wake)
		on_wake(to, bits);
}

static void succeed(struct writer *writer, struct batch *batch)
{
	if (is_down(writer)) {
		log_info("store_up", LOG_TEXT("path", writer->path));
		sqlite_trust(writer->db);
	}
	writer->failures = 0;
	tell_committed(writer);
	wake_others(writer, batch);
	answer(batch, OK);
	checkpoints_tend(writer->checkpoints, writer->db);
}

/* STANDS: its writes are in the transaction or not, as its answer says. UNDO: they are in it, against its answer. LOST: it cannot go on. */
enum fate { STANDS, UNDO, LOST };

static enum fate run_guarded(struct db *db, struct change *change)
{
	bool stays = false;

	if (sqlite_control(db, "SAVEPOINT change"))
		return LOST;
	change->answer = sqlite_call(db, change->function, change->argument, &stays);
	change->wake = stays ? db->wake : 0;
	if (!sqlite_in_transaction(db) || (!stays && sqlite_control(db, "ROLLBACK TO change")) ||
	    sqlite_control(db, "RELEASE change"))
		return LOST;
	return STANDS;
}

static enum fate run_bare(struct db *db, struct change *change)
{
	int64_t written = sqlite3_total_changes64(db->handle);
	bool stays = false;

	change->answer = sqlite_call(db, change->function, change->argument, &stays);
	change->wake = stays ? db->wake : 0;
	if (!sqlite_in_transaction(db))
		return LOST;
	return stays || (!db->failed && sqlite3_total_changes64(db->handle) == written) ? STANDS : UNDO;
}

static enum fate run_change(struct db *db, struct change *change, bool guarded)
{
	change->wake = 0;
	if (clock_holds(change->clock))
		return guarded ? run_guarded(db, change) : run_bare(db, change);
	change->answer = ERR_BUSY;
	return STANDS;
}

/* The change after this one; where there is none, what has been queued meanwhile, while there is time and room for it. */
static struct change *next_change(struct writer *writer, struct batch *batch, struct change *after)
{
	struct change *more, **link = batch->changes.last;

	if (after->next || batch->alone || batch->changes.count >= STORE_BATCH || clock_monotonic_ms() >= batch->until_ms)
		return after->next;
	pthread_mutex_lock(&writer->mutex);
	while (batch->changes.count < STORE_BATCH && (more = queue_pop(&writer->waiting)))
		queue_push(&batch->changes, more);
	pthread_mutex_unlock(&writer->mutex);
	return *link;
}

static void run_batch(struct writer *writer, struct batch *batch);

static void run_each_alone(struct writer *writer, struct batch *batch)
{
	struct change *change;

	while ((change = queue_pop(&batch->changes))) {
		struct batch one = { .alone = true };
		queue_init(&one.changes);
		queue_push(&one.changes, change);
		if (is_down(writer))
			answer(&one, ERR_STORE);
		else
			run_batch(writer, &one);
	}
}

/* A transaction that cannot go on, before its COMMIT: nothing of it has happened. */
static void abandon(struct writer *writer, struct batch *batch)
{
	if (sqlite_rollback(writer->db))
		fail(writer, batch);
	else if (batch->changes.count > 1)
		run_each_alone(writer, batch);
	else
		answer(batch, ERR_STORE);
}

/* A change refused after it had written: nothing of any stays, and all run again, each behind a savepoint. Of one alone that is all. */
static void undo(struct writer *writer, struct batch *batch)
{
	if (sqlite_rollback(writer->db)) {
		fail(writer, batch);
	} else if (batch->changes.count == 1) {
		answer(batch, OK);
	} else {
		writer->guarded = WRITER_GUARDED;
		run_batch(writer, batch);
	}
}

static void run_batch(struct writer *writer, struct batch *batch)
{
	struct change *change = batch->changes.first;
	bool guarded = !batch->alone && writer->guarded;
	enum fate fate = STANDS;

	writer->guarded -= guarded;
	watch_reset(&writer->db->watch);
	if (sqlite_control(writer->db, "BEGIN IMMEDIATE")) {
		fail(writer, batch);
		return;
	}
	while (change && (fate = run_change(writer->db, change, guarded)) == STANDS)
		change = next_change(writer, batch, change);
	if (fate == LOST)
		abandon(writer, batch);
	else if (fate == UNDO)
		undo(writer, batch);
	else if (commit(writer->db))
		fail(writer, batch);
	else
		succeed(writer, batch);
}

/*
 * Takes more room than a change does, so that none fails for want of it right after; gives it back in the same transaction.
 * Both are written and synced, for SQLite overwrites what it deletes (secure_delete).
 */
static enum err write_something(struct db *db, void *argument)
{
	enum err err = db_change(db, NULL, "INSERT INTO meta (name, value) VALUES ('probe', zeroblob(65536))");

	(void)argument;
	return err ? err : db_change(db, NULL, "DELETE FROM meta WHERE name = 'probe'");
}

/* While down: finds out whether it can be written again. */
static void try_again(struct writer *writer)
{
	struct change change = { .function = write_something };
	struct batch one = { .alone = true };

	writer->probed_at_ms = clock_monotonic_ms();
	if (!writer->db)
		open_again(writer);
	if (!writer->db)
		return;
	sem_init(&change.answered, 0, 0);
	queue_init(&one.changes);
	queue_push(&one.changes, &change);
	run_batch(writer, &one);
	sem_destroy(&change.answered);
}

static struct timespec moment(int64_t at_ms)
{
	return (struct timespec){ .tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000 };
}

/* What waits, as far as it fits; *probe: somebody asks whether it can be written again. Holds the mutex. */
static void take_waiting(struct writer *writer, struct batch *batch, bool *probe)
{
	struct change *change;

	batch->alone = false;
	batch->until_ms = clock_monotonic_ms() + STORE_BATCH_MS;
	while (batch->changes.count < STORE_BATCH && (change = queue_pop(&writer->waiting)))
		queue_push(&batch->changes, change);
	*probe = writer->probe_wanted;
	writer->probe_wanted = false;
}

/* Waits for changes; while down, no longer than until the next try is due. False where it is time to end and nothing waits. */
static bool wait_for_changes(struct writer *writer, struct batch *batch, bool *probe)
{
	struct timespec until = moment(writer->probed_at_ms + WRITER_PROBE_MS);
	int late = 0;
	bool ending;

	queue_init(&batch->changes);
	pthread_mutex_lock(&writer->mutex);
	while (!writer->waiting.first && !writer->stopping && !late)
		late = is_down(writer) ? pthread_cond_timedwait(&writer->wake, &writer->mutex, &until)
		                       : pthread_cond_wait(&writer->wake, &writer->mutex);
	take_waiting(writer, batch, probe);
	ending = writer->stopping;
	pthread_mutex_unlock(&writer->mutex);
	return batch->changes.first || !ending;
}

static void *run(void *argument)
{
	struct writer *writer = argument;
	struct batch batch;
	bool probe;

	while (wait_for_changes(writer, &batch, &probe)) {
		if (is_down(writer) && (probe || clock_monotonic_ms() - writer->probed_at_ms >= WRITER_PROBE_MS))
			try_again(writer);
		if (is_down(writer))
			answer(&batch, ERR_STORE);
		else if (batch.changes.first)
			run_batch(writer, &batch);
	}
	return NULL;
}

static void init_locks(struct writer *writer)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&writer->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&writer->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void done(struct writer *writer)
{
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->mutex);
	checkpoints_free(writer->checkpoints); /* the writer's connection closes last: it cleans the log up */
	sqlite_disconnect(writer->db);
	free(writer);
}

enum err writer_new(struct db *db, const char *path, struct readers *readers, struct writer **out)
{
	struct writer *writer = calloc(1, sizeof(*writer));

	if (!writer) {
		sqlite_disconnect(db);
		return ERR_MEMORY;
	}
	writer->path = path;
	writer->readers = readers;
	writer->db = db;
	queue_init(&writer->waiting);
	init_locks(writer);
	if (checkpoints_new(path, &writer->checkpoints) || pthread_create(&writer->thread, NULL, run, writer)) {
		done(writer);
		return ERR_MEMORY;
	}
	*out = writer;
	return OK;
}

void writer_free(struct writer *writer)
{
	if (!writer)
		return;
	pthread_mutex_lock(&writer->mutex);
	writer->stopping = true;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->mutex);
	pthread_join(writer->thread, NULL);
	done(writer);
}

static void enqueue(struct writer *writer, struct change *change, bool probe)
{
	pthread_mutex_lock(&writer->mutex);
	queue_push(&writer->waiting, change);
	writer->probe_wanted |= probe;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->mutex);
}

static enum err ask(struct writer *writer, store_function *function, void *argument, bool probe)
{
	struct change change = { .function = function, .argument = argument, .answer = ERR_STORE, .clock = clock_mark() };

	if (pthread_equal(pthread_self(), writer->thread)) {
		log_error("store_fault", LOG_TEXT("what", "a change inside a change would wait for itself"));
		return ERR_STORE;
	}
	sem_init(&change.answered, 0, 0);
	enqueue(writer, &change, probe);
	while (sem_wait(&change.answered) && errno == EINTR)
		;
	sem_destroy(&change.answered);
	return change.answer;
}

enum err writer_change(struct writer *writer, store_function *function, void *argument)
{
	return ask(writer, function, argument, false);
}

/* Runs in the writer's thread. */
static enum err probe(struct db *db, void *argument)
{
	const struct writer *writer = argument;

	return writer->failures ? write_something(db, NULL) : OK;
}

enum err writer_probe(struct writer *writer)
{
	return ask(writer, probe, writer, true);
}

void writer_on_commit(struct writer *writer, void (*committed)(void *to, const struct touched *touched, size_t count), void *to)
{
	pthread_mutex_lock(&writer->mutex);
	writer->on_commit = committed;
	writer->commit_to = to;
	pthread_mutex_unlock(&writer->mutex);
}

void writer_on_wake(struct writer *writer, void (*wake)(void *to, unsigned bits), void *to)
{
	pthread_mutex_lock(&writer->mutex);
	writer->on_wake = wake;
	writer->wake_to = to;
	pthread_mutex_unlock(&writer->mutex);
}
