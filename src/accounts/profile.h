/*
 * profile: what a signed-in person changes of themselves: name, language, password.
 */
#ifndef TWOSTEP_ACCOUNTS_PROFILE_H
#define TWOSTEP_ACCOUNTS_PROFILE_H

#include "accounts/caller.h"
#include "http/call.h"

/* NULL leaves a value as it is. OK, ERR_NAME, ERR_INVALID (locale). *now is the account as it is then. */
MUST_USE enum err profile_change(struct call *call, const char *name, const char *locale, struct account *now);

/*
 * Is it the caller's password? Charged to the account and network before it is hashed.
 * OK, ERR_PASSWORD_WRONG, ERR_TOO_MANY, ERR_BUSY
 */
MUST_USE enum err password_confirm(struct call *call, const char *password);

/* Ends all other sessions, remembered devices and half sign-ins; mails. OK, ERR_PASSWORD_WRONG, ERR_PASSWORD_*, ERR_TOO_MANY, ERR_BUSY */
MUST_USE enum err password_change(struct call *call, const char *current, const char *changed);

#endif
