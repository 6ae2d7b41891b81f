/*
 * duration: how long, in the words that a person uses: "30 seconds", "2 minutes", "1 hour".
 * Both surfaces say waits and clock differences with it, so that they say them alike.
 */
#ifndef TWOSTEP_HTTP_DURATION_H
#define TWOSTEP_HTTP_DURATION_H

#include <stdint.h>

#include "base/buf.h"
#include "base/lang.h"

/*
 * Appends the duration in its largest unit, rounded up: who waits that long has waited enough.
 * A negative one counts as its absolute value, 0 as one second.
 */
void duration_fill(struct buf *out, enum locale locale, int64_t duration_s);

#endif
