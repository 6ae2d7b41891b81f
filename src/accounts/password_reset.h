/*
 * password_reset: a forgotten password, by a code to the mailbox. Ends all sessions, does not sign in, leaves two-step on.
 */
#ifndef TWOSTEP_ACCOUNTS_PASSWORD_RESET_H
#define TWOSTEP_ACCOUNTS_PASSWORD_RESET_H

#include "accounts/account.h"
#include "http/call.h"

/* Mails a code where the address has an account; the answer is the same where it has none. OK, ERR_EMAIL. */
MUST_USE enum err password_reset_ask(struct call *call, const char *email);

/* OK, ERR_CODE_INVALID (unknown address alike), ERR_PASSWORD_* (the code stays good), ERR_TOO_MANY, ERR_BUSY */
MUST_USE enum err password_reset_complete(struct call *call, const char *email, const char *code, const char *password);

#endif
