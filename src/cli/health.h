/*
 * health: does the process live (/healthz, answered in the loop), can it serve (/readyz, asks database and keyring, and
 * whether their files are still the ones that were opened)?
 */
#ifndef TWOSTEP_CLI_HEALTH_H
#define TWOSTEP_CLI_HEALTH_H

#include "base/settings.h"
#include "http/answer.h"
#include "http/request.h"
#include "http/route.h"

/*
 * From now on /readyz looks after the files of database and keyring too, which are open. `settings` must live until health_end, behind
 * the last request. ERR_IO
 */
MUST_USE enum err health_begin(const struct settings *settings);

/* And says whether mail waits; until health_end. */
struct mailer;
void health_watch_mail(struct mailer *mailer);
void health_end(void);

/* GET and HEAD of /healthz, another method of it 405; false: not for us. */
bool health_fast(const struct request *request, struct answer *answer);

extern const struct surface health_surface; /* /readyz */

#endif
