#include "http/work.h"

#include <stdlib.h>

#include "base/base.h"

#include "base/banned.h"

/* What pointed into one copy of some bytes points into another. Static texts stay where they are. */
static void move(struct view *view, const char *from, size_t length, const char *to)
{
	if (view->bytes >= from && view->bytes <= from + length)
		view->bytes = to + (view->bytes - from);
}

struct job *job_new(const struct request *request, const char *bytes, size_t length)
{
	struct job *job = malloc(sizeof(*job) + length);

	if (!job)
		return NULL;
	struct view *views[] = { &job->request.method_text, &job->request.target, &job->request.path,
		                 &job->request.query,       &job->request.host,   &job->request.body };
	memset(job, 0, offsetof(struct job, request));
	memset(&job->head, 0, sizeof(*job) - offsetof(struct job, head));
	memcpy(job->bytes, bytes, length);
	job->length = length;
	job->request = *request;
	for (size_t i = 0; i < COUNT(views); i++)
		move(views[i], bytes, length, job->bytes);
	for (size_t i = 0; i < request->header_count; i++) {
		move(&job->request.headers[i].name, bytes, length, job->bytes);
		move(&job->request.headers[i].value, bytes, length, job->bytes);
	}
	return job;
}

void job_free(struct job *job)
{
	if (!job)
		return;
	hash_place_done(&job->place);
	buf_done(&job->head);
	answer_done(&job->answer);
	wipe(job->bytes, job->length);
	free(job);
}

enum err work_init(struct work *work, unsigned threads, unsigned queue,
                   void (*run)(void *with, struct job *job, struct arena *arena), void *with)
{
	*work = (struct work){ .most = threads, .queue_most = queue, .run = run, .with = with };
	work->last = &work->first;
	if (!(work->threads = calloc(threads, sizeof(*work->threads))))
		return ERR_MEMORY;
	pthread_mutex_init(&work->lock, NULL);
	pthread_cond_init(&work->filled, NULL);
	return OK;
}

/* The next job, or NULL when all is to end. */
static struct job *take(struct work *work)
{
	struct job *job = NULL;

	pthread_mutex_lock(&work->lock);
	work->waiting++;
	while (!work->first && !work->stopping)
		pthread_cond_wait(&work->filled, &work->lock);
	work->waiting--;
	if (!work->stopping) {
		job = work->first;
		if (!(work->first = job->next))
			work->last = &work->first;
		work->queued--;
	}
	pthread_mutex_unlock(&work->lock);
	return job;
}

static void *serve(void *argument)
{
	struct work *work = argument;
	struct arena arena = { 0 };
	struct job *job;

	while ((job = take(work))) {
		work->run(work->with, job, &arena);
		arena_reset(&arena);
	}
	arena_done(&arena);
	return NULL;
}

/* One more thread, where there is work for it. None is no failure as long as there is another. */
static void start_thread(struct work *work)
{
	pthread_attr_t attributes;

	if (work->waiting > work->queued || work->started == work->most || pthread_attr_init(&attributes))
		return;
	pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	if (!pthread_create(&work->threads[work->started], &attributes, serve, work)) {
		pthread_setname_np(work->threads[work->started], "request");
		work->started++;
	}
	pthread_attr_destroy(&attributes);
}

enum err work_add(struct work *work, struct job *job)
{
	enum err err = ERR_BUSY;

	pthread_mutex_lock(&work->lock);
	start_thread(work);
	if (work->started && (job->streaming || work->queued < work->queue_most) && !work->stopping) {
		job->next = NULL;
		*work->last = job;
		work->last = &job->next;
		work->queued++;
		pthread_cond_signal(&work->filled);
		err = OK;
	}
	pthread_mutex_unlock(&work->lock);
	return err;
}

struct job *work_done(struct work *work)
{
	struct job *rest;

	if (!work->threads)
		return NULL;
	pthread_mutex_lock(&work->lock);
	work->stopping = true;
	pthread_cond_broadcast(&work->filled);
	pthread_mutex_unlock(&work->lock);
	for (unsigned i = 0; i < work->started; i++)
		pthread_join(work->threads[i], NULL);
	rest = work->first;
	pthread_mutex_destroy(&work->lock);
	pthread_cond_destroy(&work->filled);
	free(work->threads);
	*work = (struct work){ 0 };
	return rest;
}
