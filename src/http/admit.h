/*
 * admit: whether a request may go to the request threads. One that hashes needs a place first, so that a flood of sign-ins
 * waits for hashes neither in the threads nor in the queue before them.
 */
#ifndef TWOSTEP_HTTP_ADMIT_H
#define TWOSTEP_HTTP_ADMIT_H

#include "http/loop.h"

/* By the loop. The place is the job's. ERR_BUSY: none is free, and a program is told so here; people get a page, by a thread. */
MUST_USE enum err admit(const struct server *server, struct job *job);

#endif
