/*
 * gate: guards other applications (contract 2.4): checks what a proxy asks, in the loop where memory suffices, else in a
 * request thread; and hands sessions over to other hosts.
 */
#ifndef TWOSTEP_GATE_GATE_H
#define TWOSTEP_GATE_GATE_H

#include "http/server.h"
#include "store/store.h"

struct gate;

MUST_USE enum err gate_new(const struct settings *settings, struct store *store, unsigned loops, struct gate **out);
MUST_USE enum err gate_start(struct gate *gate);
void gate_stop(struct gate *gate); /* no loop runs any more; writes what waits; NULL is fine */
void gate_free(struct gate *gate); /* the store is closed */

/* server_options.turn and .fast */
void gate_turn(struct gate *gate, unsigned loop, bool begins);
bool gate_fast(struct gate *gate, const struct fast *fast, struct answer *out);

/* store_on_commit; to: the gate */
void gate_forget(void *to, const struct touched *touched, size_t count);

/* /authz/forward-auth, /authz/auth-request, /authz/ext-authz…; needs call->gate. The others of /authz/ are gate_surface's. */
extern const struct surface forward_auth_surface, auth_request_surface, ext_authz_surface, gate_surface;

#endif
