#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

#include "base/banned.h"

#define BUF_FIRST_BYTES 256

static size_t limit_of(const struct buf *buf)
{
	return buf->limit ? buf->limit : BUF_LIMIT_BYTES;
}

/* Not realloc: it would leave a copy of the contents behind. */
static bool move_to(struct buf *buf, size_t room)
{
	char *bytes = malloc(room);

	if (!bytes)
		return false;
	if (buf->bytes) {
		memcpy(bytes, buf->bytes, buf->length);
		wipe(buf->bytes, buf->room);
		free(buf->bytes);
	}
	buf->bytes = bytes;
	buf->room = room;
	bytes[buf->length] = '\0';
	return true;
}

char *buf_grow(struct buf *buf, size_t length)
{
	size_t limit = limit_of(buf), room = buf->room ? buf->room : BUF_FIRST_BYTES;

	if (buf->failed || buf->length > limit || length > limit - buf->length) {
		buf->failed = true;
		return NULL;
	}
	while (room <= buf->length + length) /* one more for the NUL */
		room *= 2;
	if (room > buf->room && !move_to(buf, room)) {
		buf->failed = true;
		return NULL;
	}
	return buf->bytes + buf->length;
}

void buf_grown(struct buf *buf, size_t length)
{
	buf->length += length;
	buf->bytes[buf->length] = '\0';
}

void buf_add(struct buf *buf, const void *bytes, size_t length)
{
	char *to = buf_grow(buf, length);

	if (!to || !length)
		return;
	memcpy(to, bytes, length);
	buf_grown(buf, length);
}

void buf_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_int(struct buf *buf, int64_t value)
{
	buf_printf(buf, "%" PRId64, value);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	char *to;
	int length;
	va_list args;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0) {
		buf->failed = true;
		return;
	}
	if (!(to = buf_grow(buf, (size_t)length)))
		return;
	va_start(args, format);
	vsnprintf(to, (size_t)length + 1, format, args);
	va_end(args);
	buf_grown(buf, (size_t)length);
}

const char *buf_string(const struct buf *buf)
{
	return buf->bytes ? buf->bytes : "";
}

enum err buf_check(const struct buf *buf)
{
	return buf->failed ? ERR_MEMORY : OK;
}

void buf_reset(struct buf *buf)
{
	if (buf->bytes)
		wipe(buf->bytes, buf->room);
	buf->length = 0;
	buf->failed = false;
}

void buf_done(struct buf *buf)
{
	buf_reset(buf);
	free(buf->bytes);
	buf->bytes = NULL;
	buf->room = 0;
}
