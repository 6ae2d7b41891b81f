#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/buf.h"

#include "base/banned.h"

#define ARENA_BLOCK_BYTES 8000u /* with its head just under two pages */
#define ARENA_ALIGN       _Alignof(max_align_t)

/* Unused bytes are zero, always: pieces are handed out without clearing them. */
struct arena_block {
	struct arena_block *next; /* the older one; the oldest is kept by a reset */
	size_t used, room;
	_Alignas(max_align_t) uint8_t bytes[];
};

static struct arena_block *block_for(struct arena *arena, size_t length)
{
	struct arena_block *block = arena->first;
	size_t room = length > ARENA_BLOCK_BYTES ? length : ARENA_BLOCK_BYTES;

	if (block && block->room - block->used >= length)
		return block;
	if (!(block = calloc(1, sizeof(*block) + room)))
		return NULL;
	block->room = room;
	block->next = arena->first;
	arena->first = block;
	return block;
}

static void *fail(struct arena *arena)
{
	arena->failed = true;
	return NULL;
}

void *arena_alloc(struct arena *arena, size_t length)
{
	size_t limit = arena->limit_bytes ? arena->limit_bytes : ARENA_LIMIT_BYTES;
	struct arena_block *block;
	uint8_t *piece;

	if (length > limit)
		return fail(arena);
	length = length ? (length + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN : ARENA_ALIGN;
	if (length > limit || arena->used_bytes > limit - length || !(block = block_for(arena, length)))
		return fail(arena);
	piece = block->bytes + block->used;
	block->used += length;
	arena->used_bytes += length;
	return piece;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
	char *copy = length < SIZE_MAX ? arena_alloc(arena, length + 1) : fail(arena);

	if (copy && length)
		memcpy(copy, text, length);
	return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text));
}

char *arena_buf(struct arena *arena, const struct buf *text)
{
	return text->failed ? fail(arena) : arena_copy(arena, buf_string(text), text->length);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	char *text;
	int length;
	va_list args;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		return fail(arena);
	if (!(text = arena_alloc(arena, (size_t)length + 1)))
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}

void arena_reset(struct arena *arena)
{
	struct arena_block *block = arena->first;

	while (block) {
		struct arena_block *older = block->next;
		wipe(block->bytes, block->used);
		block->used = 0;
		arena->first = block;
		if (older)
			free(block);
		block = older;
	}
	arena->used_bytes = 0;
	arena->failed = false;
}

void arena_done(struct arena *arena)
{
	arena_reset(arena);
	free(arena->first);
	arena->first = NULL;
}
