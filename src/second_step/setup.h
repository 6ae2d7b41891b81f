/*
 * setup: switching two-step on, or moving it to a new phone. Bound to the session, SETUP_S long; nothing of the account
 * changes before it is complete, and nothing comes back from the client but codes.
 *   (none) -> email_sent -> email_confirmed -> code_confirmed -> complete
 */
#ifndef TWOSTEP_SECOND_STEP_SETUP_H
#define TWOSTEP_SECOND_STEP_SETUP_H

#include "accounts/account.h"
#include "http/call.h"
#include "otp/totp.h"
#include "recovery/recovery.h"
#include "store/db.h"

#define SETUP_S 900 /* 15 minutes: contract 2.2 */

enum setup_state { SETUP_NONE, SETUP_EMAIL_SENT, SETUP_EMAIL_CONFIRMED, SETUP_CODE_CONFIRMED };

/* "email_sent" and so on; "none". */
const char *setup_state_name(enum setup_state state);

/* A set-up as its session may see it. Wipe it. */
struct setup_view {
	struct id id;
	enum setup_state state;
	bool replaces;               /* a new phone */
	int64_t expires_at;
	char email[EMAIL_TEXT];      /* where the code goes, or went: in SETUP_NONE and SETUP_EMAIL_SENT */
	struct totp_secret secret;   /* from SETUP_EMAIL_CONFIRMED on */
	struct recovery_set codes;   /* in SETUP_CODE_CONFIRMED */
};
void setup_view_wipe(struct setup_view *view);

/*
 * Drops an earlier try, mails a code: to the address that can take a move of the account back, where one can (email_to_prove).
 * OK, ERR_ALREADY_ENABLED, ERR_NOT_ENABLED (replace of nothing), ERR_TOO_MANY (the earlier try stands)
 */
MUST_USE enum err setup_begin(struct call *call, bool replace, struct setup_view *view);

/* What is under way in this session: reload, back and download see it again. OK with SETUP_NONE where nothing is. */
MUST_USE enum err setup_look(struct call *call, struct setup_view *view);

/* OK, ERR_WRONG_STATE, ERR_CODE_INVALID; for the app's code ERR_APP_CODE instead, or ERR_CODE_CLOCK (call->clock_off_s). */
MUST_USE enum err setup_confirm_email(struct call *call, const char *code, struct setup_view *view);
MUST_USE enum err setup_confirm_code(struct call *call, const char *code, struct setup_view *view);

/*
 * Switches on (or swaps): OK, ERR_NOT_SAVED, ERR_WRONG_STATE, ERR_ALREADY_ENABLED, ERR_NOT_ENABLED. Ends the account's other sessions,
 * counts as a second step for this one, mails.
 * shown  the set-up whose codes were shown (ERR_WRONG_STATE: another one is under way); NULL: the one under way
 */
MUST_USE enum err setup_complete(struct call *call, const struct id *shown, bool saved);

/* Did another tab complete this set-up, and does what it set up count still? */
MUST_USE enum err setup_in_force(struct call *call, const struct id *shown, bool *in_force);

MUST_USE enum err setup_drop(struct call *call); /* OK also where nothing is */

/* The state alone, for a status inside a transaction. */
MUST_USE enum err setup_state_of(struct db *db, const struct id *session, int64_t now_s, enum setup_state *state,
                                 int64_t *expires_at);
MUST_USE enum err setups_forget(struct db *db, int64_t now_s, int64_t *removed);

#endif
