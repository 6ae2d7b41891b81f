/*
 * reissue: new recovery codes. Pending until they are said to be saved; the old set holds until then. One set ever.
 */
#ifndef TWOSTEP_SECOND_STEP_REISSUE_H
#define TWOSTEP_SECOND_STEP_REISSUE_H

#include "http/call.h"
#include "recovery/recovery.h"
#include "store/db.h"

#define REISSUE_S 900 /* 15 minutes: design.md section 4 */

/* The second step must be fresh (the route says so). OK, ERR_NOT_ENABLED, ERR_PASSWORD_WRONG, ERR_TOO_MANY, ERR_BUSY */
MUST_USE enum err reissue_begin(struct call *call, const char *password, struct recovery_set *codes, int64_t *expires_at);

/* What is pending in this session; `set` (NULL: not wanted) names it. ERR_WRONG_STATE: nothing. */
MUST_USE enum err reissue_look(struct call *call, struct id *set, struct recovery_set *codes, int64_t *expires_at);

/* The set that was shown; NULL: the one that is pending. OK, ERR_NOT_SAVED, ERR_WRONG_STATE (another one is pending). Mails. */
MUST_USE enum err reissue_complete(struct call *call, const struct id *shown, bool saved);

/* Are these the codes in force now? For whom another tab was quicker. */
MUST_USE enum err reissue_in_force(struct call *call, const struct id *shown, bool *in_force);

MUST_USE enum err reissue_drop(struct call *call);

/* What is pending in a session goes, inside a transaction: the codes that it was to replace are gone. OK also where nothing is. */
MUST_USE enum err reissue_forget(struct db *db, const struct id *session);
MUST_USE enum err reissues_forget(struct db *db, int64_t now_s, int64_t *removed);

#endif
