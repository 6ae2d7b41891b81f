/*
 * mark: which keyring a database was begun with. A database without its keyring, or beside another one, refuses the start.
 */
#ifndef TWOSTEP_CLI_MARK_H
#define TWOSTEP_CLI_MARK_H

#include "base/base.h"
#include "store/store.h"

#define MARK_BYTES 16

/* ERR_NOT_FOUND: none yet, nothing has been sealed. */
MUST_USE enum err mark_find(struct store *store, uint8_t out[static MARK_BYTES]);

/* Notes it, the first time. ERR_CRYPTO where another stands there. */
MUST_USE enum err mark_keep(struct store *store, const uint8_t mark[static MARK_BYTES]);

#endif
