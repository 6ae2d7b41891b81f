/*
 * own_call: a call that no request stands behind: the server's own work, and the operator's commands.
 */
#ifndef TWOSTEP_CLI_OWN_CALL_H
#define TWOSTEP_CLI_OWN_CALL_H

#include "http/call.h"

/* Nobody signed in, from no address; in the language of the settings, now. The arena is the caller's. */
struct call own_call(const struct settings *settings, struct store *store, const struct keyring *keys, struct arena *arena);

#endif
