/*
 * health: does the process live (/healthz, answered in the loop), can it serve (/readyz, asks database and keyring)?
 */
#ifndef TWOSTEP_CLI_HEALTH_H
#define TWOSTEP_CLI_HEALTH_H

#include "http/answer.h"
#include "http/request.h"
#include "http/route.h"

/* GET and HEAD of /healthz, another method of it 405; false: not for us. */
bool health_fast(const struct request *request, struct answer *answer);

extern const struct surface health_surface; /* /readyz */

#endif
