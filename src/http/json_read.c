#include "http/json_read.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/base.h"

#include "base/banned.h"

/* jansson does not look whether a text that it reads could grow, and would hand out its beginning: a password cut short. */
static _Thread_local bool short_of_memory;

static void *take(size_t length)
{
	void *memory = malloc(length);

	short_of_memory = short_of_memory || !memory;
	return memory;
}

/* jansson copies passwords about: none of it may stay behind. */
static void free_wiped(void *memory)
{
	if (memory)
		wipe(memory, malloc_usable_size(memory));
	free(memory);
}

static void set_allocator(void)
{
	json_set_alloc_funcs(take, free_wiped);
}

enum err json_read(const char *text, size_t length, size_t flags, json_t **out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	json_t *json;

	pthread_once(&once, set_allocator);
	short_of_memory = false;
	json = json_loadb(text, length, flags | JSON_REJECT_DUPLICATES, NULL);
	if (short_of_memory) {
		json_decref(json);
		return ERR_MEMORY;
	}
	if (!json)
		return ERR_MALFORMED;
	*out = json;
	return OK;
}
