/*
 * totp: one-time codes from a shared secret and the time.
 * RFC 6238 over HMAC-SHA-1, truncated as in RFC 4226 section 5.3.
 * Arithmetic alone: no clock, no storage, no allocation.
 */
#ifndef TWOSTEP_OTP_TOTP_H
#define TWOSTEP_OTP_TOTP_H

#include <stdint.h>

#include "base/base.h"

#define TOTP_SECRET_BYTES 20 /* 160 bits: RFC 4226 section 4, R6 */
#define TOTP_SECRET_TEXT  33 /* 32 base32 characters and NUL */
#define TOTP_PERIOD_S     30 /* RFC 6238 section 5.2 */
#define TOTP_DIGITS        6

/* Whole periods since 1970-01-01T00:00:00Z. Its own type, so that nobody passes seconds for steps. */
struct totp_step {
	int64_t n;
};

struct totp_secret {
	uint8_t bytes[TOTP_SECRET_BYTES];
};

struct totp_step totp_step_at(int64_t now_s);

MUST_USE enum err totp_secret_new(struct totp_secret *out);
void totp_secret_wipe(struct totp_secret *secret);

/* The code of one step: six digits and NUL. ERR_CRYPTO could not tell. */
MUST_USE enum err totp_code(const struct totp_secret *secret, struct totp_step step, char out[static TOTP_DIGITS + 1]);

/*
 * Finds the step that a code belongs to, among the one before `now`, `now` and the one after.
 *
 * code    as form.h leaves it (FIELD_CODE): anything but six ASCII digits fits no step
 * found   written only when the answer is OK
 * OK                the code is right; admit it by second_step_spend(), which does so once
 * ERR_CODE_REFUSED  no step fits
 * ERR_CRYPTO        could not tell
 * Takes the same time whichever step fits. Where two steps fit, the one nearest to now, then the newer.
 */
MUST_USE enum err totp_find(const struct totp_secret *secret, const char *code, struct totp_step now, struct totp_step *found);

/*
 * The same for a code of up to TOTP_DRIFT_STEPS away: how far the clock of the phone is off, in seconds, ahead positive.
 * For set-up alone: at sign-in it would tell a guesser which code will be right later.
 */
#define TOTP_DRIFT_STEPS 20 /* 10 minutes: the figure */
MUST_USE enum err totp_drift(const struct totp_secret *secret, const char *code, struct totp_step now, int64_t *off_s);

#endif
