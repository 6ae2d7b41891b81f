#include "base/base.h"

#include <sodium.h>

#include "base/banned.h"

bool same_bytes(const void *a, const void *b, size_t length)
{
	return sodium_memcmp(a, b, length) == 0;
}
