#include "store/readers.h"

#include "base/banned.h"

void readers_init(struct readers *readers, const char *path)
{
	*readers = (struct readers){ .path = path };
	pthread_mutex_init(&readers->mutex, NULL);
	pthread_cond_init(&readers->given, NULL);
}

void readers_done(struct readers *readers)
{
	readers_renew(readers);
	pthread_cond_destroy(&readers->given);
	pthread_mutex_destroy(&readers->mutex);
}

/* One is less open: somebody who waits may open another. */
static void closed(struct readers *readers)
{
	pthread_mutex_lock(&readers->mutex);
	readers->open_count--;
	pthread_cond_signal(&readers->given);
	pthread_mutex_unlock(&readers->mutex);
}

static enum err connect_reader(struct readers *readers, unsigned generation, struct db **out)
{
	enum err err = sqlite_connect(readers->path, SQLITE_READS, out, NULL);

	if (err)
		closed(readers);
	else
		(*out)->generation = generation;
	return err;
}

enum err readers_take(struct readers *readers, struct db **out)
{
	unsigned generation;
	struct db *db = NULL;

	pthread_mutex_lock(&readers->mutex);
	while (!readers->idle_count && readers->open_count == STORE_READERS)
		pthread_cond_wait(&readers->given, &readers->mutex);
	if (readers->idle_count)
		db = readers->idle[--readers->idle_count]; /* the last one given: its cache is warm */
	else
		readers->open_count++;
	generation = readers->generation;
	pthread_mutex_unlock(&readers->mutex);
	if (!db)
		return connect_reader(readers, generation, out);
	*out = db;
	return OK;
}

void readers_give(struct readers *readers, struct db *db, bool sound)
{
	pthread_mutex_lock(&readers->mutex);
	sound = sound && db->generation == readers->generation;
	if (sound) {
		readers->idle[readers->idle_count++] = db;
		pthread_cond_signal(&readers->given);
	}
	pthread_mutex_unlock(&readers->mutex);
	if (sound)
		return;
	sqlite_disconnect(db);
	closed(readers);
}

void readers_renew(struct readers *readers)
{
	struct db *old[STORE_READERS];
	size_t count;

	pthread_mutex_lock(&readers->mutex);
	readers->generation++;
	count = readers->idle_count;
	memcpy(old, readers->idle, count * sizeof(old[0]));
	readers->idle_count = 0;
	pthread_mutex_unlock(&readers->mutex);
	for (size_t i = 0; i < count; i++) {
		sqlite_disconnect(old[i]);
		closed(readers);
	}
}
