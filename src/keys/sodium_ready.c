#include "keys/sodium_ready.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"
#include "base/random.h"

#include "base/banned.h"

static const char *name(void)
{
	return "twostep";
}

/* libsodium's own ends the process without a word. */
static void fill(void *out, size_t length)
{
	static const char line[] = "twostep: the system has no random bytes\n";

	if (!random_bytes(out, length))
		return;
	(void)!write(STDERR_FILENO, line, sizeof(line) - 1);
	_exit(EXIT_FAILURE);
}

static uint32_t number(void)
{
	uint32_t out;

	fill(&out, sizeof(out));
	return out;
}

enum err sodium_ready(void)
{
	static struct randombytes_implementation ours = { name, number, NULL, NULL, fill, NULL };

	return randombytes_set_implementation(&ours) || sodium_init() < 0 ? ERR_CRYPTO : OK;
}
