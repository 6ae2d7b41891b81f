/*
 * session: records of who is signed in, how and how freshly. Opened by sign_in/ alone.
 * A session ends after SESSION_S in all, after SESSION_IDLE_S unused, sooner under a demand in force, with the enrolment that its
 * second step used, with its account, or because somebody ended it.
 */
#ifndef TWOSTEP_SESSIONS_SESSION_H
#define TWOSTEP_SESSIONS_SESSION_H

#include "http/peer.h"
#include "store/db.h"

#define SESSION_S         (30LL * 24 * 60 * 60) /* design.md section 4: others after 7 and 30 days */
#define SESSION_IDLE_S    (7LL * 24 * 60 * 60)
#define SESSION_DEMANDED_S (24LL * 60 * 60) /* in all, under a demand in force */
#define SESSION_SEEN_S    60  /* last_seen_at is written when this much newer: design.md section 2 */
#define SESSION_FRESH_S   600 /* design.md section 6: fresh */
#define SESSIONS_MAX      100 /* of an account; a further one ends the one unused for longest */
#define SESSION_BROWSER   64

enum method_used { USED_PASSWORD = 1, USED_OTP = 2, USED_RECOVERY = 4 };

struct session {
	struct id id, account;
	struct id enrolment;    /* totp.id; empty: no second step was used */
	bool bearer, remembered;
	int methods;            /* bits of enum method_used */
	int64_t signed_in_at, confirmed_at, last_seen_at, ends_at;
	int64_t second_step_at; /* 0: never */
	char browser[SESSION_BROWSER];
	char address[PEER_TEXT];
};

/* When it ends if nobody uses it again. */
int64_t session_expires_at(const struct session *session);

/* How it was opened, in the words of the API, for logs: "pwd,otp", "pwd,remembered_device". Static. */
const char *session_opened_by(const struct session *session);

/* `at` is at most SESSION_FRESH_S ago (and not in a future that the clock has left). */
bool session_fresh(int64_t at, int64_t now_s);

/* The same for another age than that. */
bool session_young(int64_t at, int64_t max_age_s, int64_t now_s);

MUST_USE enum err session_add(struct db *db, const struct session *session, const struct token_digest *token);

/* A living one by its token, whatever is demanded of it (second_step/caller_fill.h): OK, ERR_NOT_FOUND, ERR_STORE. */
MUST_USE enum err session_find(struct db *db, const struct token_digest *token, int64_t now_s, struct session *out);

/* The same by its name. */
MUST_USE enum err session_find_id(struct db *db, const struct id *session, int64_t now_s, struct session *out);

MUST_USE enum err session_seen(struct db *db, const struct id *session, int64_t now_s);

/* For changes that a session may make: ERR_NOT_SIGNED_IN where it has ended since the guard looked. */
MUST_USE enum err session_lives(struct db *db, const struct id *session);

/* A proof was given again: ERR_NOT_SIGNED_IN where the session has ended meanwhile. */
MUST_USE enum err session_prove_password(struct db *db, const struct id *session, int64_t now_s);
MUST_USE enum err session_prove_second_step(struct db *db, const struct id *session, const struct id *enrolment, int methods,
                                            int64_t now_s);

/* Two-step was switched off: what this session proved with it no longer counts. */
MUST_USE enum err session_forget_second_step(struct db *db, const struct id *session);

/* Ends one of this account's: ERR_NOT_FOUND where it is not. */
MUST_USE enum err session_end(struct db *db, const struct id *account, const struct id *session);
MUST_USE enum err session_end_others(struct db *db, const struct id *account, const struct id *keep);
MUST_USE enum err session_end_all(struct db *db, const struct id *account);

/*
 * Ends for good what this organization's demand has ended: of all members, or of one. To be called before the demand changes or goes,
 * or somebody leaves it behind, or it would live again.
 */
MUST_USE enum err sessions_end_over(struct db *db, const struct id *organization, int64_t now_s);
MUST_USE enum err sessions_end_over_of(struct db *db, const struct id *organization, const struct id *account, int64_t now_s);

/* The living ones, under what is demanded too, newest first, into room for `room`. */
MUST_USE enum err session_list(struct db *db, const struct id *account, int64_t now_s, struct session *out, size_t room,
                               size_t *count);

MUST_USE enum err sessions_forget(struct db *db, int64_t now_s, int64_t *removed);

#endif
