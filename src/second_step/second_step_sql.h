/*
 * second_step_sql: the rows of an enrolment: secret, spent steps, recovery codes.
 */
#ifndef TWOSTEP_SECOND_STEP_SECOND_STEP_SQL_H
#define TWOSTEP_SECOND_STEP_SECOND_STEP_SQL_H

#include "second_step/second_step.h"

/* The secret in its seal: for account and enrolment. */
struct sealed_secret {
	uint8_t bytes[TOTP_SECRET_BYTES + SEAL_EXTRA_BYTES];
};

/* The ten codes in their seal, while a person still has to save them. */
struct sealed_codes {
	uint8_t bytes[sizeof(struct recovery_set) + SEAL_EXTRA_BYTES];
};

/* ERR_NOT_ENABLED where the account has none. */
MUST_USE enum err totp_row_secret(struct db *db, const struct id *account, struct id *enrolment, struct sealed_secret *out);

/* ERR_ALREADY_ENABLED: the account has one. */
MUST_USE enum err totp_row_add(struct db *db, const struct id *account, const struct id *enrolment,
                               const struct sealed_secret *secret, int64_t now_s);

/* ERR_NOT_ENABLED: there was none. Spent steps, remembered devices, sessions that used it and half sign-ins go with it. */
MUST_USE enum err totp_row_remove(struct db *db, const struct id *account);

/*
 * Admits a step once for this enrolment, and none older than one spent; ERR_CODE_USED otherwise. A step beyond now + 1 was spent
 * under a wrong clock: it stays spent but orders nothing. The newest SPENT_STEPS_KEPT are kept, and all of SPENT_STEPS_AGE: a clock
 * that is set back shows their codes again.
 */
#define SPENT_STEPS_KEPT 32
#define SPENT_STEPS_AGE  (2 * 24 * 60 * 2) /* two days */
MUST_USE enum err second_step_spend(struct db *db, const struct id *enrolment, struct totp_step step, struct totp_step now);

/* Puts a set in the place of the account's, by the digests of its codes. */
MUST_USE enum err recovery_rows_replace(struct db *db, const struct keyring *keys, const struct id *account, const struct id *set,
                                        const struct recovery_set *codes, int64_t now_s);
MUST_USE enum err recovery_rows_remove(struct db *db, const struct id *account);

/* A set: its id is what the digests of its codes are bound to, its number what they are kept under. */
#define RECOVERY_DIGEST_BYTES 16 /* of each digest, RFC 2104 section 5: half of the hash; a code has 80 bits */
struct recovery_row {
	struct id id;
	int64_t number;
};

/* ERR_NOT_FOUND where the account has no set. */
MUST_USE enum err recovery_row_find(struct db *db, const struct id *account, struct recovery_row *out);

/* Spends a code: OK once; ERR_RECOVERY_USED: right, but spent before; ERR_RECOVERY_REFUSED: not one of the set. */
MUST_USE enum err recovery_row_spend(struct db *db, const struct recovery_row *set, const uint8_t digest[static DIGEST_BYTES],
                                     int64_t now_s);

#endif
