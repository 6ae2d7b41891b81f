/*
 * second_step: what an account has, and the one check of a code, whichever surface asks.
 */
#ifndef TWOSTEP_SECOND_STEP_SECOND_STEP_H
#define TWOSTEP_SECOND_STEP_SECOND_STEP_H

#include "accounts/caller.h"
#include "http/call.h"
#include "otp/totp.h"
#include "recovery/recovery.h"
#include "second_step/setup.h"
#include "sessions/device.h"

enum second_step_method { STEP_NONE, STEP_TOTP, STEP_RECOVERY_CODE };

/* "totp", "recovery_code"; else ERR_INVALID (call->wrong is "method"). */
MUST_USE enum err second_step_method_read(struct call *call, const char *text, enum second_step_method *out);

struct enrolment {
	struct id id; /* empty: two-step is off */
	int64_t enabled_at;
};

/* OK whether on or off. */
MUST_USE enum err second_step_find(struct db *db, const struct id *account, struct enrolment *out);
MUST_USE enum err second_step_left(struct db *db, const struct id *account, int *recovery_codes_left);

/*
 * Counts the try and spends the code together, in the caller's transaction: no crash gives a wrong try back, no second
 * request gets the code. Mails the person at the fifth wrong one.
 * OK                  *left: recovery codes left
 * ERR_CODE_REFUSED, ERR_RECOVERY_REFUSED   wrong: must be kept (second_step_counts, db_keep)
 * ERR_CODE_USED, ERR_RECOVERY_USED   right but used: nothing is counted: must roll back
 * ERR_TOO_MANY        call->held_off.for_s
 * ERR_NOT_ENABLED
 */
MUST_USE enum err second_step_check(struct db *db, struct call *call, const struct account *account,
                                    enum second_step_method method, const char *code, int *left);

/*
 * Spends every code of an app up to that step, of all accounts: those used on what a backup takes the place of, nobody
 * remembers. Recovery codes are as they were.
 */
MUST_USE enum err second_step_spend_all(struct db *db, struct totp_step until);

/* Is it a wrong code, which was counted? */
bool second_step_counts(enum err err);

/* Behind the change that counted it, a line for the operator: whose codes are guessed, behind a password that is known, and from where. */
void second_step_log_wrong(const struct call *call, const struct id *account, enum second_step_method method);

/* Mails a person whose recovery code has just let somebody on; does nothing for the app's codes. */
MUST_USE enum err second_step_tell(struct db *db, const struct call *call, const struct account *account,
                                   enum second_step_method method, int left);

/* What GET /account/two-step and the tab show. */
struct two_step_status {
	bool enabled;
	int64_t enabled_at;
	int recovery_codes_left;
	enum setup_state setup_state; /* of this session; SETUP_NONE: none */
	int64_t setup_expires_at;
	struct device devices[DEVICES_MAX];
	size_t device_count;
};
MUST_USE enum err two_step_look(struct call *call, struct two_step_status *out);

/* Forgets one remembered device of the caller's (id as text; ERR_NOT_FOUND), or all (NULL). */
MUST_USE enum err two_step_forget_device(struct call *call, const char *id);

/* Switches off: OK, ERR_NOT_ENABLED, ERR_REQUIRED, ERR_PASSWORD_WRONG, ERR_CODE_REFUSED, ERR_RECOVERY_REFUSED, ERR_CODE_USED, ERR_RECOVERY_USED,
 * ERR_TOO_MANY, ERR_BUSY */
MUST_USE enum err two_step_disable(struct call *call, const char *password, enum second_step_method method, const char *code);

/*
 * The same in two pages. What the first hands to the second by way of the browser, once `now` has given the password: sealed, for that
 * confirmation of this session alone; void after SESSION_FRESH_S, with the password or the enrolment. In the arena; NULL: memory, or it
 * could not be sealed.
 */
const char *two_step_disable_begin(struct call *call, const struct caller *now);

/* What the browser brought back: OK, ERR_NEEDS_PASSWORD (NULL too). */
MUST_USE enum err two_step_disable_begun(const struct call *call, const char *begun);
MUST_USE enum err two_step_disable_end(struct call *call, const char *begun, enum second_step_method method, const char *code);

#endif
