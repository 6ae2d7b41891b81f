/*
 * keyring_file: reads and writes the file of the keyring. The file belongs to us (or to root) alone, is no link, and is written
 * whole or not at all. Each error comes with *why, a static sentence for the operator.
 */
#ifndef TWOSTEP_KEYS_KEYRING_FILE_H
#define TWOSTEP_KEYS_KEYRING_FILE_H

#include "keys/keyring_text.h"

/* ERR_NOT_FOUND: there is none. ERR_CRYPTO: there is one that cannot be trusted. ERR_IO. */
MUST_USE enum err keyring_file_read(const char *path, struct keyring_keys *out, const char **why);

/* Never over a file that is there. ERR_IO, ERR_MEMORY. */
MUST_USE enum err keyring_file_write(const char *path, const struct keyring_keys *keys, const char **why);

#endif
