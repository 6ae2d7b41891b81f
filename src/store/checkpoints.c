#include "store/checkpoints.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/banned.h"

struct checkpoints {
	const char *path;
	pthread_t thread;
	sem_t wanted;
	atomic_bool stopping, busy; /* busy: called, and not done yet */
	/* The writer's. */
	int asked_at; /* how many pages the log had when the thread was last called; 0: not since it began */
	bool stuck;   /* the writer has tried since, and could not: not again before the log has grown */
};

/* A connection for each time: none that a failing disk has spoiled, and no memory while nothing is to be done. */
static void checkpoint(const char *path)
{
	struct db *db = NULL;

	if (sqlite_connect(path, SQLITE_WRITES, &db, NULL))
		return;
	sqlite_checkpoint(db);
	sqlite_disconnect(db);
}

static void *run(void *argument)
{
	struct checkpoints *checkpoints = argument;

	for (;;) {
		while (sem_wait(&checkpoints->wanted) && errno == EINTR)
			;
		if (checkpoints->stopping)
			return NULL;
		checkpoint(checkpoints->path);
		checkpoints->busy = false;
	}
}

enum err checkpoints_new(const char *path, struct checkpoints **out)
{
	struct checkpoints *checkpoints = calloc(1, sizeof(*checkpoints));

	if (!checkpoints)
		return ERR_MEMORY;
	checkpoints->path = path;
	sem_init(&checkpoints->wanted, 0, 0);
	if (pthread_create(&checkpoints->thread, NULL, run, checkpoints)) {
		sem_destroy(&checkpoints->wanted);
		free(checkpoints);
		return ERR_MEMORY;
	}
	*out = checkpoints;
	return OK;
}

void checkpoints_free(struct checkpoints *checkpoints)
{
	if (!checkpoints)
		return;
	checkpoints->stopping = true;
	sem_post(&checkpoints->wanted);
	pthread_join(checkpoints->thread, NULL);
	sem_destroy(&checkpoints->wanted);
	free(checkpoints);
}

void checkpoints_tend(struct checkpoints *checkpoints, struct db *writer)
{
	int pages = writer->log_pages;

	if (pages < checkpoints->asked_at)
		checkpoints->asked_at = 0;
	if (checkpoints->busy)
		return;
	if (pages - checkpoints->asked_at >= CHECKPOINT_PAGES) {
		checkpoints->asked_at = pages;
		checkpoints->stuck = false;
		checkpoints->busy = true;
		sem_post(&checkpoints->wanted);
	} else if (checkpoints->asked_at >= CHECKPOINT_BOUND && !checkpoints->stuck) {
		checkpoints->stuck = sqlite_checkpoint(writer) != OK;
	}
}
