/*
 * answers: what the server said, read strictly, and what holds of each answer whatever was asked.
 */
#ifndef TWOSTEP_FUZZ_ANSWERS_H
#define TWOSTEP_FUZZ_ANSWERS_H

#include "fuzz.h"
#include "base/buf.h"
#include "http/request.h"

struct answered {
	int status;
	struct header headers[64];
	size_t header_count;
	struct view head, body; /* the body without its chunks */
};

/*
 * One whole answer, and nothing behind it (100 Continue may stand before): framed by its length or its chunks, its headers each one of
 * ours, those of the contract each once. `joined` takes the body where chunks have to be joined.
 */
void answer_read(const struct buf *bytes, bool head_alone, struct buf *joined, struct answered *out);

/* NULL: not there. */
const struct view *answer_field(const struct answered *answer, const char *name);

/* JSON that parses, problems that say their own status, no markup that was typed, nothing of how passwords are kept. */
void answer_check(const struct answered *answer);

/* Whether these bytes stand anywhere in it. By a loop of its own, so that the fuzzer does not learn what is looked for. */
bool answer_has(const struct answered *answer, const char *text);

/* A text out of a JSON body: the first member of this name. False: none, or too long. */
bool answer_member(const struct answered *answer, const char *name, char *out, size_t room);

#endif
