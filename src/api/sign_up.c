/*
 * POST /signup, /signup/verify, /signup/resend (contract 2.1).
 */
#include "accounts/sign_up.h"

#include "api/json_views.h"
#include "api/routes.h"
#include "sign_in/sign_in.h"
#include "base/banned.h"

struct begin_form { const char *email, *name, *password, *locale, *invitation; enum transport transport; };
static const struct field begin_fields[] = {
	FIELD_LONG(begin_form, email, FIELD_TEXT),
	FIELD_LONG(begin_form, name, FIELD_TEXT),
	FIELD_LONG(begin_form, password, FIELD_TEXT),
	FIELD(begin_form, locale, FIELD_OPTIONAL),
	FIELD_LONG(begin_form, invitation, FIELD_CODE_OPTIONAL),
	FIELD(begin_form, transport, FIELD_TRANSPORT),
};
static const struct form begin_form = FORM(begin_form, begin_fields);

static enum err sent(struct call *call, const struct token *try)
{
	call->out->status = 202;
	json_open(call->out, NULL);
	json_text(call->out, "status", "verification_sent");
	json_text(call->out, "signup", try->text);
	json_close(call->out);
	return OK;
}

/* The code of an invitation proves the mailbox: no other is needed. */
static enum err begin_invited(struct call *call, const struct sign_up *wanted, const char *invitation, enum transport transport)
{
	SCOPED(sign_in_wipe) struct sign_in result = { 0 };
	SCOPED(token_wipe) struct token try = { 0 };
	bool mailed = false;
	enum err err = sign_up_invited(call, wanted, invitation, transport, &result, &mailed, &try);

	if (err)
		return err;
	if (mailed)
		return sent(call, &try);
	call->out->status = 201;
	return json_sign_in(call, &result);
}

/* The answer is the same whether or not the address has an account; the mail tells its owner. */
static enum err begin(struct call *call)
{
	const struct begin_form *form = call->form;
	const struct sign_up wanted = { form->email, form->name, form->password, form->locale, false };
	SCOPED(token_wipe) struct token try = { 0 };
	enum err err;

	if (form->invitation)
		return begin_invited(call, &wanted, form->invitation, form->transport);
	err = sign_up_begin(call, &wanted, &try);
	return err ? err : sent(call, &try);
}

struct verify_form { const char *signup, *code; enum transport transport; };
static const struct field verify_fields[] = {
	FIELD_LONG(verify_form, signup, FIELD_TEXT),
	FIELD_LONG(verify_form, code, FIELD_CODE),
	FIELD(verify_form, transport, FIELD_TRANSPORT),
};
static const struct form verify_form = FORM(verify_form, verify_fields);

/* The mailbox is theirs: the account is made, and its owner is signed in. */
static enum err verify(struct call *call)
{
	const struct verify_form *form = call->form;
	SCOPED(sign_in_wipe) struct sign_in result = { 0 };
	enum err err = sign_up_verify(call, form->signup, form->code, form->transport, &result);

	if (err)
		return err;

	call->out->status = 201;
	return json_sign_in(call, &result);
}

struct resend_form { const char *signup; };
static const struct field resend_fields[] = { FIELD_LONG(resend_form, signup, FIELD_TEXT) };
static const struct form resend_form = FORM(resend_form, resend_fields);

static enum err resend(struct call *call)
{
	const struct resend_form *form = call->form;
	enum err err = sign_up_resend(call, form->signup);

	if (err)
		return err;

	call->out->status = 202;
	json_status(call->out, "verification_sent");
	return OK;
}

const struct route sign_up_routes[] = {
	{ POST | HASHES, "/api/v1/signup", ACCESS_ANYBODY, FRESH_NOT, &begin_form, begin },
	{ POST, "/api/v1/signup/verify", ACCESS_ANYBODY, FRESH_NOT, &verify_form, verify },
	{ POST, "/api/v1/signup/resend", ACCESS_ANYBODY, FRESH_NOT, &resend_form, resend },
	ROUTES_END
};
