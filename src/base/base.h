/*
 * base: small things that every file may need.
 */
#ifndef TWOSTEP_BASE_BASE_H
#define TWOSTEP_BASE_BASE_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* SCOPED(f) type x = empty: runs f(&x) when the block ends, on every path. f accepts the empty value. */
#define SCOPED(f) __attribute__((cleanup(f)))

#define UNUSED __attribute__((unused))

/* Overwrites secrets; the compiler may not leave it out. */
static inline void wipe(void *bytes, size_t length)
{
	explicit_bzero(bytes, length);
}

/* Same bytes, in a time that depends on `length` alone. */
bool same_bytes(const void *a, const void *b, size_t length);

#endif
