/*
 * /account and below, but for two-step (contract 2.2): profile, password, address, closing.
 */
#include "api/json_views.h"
#include "api/routes.h"
#include "accounts/email_change.h"
#include "accounts/profile.h"
#include "organizations/closing.h"
#include "base/banned.h"

/* The account, and the address that waits for its code. */
static enum err answer(struct call *call, const struct account *account)
{
	char pending[EMAIL_TEXT] = "";
	enum err err = email_change_look(call, pending);

	if (err)
		return err;
	json_open(call->out, NULL);
	json_account_members(call->out, account);
	json_text(call->out, "pending_email", *pending ? pending : NULL);
	json_close(call->out);
	return OK;
}

static enum err show(struct call *call)
{
	return answer(call, &call->caller->account);
}

struct profile_form { const char *name, *locale; };
static const struct field profile_fields[] = {
	FIELD_LONG(profile_form, name, FIELD_OPTIONAL),
	FIELD(profile_form, locale, FIELD_OPTIONAL),
};
static const struct form profile_form = FORM(profile_form, profile_fields);

/* What is absent or null stays as it is. */
static enum err change(struct call *call)
{
	const struct profile_form *form = call->form;
	struct account now = { 0 };
	enum err err = profile_change(call, form->name, form->locale, &now);

	if (err)
		return err;

	return answer(call, &now);
}

struct password_form { const char *current_password, *new_password; };
static const struct field password_fields[] = {
	FIELD_LONG(password_form, current_password, FIELD_TEXT),
	FIELD_LONG(password_form, new_password, FIELD_TEXT),
};
static const struct form password_form = FORM(password_form, password_fields);

static enum err change_password(struct call *call)
{
	const struct password_form *form = call->form;
	enum err err = password_change(call, form->current_password, form->new_password);

	if (err)
		return err;

	json_status(call->out, "password_changed");
	return OK;
}

struct email_form { const char *email; };
static const struct field email_fields[] = { FIELD_LONG(email_form, email, FIELD_TEXT) };
static const struct form email_form = FORM(email_form, email_fields);

static enum err begin_email(struct call *call)
{
	const struct email_form *form = call->form;
	char email[EMAIL_TEXT];
	enum err err = email_change_begin(call, form->email, email);

	if (err)
		return err;
	call->out->status = 202;
	json_open(call->out, NULL);
	json_text(call->out, "status", "verification_sent");
	json_text(call->out, "email", email);
	json_close(call->out);
	return OK;
}

struct code_form { const char *code; };
static const struct field code_fields[] = { FIELD_LONG(code_form, code, FIELD_CODE) };
static const struct form code_form = FORM(code_form, code_fields);

static enum err verify_email(struct call *call)
{
	const struct code_form *form = call->form;
	struct account now = { 0 };
	enum err err = email_change_verify(call, form->code, &now);

	return err ? err : answer(call, &now);
}

static enum err drop_email(struct call *call)
{
	enum err err = email_change_drop(call);

	if (err)
		return err;
	json_nothing(call->out);
	return OK;
}

struct undo_form { const char *token; };
static const struct field undo_fields[] = { FIELD(undo_form, token, FIELD_TEXT) };
static const struct form undo_form = FORM(undo_form, undo_fields);

static enum err undo_email(struct call *call)
{
	const struct undo_form *form = call->form;
	char email[EMAIL_TEXT];
	enum err err = email_change_undo(call, form->token, email);

	if (err)
		return err;
	json_status(call->out, "undone");
	return OK;
}

struct close_form { const char *password; };
static const struct field close_fields[] = { FIELD_LONG(close_form, password, FIELD_TEXT) };
static const struct form close_form = FORM(close_form, close_fields);

static enum err close_it(struct call *call)
{
	const struct close_form *form = call->form;
	enum err err = closing_confirm(call, form->password);

	if (err)
		return err;
	json_nothing(call->out);
	return OK;
}

const struct route account_routes[] = {
	{ GET, "/api/v1/account", ACCESS_RESTRICTED, FRESH_NOT, NULL, show },
	{ PATCH, "/api/v1/account", ACCESS_SIGNED_IN, FRESH_NOT, &profile_form, change },
	{ POST | HASHES, "/api/v1/account/password", ACCESS_SIGNED_IN, FRESH_NOT, &password_form, change_password },
	{ POST, "/api/v1/account/email", ACCESS_SIGNED_IN, FRESH_PROOFS, &email_form, begin_email },
	{ DELETE, "/api/v1/account/email", ACCESS_SIGNED_IN, FRESH_NOT, NULL, drop_email },
	{ POST, "/api/v1/account/email/verify", ACCESS_SIGNED_IN, FRESH_NOT, &code_form, verify_email },
	{ POST, "/api/v1/account/email/undo", ACCESS_ANYBODY, FRESH_NOT, &undo_form, undo_email },
	{ POST, "/api/v1/account/close", ACCESS_SIGNED_IN, FRESH_PROOFS, &close_form, close_it },
	ROUTES_END
};
