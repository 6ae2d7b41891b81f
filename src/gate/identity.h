/*
 * identity: the headers that tell an application who is there (contract 2.4). Each once, never empty.
 */
#ifndef TWOSTEP_GATE_IDENTITY_H
#define TWOSTEP_GATE_IDENTITY_H

#include "gate/verdict.h"
#include "http/answer.h"

/* Of a check whose verdict is VERDICT_OK. assertion: NULL where the service wants none. */
void identity_write(struct answer *out, const struct check *check, const char *assertion);

/* "pwd,otp": into out, which it returns. */
#define METHODS_TEXT 24
const char *identity_methods(int methods, char out[static METHODS_TEXT]);

/* "org:ID:ROLE,service:ID:ROLE": the same. */
#define GROUPS_TEXT (2 * (8 + ID_TEXT + 9))
const char *identity_groups(const struct check *check, char out[static GROUPS_TEXT]);

#endif
