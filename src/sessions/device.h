/*
 * device: browsers that an account trusts. A remembered one spares the second step, never the password; a known one has
 * signed in before and keeps its owner's door open while strangers guess. Their tokens are kept under a keyring key for that
 * account: a row that was another account's, or that somebody wrote without the keyring, is nobody's.
 */
#ifndef TWOSTEP_SESSIONS_DEVICE_H
#define TWOSTEP_SESSIONS_DEVICE_H

#include "keys/keyring.h"
#include "sessions/session.h"

#define DEVICE_REMEMBERED_S (30LL * 24 * 60 * 60)  /* contract 2.1: 30 days at most */
#define DEVICE_KNOWN_S      (365LL * 24 * 60 * 60) /* design.md section 6: a year */
#define DEVICES_MAX         20                     /* of each kind and account; a further one drops the oldest */

struct device {
	struct id id, account, enrolment;
	int64_t created_at, last_used_at, expires_at;
	char browser[SESSION_BROWSER];
	char address[PEER_TEXT];
};

MUST_USE enum err device_remember(struct db *db, const struct keyring *keys, const struct device *device, const struct token_digest *token);

/* Is this browser remembered for this account's present enrolment? Notes the use. OK, ERR_NOT_FOUND, ERR_CRYPTO, ERR_STORE. */
MUST_USE enum err device_use(struct db *db, const struct keyring *keys, const struct token_digest *token, const struct id *account,
                             int64_t now_s);

MUST_USE enum err device_list(struct db *db, const struct id *account, int64_t now_s, struct device *out, size_t room,
                              size_t *count);
MUST_USE enum err device_forget(struct db *db, const struct id *account, const struct id *device);
MUST_USE enum err device_forget_all(struct db *db, const struct id *account);

MUST_USE enum err device_know(struct db *db, const struct keyring *keys, const struct token_digest *token, const struct id *account,
                              int64_t now_s);
MUST_USE enum err device_known(struct db *db, const struct keyring *keys, const struct token_digest *token, const struct id *account,
                               int64_t now_s);

/* No browser is known to this account any more. */
MUST_USE enum err device_unknow_all(struct db *db, const struct id *account);

/* Both kinds: what has expired. */
MUST_USE enum err devices_forget(struct db *db, int64_t now_s, int64_t *removed);

#endif
