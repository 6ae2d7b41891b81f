/*
 * seen: when somebody was last seen is written behind their back: loops note it without a lock, a thread of its own writes
 * what has gathered in a second, in one change. What cannot be written is noted again a minute later.
 */
#ifndef TWOSTEP_GATE_SEEN_H
#define TWOSTEP_GATE_SEEN_H

#include "gate/facts.h"
#include "store/store.h"

#define SEEN_NOTES    1024 /* of a loop, that wait; more are noted later */
#define SEEN_GATHER_MS 1000

struct seen;

MUST_USE enum err seen_new(struct store *store, unsigned loops, struct seen **out);
MUST_USE enum err seen_start(struct seen *seen);
void seen_stop(struct seen *seen); /* writes what waits, ends the thread; NULL is fine */
void seen_free(struct seen *seen);

/* By a loop: notes it where the last note is old enough. */
void seen_note(struct seen *seen, unsigned loop, struct pass *pass, const struct id *organization, int64_t now_s);

#endif
