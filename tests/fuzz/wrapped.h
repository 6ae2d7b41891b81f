/*
 * wrapped: what the server of the target `requests` has instead of the real thing, by the linker (WRAPPED in meson.build): a clock that
 * stands until it is told, random bytes that are the same each time, a password hash that costs nothing. And what it made and mailed
 * last, so that an input can name what a person would read off a mail or a screen.
 */
#ifndef TWOSTEP_FUZZ_WRAPPED_H
#define TWOSTEP_FUZZ_WRAPPED_H

#include <stdint.h>

#include "accounts/email_code.h"
#include "base/token.h"
#include "otp/totp.h"
#include "recovery/recovery.h"

void clock_put(int64_t now_s);
void random_put(uint64_t seed);

struct made_last {
	char mailed[EMAIL_CODE_TEXT];      /* six digits or XXXX-XXXX-XXXX */
	char recovery[RECOVERY_CODE_TEXT];
	struct totp_secret secret;
	struct token token;
};

/* Of whatever thread; empty where none was made since made_forget. */
void made_forget(void);
struct made_last made_look(void);

#endif
