/*
 * password_policy: may this be somebody's password? Pure: no database, no clock.
 */
#ifndef TWOSTEP_ACCOUNTS_PASSWORD_POLICY_H
#define TWOSTEP_ACCOUNTS_PASSWORD_POLICY_H

#include "base/base.h"
#include "base/settings.h"

#define PASSWORD_BYTES_MAX 1024 /* in NFC; longer is refused, never cut */

/* In NFC, as it is hashed. Lives in fixed memory and is wiped. */
struct password {
	char text[PASSWORD_BYTES_MAX + 1];
};

void password_wipe(struct password *password);

/* What was typed as NFC: NFC and NFD of the same words are the same password. ERR_PASSWORD_LONG, ERR_INVALID (not UTF-8), ERR_MEMORY. */
MUST_USE enum err password_read(const char *typed, struct password *out);

/*
 * nist: at least settings->password_min characters, not in a block-list (common ones, Korean words, keyboard walks, the product's name,
 * the person's own name and address: their words of 4 characters and more, also when only decorated by digits), zxcvbn >= 3.
 * classic: also all four kinds of characters, no run of four (abcd, 4321, aaaa, ㄱㄴㄷㄹ), neither name nor address inside.
 * Product, name and address are found in any letter case, composed or not.
 * OK or one of ERR_PASSWORD_*; ERR_MEMORY. Takes at most a few milliseconds for PASSWORD_BYTES_MAX bytes (what zxcvbn is given is bounded).
 */
MUST_USE enum err password_allowed(const struct settings *settings, const struct password *password, const char *name,
                                   const char *email);

#endif
