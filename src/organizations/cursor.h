/*
 * cursor: a place in a sorted list, as the opaque text that a client hands back: what the list is sorted by, and an id.
 */
#ifndef TWOSTEP_ORGANIZATIONS_CURSOR_H
#define TWOSTEP_ORGANIZATIONS_CURSOR_H

#include "base/arena.h"
#include "base/id.h"

/* In the arena; NULL: memory is at its end. */
const char *cursor_write(struct arena *arena, const char *key, const struct id *id);

/* The key into `key` (room with NUL). ERR_INVALID: not one of ours, or longer than the room. */
MUST_USE enum err cursor_read(const char *text, char *key, size_t room, struct id *id);

#endif
