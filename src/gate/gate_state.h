/*
 * gate_state: what the parts of the gate share.
 */
#ifndef TWOSTEP_GATE_GATE_STATE_H
#define TWOSTEP_GATE_GATE_STATE_H

#include "gate/assertions.h"
#include "gate/gate.h"
#include "gate/identity.h"
#include "gate/memory.h"
#include "gate/seen.h"

struct gate {
	const struct settings *settings;
	struct store *store;
	struct memory memory;
	struct assertions assertions;
	struct seen *seen;
};

/* The cookie that counts at the asked-for host. False: none that could be one. *app: it is that host's own. */
bool gate_token(const struct settings *settings, const struct request *request, const struct asked *asked,
                struct token_digest *out, bool *app);

/*
 * cookies.c: of a 200 to forward-auth that was asked with `Twostep-Pass: cookies`: the visitor's, without ours, as `Cookie`. None
 * where none is left, or where they are too long.
 */
void gate_pass_cookies(struct answer *out, const struct request *request, const struct asked *asked);

/* refusal.c: answers a check that nobody is let in by, and what goes wrong on the way to another host. */
void gate_refuse_check(struct call *call, const struct check *check, enum verdict verdict);
void gate_refuse(struct call *call, enum err err);
void gate_refuse_with(struct call *call, enum err err, const char *place); /* a page has a link to an address, which mends it */

#endif
