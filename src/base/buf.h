/*
 * buf: bytes that grow, with one sticky failure.
 * A buffer that could not grow (memory, or its limit) stays `failed` and takes nothing more; whoever sends it looks once,
 * at the end. Zero-initialised is empty and valid. Contents are wiped before they are freed.
 */
#ifndef TWOSTEP_BASE_BUF_H
#define TWOSTEP_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct buf {
	char *bytes; /* NUL-terminated when not NULL; the NUL is not counted */
	size_t length, room;
	size_t limit; /* most bytes it may hold; 0: BUF_LIMIT_BYTES */
	bool failed;
};

#define BUF_LIMIT_BYTES (8u << 20) /* no answer or mail of ours comes near */

void buf_add(struct buf *buf, const void *bytes, size_t length);
void buf_text(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
void buf_int(struct buf *buf, int64_t value);
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *buf, const char *format, ...);

/* The contents as a C string; "" when empty. Valid until the next change. */
const char *buf_string(const struct buf *buf);

/* Makes room for `length` more bytes and returns where they go (buf_grown adds them), or NULL. */
char *buf_grow(struct buf *buf, size_t length);
void buf_grown(struct buf *buf, size_t length);

/* OK, or ERR_MEMORY where anything was lost. */
MUST_USE enum err buf_check(const struct buf *buf);

/* Empties and wipes, keeps the room, forgets the failure. */
void buf_reset(struct buf *buf);

/* Wipes and frees; the buffer is empty and valid again. */
void buf_done(struct buf *buf);

#endif
