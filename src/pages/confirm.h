/*
 * confirm: proofs that are too old, asked for in place: what was typed is kept, and the call goes on by itself.
 */
#ifndef TWOSTEP_PAGES_CONFIRM_H
#define TWOSTEP_PAGES_CONFIRM_H

#include "pages/page.h"

/* surface->mend: takes confirm_password and confirm_code of the form, proves them, and asks the guard again. */
MUST_USE enum err confirm_mend(struct call *call, enum err refusal);

/* The error is one of confirming: a proof is due, or the one given was refused (call->wrong names its field). */
bool confirm_concerns(const struct call *call, enum err err);

/*
 * What a page with fields of its own beside those of confirming tells at its top: that a proof is due, to who sent its form before
 * it had the field.
 */
enum err confirm_told(struct call *call, enum err err);

/*
 * The fields that a route of this freshness asks the caller for now, in the arena; NULL: memory.
 * other  where the page leads with the other kind of code; NULL: a button of the same form
 */
const struct part_confirm *confirm_fields(struct call *call, enum freshness freshness, enum err err, const char *other);

/* The page that asks, in place of the answer. */
MUST_USE enum err confirm_show(struct call *call, enum err err);

#endif
