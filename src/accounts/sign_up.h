/*
 * sign_up: a try to make an account: its own code and password, so that nobody else's try decides them.
 * The session that a right code opens is sign_in/'s (sign_in.h: sign_up_verify).
 */
#ifndef TWOSTEP_ACCOUNTS_SIGN_UP_H
#define TWOSTEP_ACCOUNTS_SIGN_UP_H

#include "accounts/account.h"
#include "http/call.h"

#define SIGN_UP_S 3600 /* a try lives an hour; its code ten minutes, resend makes a new one */

struct sign_up {
	const char *email, *name, *password;
	const char *locale;     /* NULL: the call's */
	bool invited;           /* by a code that was right: whoever else may sign up, this address may */
};

/*
 * Mails a code. Alike for an address that has an account, which gets a mail that says so.
 * OK (try: for /signup/verify and resend), ERR_EMAIL, ERR_NAME, ERR_PASSWORD_*, ERR_INVALID (locale), ERR_SIGNUP_CLOSED,
 * ERR_BUSY
 */
MUST_USE enum err sign_up_begin(struct call *call, const struct sign_up *form, struct token *try);

/* What was typed, read and judged: address, name and language, and the password. ERR_EMAIL, ERR_NAME, ERR_PASSWORD_*, ERR_INVALID (locale) */
MUST_USE enum err sign_up_read(struct call *call, const struct sign_up *form, struct account *account, struct password *password);

/* A new code for the same try, within the limits. OK whatever `try` is; else could not tell. */
MUST_USE enum err sign_up_resend(struct call *call, const char *try);

/* A try that still lives, by its token, or by the id that the mailed link carries. */
struct sign_up_try {
	struct account account; /* as it will be; account.id is new */
	struct id id;
	struct sealed_password password; /* sealed for `id` */
};
MUST_USE enum err sign_up_find(struct db *db, const struct token_digest *token, int64_t now_s, struct sign_up_try *out);
MUST_USE enum err sign_up_find_id(struct db *db, const struct id *id, int64_t now_s, struct sign_up_try *out);

/* Ends all tries for the address. */
MUST_USE enum err sign_up_end(struct db *db, const char *email);
MUST_USE enum err sign_ups_forget(struct db *db, int64_t now_s, int64_t *removed);

#endif
