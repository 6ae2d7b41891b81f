#include "http/json_read.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/base.h"

#include "base/banned.h"

/* jansson does not tell of all memory that was not there. */
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

/*
 * jansson 2.14 does not look whether the buffer that it gathers a word in could grow: of a text it would hand out the beginning, a password
 * cut short, or read and write on behind it (lex_scan_string), and of a number it would end the program (lex_unget_unsave). So a number goes
 * first that is longer than any word that follows, and where the buffer could not grow for it nothing follows. With its last digit the
 * buffer has just grown, to twice the number: what ends the number does not make it grow.
 */
static const char before[] = "[0.", between[] = ",", behind[] = "]";

#define BUFFER_FIRST 16 /* STRBUFFER_MIN_SIZE; it doubles */

struct source {
	const char *text;
	size_t length;
	size_t digits; /* of the number, behind its point */
	size_t given;  /* of all of it */
};

static size_t digits_before(size_t length)
{
	size_t number = BUFFER_FIRST;

	while (number < length + BUFFER_FIRST)
		number *= 2;
	return number - strlen("0.");
}

/* A piece of the whole, where the next byte is in it; *at counts from its beginning on, and from its end where it is not. */
static bool within(size_t *at, size_t length)
{
	if (*at < length)
		return true;
	*at -= length;
	return false;
}

/* One byte at a time: where jansson keeps what it was given is not ours to wipe. */
static size_t give(void *buffer, size_t room UNUSED, void *argument)
{
	struct source *source = argument;
	size_t at = source->given++;
	char *byte = buffer;

	if (within(&at, sizeof(before) - 1))
		*byte = before[at];
	else if (short_of_memory)
		return 0;
	else if (within(&at, source->digits))
		*byte = '0';
	else if (within(&at, sizeof(between) - 1))
		*byte = between[at];
	else if (within(&at, source->length))
		*byte = source->text[at];
	else if (within(&at, sizeof(behind) - 1))
		*byte = behind[at];
	else
		return 0;
	return 1;
}

/* A reference of its own to what stood between; NULL where it was none, or more than one. */
static json_t *taken_out(const json_t *whole)
{
	json_t *json = json_array_size(whole) == 2 ? json_array_get(whole, 1) : NULL;

	return json_is_object(json) || json_is_array(json) ? json_incref(json) : NULL;
}

enum err json_read(const char *text, size_t length, size_t flags, json_t **out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct source source = { text, length, digits_before(length), 0 };
	json_t *whole, *json;

	pthread_once(&once, set_allocator);
	short_of_memory = false;
	whole = json_load_callback(give, &source, flags | JSON_REJECT_DUPLICATES, NULL);
	json = taken_out(whole);
	json_decref(whole);
	if (short_of_memory) {
		json_decref(json);
		return ERR_MEMORY;
	}
	if (!json)
		return ERR_MALFORMED;
	*out = json;
	return OK;
}
