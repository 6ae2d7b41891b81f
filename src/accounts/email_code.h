/*
 * email_code: codes that prove a mailbox. Six digits only where a session stands behind them (set-up), else 60 bits.
 * Kept as a keyed digest over purpose, subject, address and session; one for a subject, a newer one takes its place.
 */
#ifndef TWOSTEP_ACCOUNTS_EMAIL_CODE_H
#define TWOSTEP_ACCOUNTS_EMAIL_CODE_H

#include "keys/keyring.h"
#include "store/db.h"

#define EMAIL_CODE_S     600 /* 10 minutes */
#define EMAIL_CODE_TEXT  15  /* XXXX-XXXX-XXXX and NUL, or six digits */
#define EMAIL_CODE_CHARS 12
#define EMAIL_CODE_TRIES 5   /* set-up and sign-up; the others are not voided by wrong tries */

enum email_code_purpose { CODE_FOR_NONE, CODE_FOR_SIGNUP, CODE_FOR_RESET, CODE_FOR_SETUP, CODE_FOR_INVITATION, CODE_FOR_EMAIL_CHANGE };

struct email_code {
	char text[EMAIL_CODE_TEXT];
};
void email_code_wipe(struct email_code *code);

/* What a code is bound to. subject: the try, the account, the set-up; session: empty where none stands behind it. */
struct email_code_for {
	enum email_code_purpose purpose;
	struct id subject, session;
	const char *email;
};

MUST_USE enum err email_code_new(enum email_code_purpose purpose, struct email_code *out);
MUST_USE enum err email_code_put(struct db *db, const struct keyring *keys, const struct email_code_for *bound,
                                 const struct email_code *code, int64_t now_s);

/*
 * Counts the try, then compares. OK: right; the code still stands (email_code_spend ends it).
 * ERR_CODE_INVALID: wrong, expired, void or none; the count must be kept (db_keep).
 */
MUST_USE enum err email_code_check(struct db *db, const struct keyring *keys, const struct email_code_for *bound,
                                   const char *typed, int64_t now_s);

/* Compares and removes in one statement, without counting. ERR_CODE_INVALID: wrong by now, or somebody else was first. */
MUST_USE enum err email_code_spend(struct db *db, const struct keyring *keys, const struct email_code_for *bound,
                                   const char *typed, int64_t now_s);

/* The digest itself, for codes that are found by it (invitations: in a table of their own). ERR_CODE_INVALID: no such spelling. */
MUST_USE enum err email_code_digest(const struct keyring *keys, const struct email_code_for *bound, const char *typed,
                                    uint8_t out[static DIGEST_BYTES]);

MUST_USE enum err email_code_drop(struct db *db, enum email_code_purpose purpose, const struct id *subject);
MUST_USE enum err email_codes_forget(struct db *db, int64_t now_s, int64_t *removed);

#endif
