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

void answer_header(struct answer *answer, const char *name, const char *value)
{
	if (!value || !is_line(value)) {
		answer->head.failed = true;
		return;
	}
	buf_text(&answer->head, name);
	buf_text(&answer->head, ": ");
	buf_text(&answer->head, value);
	buf_text(&answer->head, "\r\n");
}

void answer_redirect(struct answer *answer, int status, const char *place)
{
	answer->status = status;
	answer_header(answer, "Location", place);
}

void answer_reset(struct answer *answer)
{
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
