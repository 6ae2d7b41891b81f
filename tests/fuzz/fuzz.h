/*
 * fuzz: what the targets share.
 */
#ifndef TWOSTEP_FUZZ_FUZZ_H
#define TWOSTEP_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base.h"
#include "keys/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static inline void must(bool holds)
{
	if (!holds)
		abort();
}

/* The input as a C string, in the arena; what stands behind a NUL in it is not read. */
static inline char *input_text(struct arena *arena, const uint8_t *bytes, size_t length)
{
	char *text = arena_copy(arena, (const char *)bytes, length);

	must(text != NULL);
	return text;
}

/* A folder of the target's own, in memory where there is such a place. FUZZ_FOLDER: in there, where tests/fuzz/run clears up. */
static inline void new_folder(char *out, size_t room)
{
	const char *parent = getenv("FUZZ_FOLDER");

	if (!parent)
		parent = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
	must((size_t)snprintf(out, room, "%s/twostep-fuzz-XXXXXX", parent) < room && mkdtemp(out));
}

/* A new keyring in a file that is gone again. */
static inline struct keyring *new_keys(void)
{
	char folder[] = "/tmp/twostep-fuzz-XXXXXX", path[64];
	struct keyring *keys = NULL;
	const char *why = "";

	must(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/keyring", folder);
	must(!keyring_open(path, true, &keys, &why));
	unlink(path);
	rmdir(folder);
	return keys;
}

#endif
