/* sandbox: a folder of a test's own, and keyrings in it. */
#ifndef TWOSTEP_TESTS_SANDBOX_H
#define TWOSTEP_TESTS_SANDBOX_H

#include "base/base.h"
#include "keys/keyring.h"

extern char sandbox[64]; /* the folder */

/* For cmocka: makes the folder; removes it with the files in it. */
int sandbox_open(void **state);
int sandbox_close(void **state);

/* The path of a file in it; valid until the next call but three. */
const char *sandbox_path(const char *name);
void sandbox_write(const char *name, const void *bytes, size_t length, unsigned mode);
size_t sandbox_read(const char *name, char *bytes, size_t room);
size_t sandbox_files(void); /* how many */

/* A keyring of keys number[i], each all of the byte fill[i]. The caller frees it. */
struct keyring *sandbox_keyring(const uint32_t *number, const uint8_t *fill, size_t count);

#endif
