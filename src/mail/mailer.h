/*
 * mailer: the thread that sends what letter.h queued: to files, or by SMTP through libcurl (loaded only then).
 */
#ifndef TWOSTEP_MAIL_MAILER_H
#define TWOSTEP_MAIL_MAILER_H

#include "base/settings.h"
#include "keys/keyring.h"
#include "store/store.h"

struct mailer;

/* Checks that mail can go where settings->mail says (folder made 0700, libcurl there). ERR_IO: *why for the operator. */
MUST_USE enum err mailer_new(const struct settings *settings, struct store *store, const struct keyring *keys,
                             struct mailer **out, const char **why);
MUST_USE enum err mailer_start(struct mailer *mailer);

/* There is something in the queue: called after a commit (store_on_wake), from any thread; never blocks. */
void mailer_wake(struct mailer *mailer);

/*
 * File mail alone: waits until what was queued before the call is written, max_ms at most, so that who reads the folder
 * after an answer finds the mail. Does nothing for SMTP.
 */
void mailer_settle(struct mailer *mailer, int max_ms);

/*
 * Has a mail waited for so long, while the way for all of them fails or hangs? One that its recipient's server alone puts off is that
 * server's business: else anybody could have us warn.
 */
#define MAIL_BEHIND_S 60
bool mailer_is_behind(struct mailer *mailer, int64_t now_s);

void mailer_stop(struct mailer *mailer); /* ends the present attempt within a second; what is queued stays queued */
void mailer_free(struct mailer *mailer);

#endif
