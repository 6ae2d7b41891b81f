/*
 * account: a person's record, and what may be an address and a name.
 */
#ifndef TWOSTEP_ACCOUNTS_ACCOUNT_H
#define TWOSTEP_ACCOUNTS_ACCOUNT_H

#include "accounts/hashes.h"
#include "base/lang.h"
#include "keys/keyring.h"
#include "store/db.h"

#define EMAIL_TEXT 255 /* 254 bytes (RFC 5321 section 4.5.3.1.3) and NUL */
#define NAME_CHARACTERS_MAX 100
#define NAME_TEXT  (NAME_CHARACTERS_MAX * 4 + 1)
#define ACCOUNT_NAME_KEY 1024 /* a name without letter case: it may grow */

struct account {
	struct id id;
	char email[EMAIL_TEXT];     /* lower case */
	char name[NAME_TEXT];
	enum locale locale;
	int64_t created_at;
	int64_t setup_required_at;  /* second step was reset: set up before anything else; 0: no */
	int64_t password_version;   /* raised where half sign-ins end: another password or address, an enrolment that went */
	int64_t step_cleared_at;    /* a password reset last cleared wrong second steps; 0: never */
};

/* ASCII, trimmed, lower case, something@something.something of sane characters; else ERR_EMAIL. */
MUST_USE enum err email_read(const char *typed, char out[static EMAIL_TEXT]);

/* Trimmed, 1 to 100 characters, one of them to be seen, no controls, "://", "www.", '/', '\\', '@'; else ERR_NAME. */
MUST_USE enum err name_read(const char *typed, char out[static NAME_TEXT]);

/* OK, ERR_NOT_FOUND, ERR_STORE. */
MUST_USE enum err account_find(struct db *db, const struct id *id, struct account *out);
MUST_USE enum err account_find_email(struct db *db, const char *email, struct account *out);

/* The Argon2id string, sealed for its owner: a moved row opens nothing. */
struct sealed_password {
	uint8_t bytes[HASH_TEXT + SEAL_EXTRA_BYTES];
};
MUST_USE enum err password_seal(const struct keyring *keys, const struct id *owner, const struct hash_text *hash,
                                struct sealed_password *out);
MUST_USE enum err password_unseal(const struct keyring *keys, const struct id *owner, const struct sealed_password *sealed,
                                  struct hash_text *out);
void hash_text_wipe(struct hash_text *hash);

MUST_USE enum err account_password(struct db *db, const struct id *account, struct sealed_password *out);

/* ERR_NOT_FOUND where the password is not `sealed` any more. */
MUST_USE enum err account_password_is(struct db *db, const struct id *account, const struct sealed_password *sealed);

/* Adds the row; ERR_WRONG_STATE where the address has an account already. */
MUST_USE enum err account_add(struct db *db, const struct account *account, const struct sealed_password *password, int64_t now_s);

MUST_USE enum err account_set_profile(struct db *db, const struct id *account, const char *name, enum locale locale);
MUST_USE enum err account_set_password(struct db *db, const struct id *account, const struct sealed_password *password,
                                       int64_t now_s);
/* The same password hashed anew by stronger settings: voids nothing. */
MUST_USE enum err account_refresh_password(struct db *db, const struct id *account, const struct sealed_password *password);
MUST_USE enum err account_set_step_cleared(struct db *db, const struct id *account, int64_t now_s);
MUST_USE enum err account_set_up_done(struct db *db, const struct id *account); /* setup_required_at is forgotten */

/*
 * Another address, with the copies of it that memberships and invitations keep; half sign-ins end, and so do invitations to it where
 * the account is a member already. ERR_EMAIL_TAKEN: it has an account.
 */
MUST_USE enum err account_set_email(struct db *db, const struct id *account, const char *email);

/* Deletes it with all that is its own: sessions, factors, devices, memberships. ERR_NOT_FOUND */
MUST_USE enum err account_drop(struct db *db, const struct id *account);

/* The second step was taken away: set up before anything else. */
MUST_USE enum err account_require_set_up(struct db *db, const struct id *account, int64_t now_s);

/* Those that have given the password only: the next step finds them expired. */
MUST_USE enum err account_end_half_sign_ins(struct db *db, const struct id *account);

/* Somebody signed in to it just now. */
MUST_USE enum err account_signed_in(struct db *db, const struct id *account, int64_t now_s);

#endif
