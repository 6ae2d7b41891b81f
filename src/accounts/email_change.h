/*
 * email_change: an account moves to another address. A code goes to the new one; the old one gets a link that takes the
 * move back for EMAIL_UNDO_S, for a move may be a thief's.
 */
#ifndef TWOSTEP_ACCOUNTS_EMAIL_CHANGE_H
#define TWOSTEP_ACCOUNTS_EMAIL_CHANGE_H

#include "accounts/caller.h"
#include "http/call.h"

#define EMAIL_UNDO_S (7LL * 24 * 60 * 60)

/*
 * Mails a code to the new address; where that has an account its owner is told instead, and the answer is the same.
 * `email` gets it as it was read. OK, ERR_EMAIL, ERR_EMAIL_OWN, ERR_TOO_MANY. The caller's proofs are fresh.
 */
MUST_USE enum err email_change_begin(struct call *call, const char *typed, char email[static EMAIL_TEXT]);

/* *now: the account as it is then. OK, ERR_WRONG_STATE (nothing under way), ERR_CODE_INVALID, ERR_EMAIL_TAKEN */
MUST_USE enum err email_change_verify(struct call *call, const char *code, struct account *now);

/* The address that waits for its code in this session; "" where none does. */
MUST_USE enum err email_change_look(struct call *call, char email[static EMAIL_TEXT]);
MUST_USE enum err email_change_drop(struct call *call); /* OK also where nothing is */

/*
 * By the token of the mail to the old address: it is the account's again, later links are void, all sessions, devices and half
 * sign-ins end, and the password is worth nothing: a reset chooses another.
 * OK (`email`: the address), ERR_NOT_FOUND (wrong, used, too old), ERR_EMAIL_TAKEN, ERR_BUSY
 */
MUST_USE enum err email_change_undo(struct call *call, const char *token, char email[static EMAIL_TEXT]);

/* Is it a token that email_change_undo would take now? OK, ERR_NOT_FOUND */
MUST_USE enum err email_change_undo_look(struct call *call, const char *token);

/*
 * The address whose mailbox a set-up that was begun at `at_s` has to prove: the one that can take the account back, the earliest where
 * there are several, else the account's own. It answers the same for EMAIL_CODE_S after that moment.
 */
MUST_USE enum err email_to_prove(struct db *db, const struct account *account, int64_t at_s, char email[static EMAIL_TEXT]);

MUST_USE enum err email_changes_forget(struct db *db, int64_t now_s, int64_t *removed);

#endif
