/*
 * arena: memory that lives as long as a request. Nobody frees a piece of it by hand.
 * What was used is wiped by arena_reset and arena_done, for form values pass through it.
 */
#ifndef TWOSTEP_BASE_ARENA_H
#define TWOSTEP_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct arena_block;
struct buf;

struct arena {
	struct arena_block *first;
	size_t used_bytes, limit_bytes; /* limit 0: ARENA_LIMIT_BYTES */
	bool failed; /* something was not to be had since the last reset: what was made of the rest is not whole */
};

#define ARENA_LIMIT_BYTES (4u << 20) /* 64 KiB of body many times over */

/* Zeroed and aligned for any type; NULL where memory or the limit is at its end. */
void *arena_alloc(struct arena *arena, size_t length);

/* NUL-terminated copies; NULL as above. */
char *arena_copy(struct arena *arena, const char *text, size_t length);
char *arena_text(struct arena *arena, const char *text);
char *arena_buf(struct arena *arena, const struct buf *text); /* NULL, too, where the buffer has failed */
__attribute__((format(printf, 2, 3))) char *arena_printf(struct arena *arena, const char *format, ...);

void arena_reset(struct arena *arena); /* wipes; keeps the first block */
void arena_done(struct arena *arena);  /* wipes and frees */

#endif
