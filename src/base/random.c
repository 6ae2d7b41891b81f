#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

#include "base/base.h"

#include "base/banned.h"

enum err random_bytes(void *out, size_t length)
{
	size_t filled = 0;

	while (filled < length) {
		ssize_t got = getrandom((uint8_t *)out + filled, length - filled, 0);
		if (got > 0) {
			filled += (size_t)got;
		} else if (got == 0 || errno != EINTR) {
			wipe(out, length);
			return ERR_RANDOM;
		}
	}
	return OK;
}

enum err random_below(uint32_t bound, uint32_t *out)
{
	uint32_t value, uneven = (UINT32_MAX % bound + 1) % bound; /* 2^32 mod bound: so many at the top are too many */
	enum err err;

	do {
		if ((err = random_bytes(&value, sizeof(value))))
			return err;
	} while (value > UINT32_MAX - uneven);

	*out = value % bound;
	return OK;
}
