/*
 * sodium_ready: libsodium, made ready for use; before anything else of it.
 */
#ifndef TWOSTEP_KEYS_SODIUM_READY_H
#define TWOSTEP_KEYS_SODIUM_READY_H

#include "base/err.h"

/*
 * As often as one likes. ERR_CRYPTO: it cannot be used here. Where the system has no random bytes for it, now or for memory of
 * its own later (sodium_malloc), the process ends with a line and EXIT_FAILURE: it has no way to say so otherwise.
 */
MUST_USE enum err sodium_ready(void);

#endif
