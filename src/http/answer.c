#include "http/answer.h"

#include "base/base.h"

#include "base/banned.h"

static bool is_line(const char *value)
{
	for (; *value; value++)
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			return false;
	return true;
}

static char *copy(char *to, const char *bytes, size_t length)
{
	memcpy(to, bytes, length);
	return to + length;
}

/* In one piece: each check of the guard writes seven. */
void answer_header(struct answer *answer, const char *name, const char *value)
{
	size_t name_length = strlen(name), value_length = value ? strlen(value) : 0, length = name_length + value_length + 4;
	char *to = value && is_line(value) ? buf_grow(&answer->head, length) : NULL;

	if (!to) {
		answer->head.failed = true;
		return;
	}
	to = copy(copy(to, name, name_length), ": ", 2);
	copy(copy(to, value, value_length), "\r\n", 2);
	buf_grown(&answer->head, length);
}

void answer_redirect(struct answer *answer, int status, const char *place)
{
	answer->status = status;
	answer_header(answer, "Location", place);
}

void answer_drop_stream(struct answer *answer)
{
	if (answer->stream)
		answer->stream->done(answer->stream);
	answer->stream = NULL;
}

void answer_reset(struct answer *answer)
{
	answer_drop_stream(answer);
	buf_reset(&answer->head);
	buf_reset(&answer->body);
	answer->status = 0;
	answer->content_type = answer->csp = NULL;
	answer->cacheable = false;
	answer->json_depth = 0;
}

void answer_done(struct answer *answer)
{
	answer_reset(answer);
	buf_done(&answer->head);
	buf_done(&answer->body);
}
