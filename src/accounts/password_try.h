/*
 * password_try: a password offered for an account: charged and committed, then hashed, then settled in the change that acts on it.
 */
#ifndef TWOSTEP_ACCOUNTS_PASSWORD_TRY_H
#define TWOSTEP_ACCOUNTS_PASSWORD_TRY_H

#include "accounts/account.h"
#include "http/call.h"

struct password_try {
	struct account account;           /* whose, where the answer is OK */
	struct sealed_password sealed;    /* as it was checked */
	struct sealed_password refreshed; /* hashed anew by today's settings */
	bool outdated;                    /* `refreshed` is to be stored */
	struct id subject;                /* of the counters */
	bool stranger;                    /* the address has no account */
	bool known;                       /* the browser has signed in to this account before */
	struct hash_turn turn;            /* held until the try is settled: password_try_done */
};

/* Gives the turn back, once the try is settled or given up. Accepts the empty value; SCOPED. */
void password_try_done(struct password_try *try);

/*
 * email NULL: the caller's own account. An unknown address costs the same time and is counted alike.
 * OK                it was right: settle it
 * ERR_CREDENTIALS   wrong, unknown or closed; counted
 * ERR_TOO_MANY      not tried (call->held_off.for_s)
 * ERR_BUSY          not tried, not counted
 */
MUST_USE enum err password_try(struct call *call, const char *email, const char *password, struct password_try *out);

/*
 * Takes the charge back and stores a refreshed hash, inside the change that acts on the right password.
 * The first of its writes. ERR_CREDENTIALS: the password was changed meanwhile; the charge is taken back all the same.
 */
MUST_USE enum err password_try_settle(struct db *db, const struct call *call, const struct password_try *try);

/* Forgets all wrong passwords for an account, from this network and in a row: it has a new one. */
MUST_USE enum err password_tries_forget(struct db *db, const struct call *call, const struct id *account);

/* The digest under which an address counts (limits, mails). */
MUST_USE enum err address_digest(const struct keyring *keys, const char *email, uint8_t out[static DIGEST_BYTES]);

/* Hashes and seals a new password for its owner. ERR_BUSY, ERR_CRYPTO */
MUST_USE enum err password_make(struct call *call, const struct password *password, const struct id *owner,
                                struct sealed_password *out);

/*
 * Before anything is charged for a password: one place serves for all hashes of a request, and the loop has taken it where the
 * route is marked HASHES. password_try and password_make do it themselves. ERR_BUSY (call->held_off.for_s)
 */
MUST_USE enum err password_place(struct call *call);

/* Notes which field an error is about. */
enum err blame(struct call *call, const char *field, enum err err);

#endif
