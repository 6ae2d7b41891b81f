/*
 * random: bytes from the system's CSPRNG (getrandom). Nothing else in the program makes random values,
 * but OpenSSL within a signature or a new signing key: its generator takes its seed from getrandom, too.
 */
#ifndef TWOSTEP_BASE_RANDOM_H
#define TWOSTEP_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* All or nothing: ERR_RANDOM leaves the output zeroed. */
MUST_USE enum err random_bytes(void *out, size_t length);

/* A number from 0 to bound - 1 without bias (rejection). bound > 0. */
MUST_USE enum err random_below(uint32_t bound, uint32_t *out);

#endif
