/*
 * sign_in: password, then second step, then demand: the only place that opens a session.
 * Sets the cookies itself (session, known and remembered device), unless the transport is bearer.
 */
#ifndef TWOSTEP_SIGN_IN_SIGN_IN_H
#define TWOSTEP_SIGN_IN_SIGN_IN_H

#include "accounts/caller.h"
#include "accounts/sign_up.h"
#include "http/call.h"
#include "organizations/invitations.h"
#include "second_step/second_step.h"

#define LOGIN_S         600 /* contract 2.1: 10 minutes */
#define LOGIN_WRONG_MAX 5

/* The refusing value first: forgotten memory opens nothing. */
enum sign_in_status { SIGN_IN_REFUSED, SIGN_IN_SECOND_STEP, SIGN_IN_SETUP_REQUIRED, SIGN_IN_DONE };

struct sign_in {
	enum sign_in_status status;
	struct token login;        /* with SIGN_IN_SECOND_STEP */
	int64_t login_expires_at;
	bool has_recovery;         /* the same: a recovery code that was not used is left */
	struct token token;        /* of the session; for the answer only where the transport is bearer */
	struct caller caller;      /* with the last two */
	enum transport transport;
	bool used_recovery;        /* signed in by a recovery code: tell how many are left */
	int recovery_codes_left;
	struct joined joined;      /* by an invitation; organization empty: none */
};
void sign_in_wipe(struct sign_in *result);

/* The first step. OK (look at status), ERR_CREDENTIALS, ERR_TOO_MANY, ERR_BUSY */
MUST_USE enum err sign_in_password(struct call *call, const char *email, const char *password, enum transport transport,
                                   struct sign_in *out);

/* The second. OK, ERR_LOGIN_EXPIRED, ERR_LOGIN_SPENT, ERR_CODE_REFUSED, ERR_RECOVERY_REFUSED, ERR_CODE_USED, ERR_RECOVERY_USED, ERR_TOO_MANY */
MUST_USE enum err sign_in_second_step(struct call *call, const char *login, enum second_step_method method, const char *code,
                                      bool remember_device, struct sign_in *out);

/*
 * Does this login still live? For the page that asks for the code. OK (methods: both), ERR_LOGIN_EXPIRED, ERR_LOGIN_SPENT.
 * remembers: a device may be remembered; not under a demand in force
 */
MUST_USE enum err sign_in_login_look(struct call *call, const char *login, int64_t *expires_at, bool *remembers);

/* A right code makes the account and signs in. OK, ERR_CODE_INVALID, ERR_TOO_MANY (by network) */
MUST_USE enum err sign_up_verify(struct call *call, const char *try, const char *code, enum transport transport,
                                 struct sign_in *out);

/* The mailed link opened in another browser: the password chosen for the try must match. OK, ERR_CODE_INVALID, ERR_CREDENTIALS, ERR_BUSY, ERR_TOO_MANY */
MUST_USE enum err sign_up_verify_elsewhere(struct call *call, const char *try_id, const char *code, const char *password,
                                           enum transport transport, struct sign_in *out);

/*
 * A sign-up with the code of an invitation (FIELD_CODE): it proves the mailbox, whatever --signup says.
 * OK, *mailed false: the account is made, a member, and signed in. OK, *mailed true: the address has an account; as after
 * sign_up_begin. ERR_CODE_INVALID blames `invitation`; ERR_TOO_MANY (by network); else as sign_up_begin.
 */
MUST_USE enum err sign_up_invited(struct call *call, const struct sign_up *form, const char *invitation, enum transport transport,
                                  struct sign_in *out, bool *mailed, struct token *try);

/* Presence proved again. *now: the caller as they are then. OK, ERR_PASSWORD_WRONG, ERR_TOO_MANY, ERR_BUSY */
MUST_USE enum err confirm_password(struct call *call, const char *password, struct caller *now);
/* OK, ERR_NOT_ENABLED, ERR_CODE_REFUSED, ERR_RECOVERY_REFUSED, ERR_CODE_USED, ERR_RECOVERY_USED, ERR_TOO_MANY */
MUST_USE enum err confirm_second_step(struct call *call, enum second_step_method method, const char *code, struct caller *now);

/* Signs out: the session ends, if there is one; its cookie goes. */
MUST_USE enum err sign_out(struct call *call);

/* The caller's sessions; end one (ERR_NOT_FOUND), end all others and remembered devices. */
MUST_USE enum err sessions_look(struct call *call, struct session *out, size_t room, size_t *count);
MUST_USE enum err sessions_end(struct call *call, const char *id);
MUST_USE enum err sessions_end_others(struct call *call);

MUST_USE enum err logins_forget(struct db *db, int64_t now_s, int64_t *removed);

#endif
