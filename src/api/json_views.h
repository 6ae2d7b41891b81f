/*
 * json_views: what several routes show in the same form, each once.
 */
#ifndef TWOSTEP_API_JSON_VIEWS_H
#define TWOSTEP_API_JSON_VIEWS_H

#include "accounts/caller.h"
#include "http/answer.h"
#include "organizations/invitations.h"
#include "recovery/recovery.h"
#include "sign_in/sign_in.h"

/* {"id","email","name","locale"}; `name` as in json_open. */
void json_account_members(struct answer *out, const struct account *account); /* inside an object that says more */
void json_account(struct answer *out, const char *name, const struct account *account);

/* The contract's S: who is signed in, how and how freshly. token NULL: not in it (by cookie, or not a sign-in). */
void json_session(struct answer *out, const char *name, const struct caller *caller, const struct token *token);

/*
 * The three answers of a sign-in, as a whole body. ERR_CREDENTIALS where the result is none of them: what forgot to
 * say yes has said no.
 */
MUST_USE enum err json_sign_in(struct call *call, const struct sign_in *result);

void json_demands(struct answer *out, const struct demanding *demanding, size_t count); /* as the next one shows them */

/* The organisations that demand two-step of this account, in force or with grace, under "required_by". */
MUST_USE enum err json_required_by(struct call *call, const struct id *account);

/* Under "recovery_codes". */
void json_recovery_codes(struct answer *out, const struct recovery_set *codes);

/* Where somebody is a member from now on: "organization":{"id","name"} and "role", within an object. */
void json_joined(struct answer *out, const struct joined *joined);

/* {"status":word} as the body, for what has nothing else to tell. */
void json_status(struct answer *out, const char *word);

/* 204: done, and nothing to say. */
void json_nothing(struct answer *out);

#endif
