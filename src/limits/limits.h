/*
 * limits: how often somebody may be wrong, and how many mails an address may get (design.md section 6).
 * A try is charged, in the database, before its verdict, and a right one takes the charge back; or with its verdict, in one change.
 */
#ifndef TWOSTEP_LIMITS_LIMITS_H
#define TWOSTEP_LIMITS_LIMITS_H

#include "http/call.h"
#include "store/db.h"

enum limit {
	LIMIT_NONE,
	LIMIT_PASSWORD,         /* account and network: 5 free, then 1 s doubling to 15 min */
	LIMIT_PASSWORD_ACCOUNT, /* account over all networks: 100 in a row, then known devices or a reset only */
	LIMIT_PASSWORD_NETWORK, /* network over all accounts: 100 an hour, where peer->counted */
	LIMIT_SECOND_STEP,      /* account over everything: 5 free, 30 s doubling to 1 h, held at 100 */
	LIMIT_RECOVERY,         /* recovery codes: their own counter, the same steps */
	LIMIT_CODE_NETWORK,     /* mailed 60-bit codes: network, 100 an hour, where peer->counted */
	LIMIT_INVITER,          /* invitations sent, or sent again, by an account: 50 a day */
	LIMIT_INVITATION,       /* their codes, typed by an account: 20 free, 1 s doubling to 15 min */
	LIMIT_STEP_MONTH,       /* as LIMIT_SECOND_STEP, whatever was right in between: 100 in 30 days (step_limit below) */
	LIMIT_DEMAND,           /* mails at once about an organization's demand for two-step, to all whom it hits: 5 a day */
	LIMIT_COUNT
};

/* Whose failures. */
struct limit_of {
	enum limit limit;
	const struct id *subject;      /* an account's or organization's id, or half of an address's digest; NULL: of nobody in particular */
	bool stranger;                 /* the subject is an address without account: its counters are bounded in number */
	const struct network *network; /* NULL: over all networks */
};

/*
 * Counts a try as wrong. OK: it may go on. ERR_TOO_MANY: not counted; *held_off says until when (1 s or more), and by which limit.
 * *count (may be NULL): failures with this one.
 */
MUST_USE enum err limit_charge(struct db *db, struct limit_of of, int64_t now_s, struct held_off *held_off, int *count);

/* The same question without counting. */
MUST_USE enum err limit_ask(struct db *db, struct limit_of of, int64_t now_s, struct held_off *held_off);

/* Takes one charge back, and the wait that it brought: the try was neither right nor wrong. */
MUST_USE enum err limit_refund(struct db *db, struct limit_of of, int64_t now_s);

/* Forgets: the try was right. */
MUST_USE enum err limit_clear(struct db *db, struct limit_of of);

/* Forgets all that was counted for this account: it is gone. */
MUST_USE enum err limits_drop(struct db *db, const struct id *subject);

/*
 * Is it time to tell of these failures? Once in LIMIT_NOTE_S: OK, noted, and *count is how many stand. ERR_NOT_FOUND: not yet.
 * limit_clear_noted forgets the failures, but not that they were told of.
 */
#define LIMIT_NOTE_S 3600
MUST_USE enum err limit_note(struct db *db, struct limit_of of, int64_t now_s, int *count);
MUST_USE enum err limit_clear_noted(struct db *db, struct limit_of of, int64_t now_s);

/*
 * The app's codes of an account, over everything: the streak (LIMIT_SECOND_STEP), and what has been wrong within 30 days, whatever
 * was right in between (LIMIT_STEP_MONTH): without it somebody who knows the password had five further tries at each sign-in of
 * the owner.
 */
struct wrong_steps { int in_a_row, in_month; };

/* As limit_ask and limit_charge: both in the change that looks at the code, the charge where it is wrong. */
MUST_USE enum err step_limit_ask(struct db *db, const struct id *account, int64_t now_s, struct held_off *held_off);
MUST_USE enum err step_limit_charge(struct db *db, const struct id *account, int64_t now_s, struct held_off *held_off,
                                    struct wrong_steps *count);

/* The code was right: the streak is forgotten, the month stays. */
MUST_USE enum err step_limit_right(struct db *db, const struct id *account);

/* There is a new secret with new codes, none any more, or a recovery code has proven who it is: nothing counts, of recovery codes neither. */
MUST_USE enum err step_limit_clear(struct db *db, const struct id *account);

/* There are new recovery codes: what was wrong with the old ones keeps nobody waiting. */
MUST_USE enum err recovery_limit_clear(struct db *db, const struct id *account);

/* Is it time to mail the person? At the fifth in a row, as the contract has it, and at each twentieth of a month. */
#define LIMIT_MAIL_EACH 20
bool step_limit_tells(const struct wrong_steps *count);

/* How many failures stand. */
MUST_USE enum err limit_count(struct db *db, struct limit_of of, int *count);

#define LIMIT_MAIL_AT 5 /* the mail about wrong second steps */
#define LIMIT_HELD_AT 100

/*
 * May another mail of this purpose go to this address? 5 an hour, 10 a day; one network may cause 3 and 5 of them (where
 * counted); a known device has 3 a day of its own. OK counts it. ERR_TOO_MANY: nothing is to be sent.
 */
enum mail_purpose { MAIL_NONE, MAIL_SIGNUP, MAIL_RESET, MAIL_SETUP, MAIL_INVITATION, MAIL_EMAIL_CHANGE };
#define DIGEST_BYTES_OF_ADDRESS 32 /* keys/keyring.h: DIGEST_ADDRESS */
MUST_USE enum err limit_mail(struct db *db, enum mail_purpose purpose,
                             const uint8_t address_digest[static DIGEST_BYTES_OF_ADDRESS],
                             const struct peer *peer, bool known_device, int64_t now_s, struct held_off *held_off);

/* Forgets those that went there: none is too many. */
MUST_USE enum err limit_mail_clear(struct db *db, enum mail_purpose purpose,
                                   const uint8_t address_digest[static DIGEST_BYTES_OF_ADDRESS]);

/* Removes what no longer decides anything, and the oldest counters of addresses without account beyond LIMIT_ROWS_MAX. */
#define LIMIT_ROWS_MAX  100000
#define LIMIT_KEEP_S    (90LL * 24 * 60 * 60) /* a counter that nothing has touched for so long is forgotten, alike for all */
MUST_USE enum err limits_forget(struct db *db, int64_t now_s, int64_t *removed);

/* What no longer counts of the mails (limits_forget calls it). */
MUST_USE enum err mail_counts_forget(struct db *db, int64_t now_s, int64_t *removed);

#endif
