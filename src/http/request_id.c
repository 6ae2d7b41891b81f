#include "http/request_id.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"
#include "base/codec.h"
#include "base/random.h"

#include "base/banned.h"

static uint64_t seed[2];
static atomic_uint_fast64_t counter;

static enum err seeded;

static void make_seed(void)
{
	seeded = random_bytes(seed, sizeof(seed));
}

enum err request_id_seed(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_seed);
	return seeded;
}

/* The finishing step of splitmix64: one to one, so that no two numbers give the same. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

const char *request_id(char out[static CALL_ID_TEXT])
{
	uint64_t n = atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);
	uint64_t first = mix(n ^ seed[0]), second = mix(first + seed[1]);
	uint8_t bytes[12];

	memcpy(bytes, &first, 8);
	memcpy(bytes + 8, &second, 4);
	base64url_encode(bytes, sizeof(bytes), out);
	return out;
}
