/*
 * /account/two-step/setup (contract 2.2): switching two-step on, or moving it to a new phone.
 */
#include "second_step/setup.h"

#include "accounts/caller.h"
#include "api/json_views.h"
#include "api/routes.h"
#include "otp/otpauth.h"
#include "base/banned.h"

/* The secret in all the forms that an app takes it. */
static enum err json_secret(struct call *call, const struct totp_secret *secret)
{
	SCOPED(buf_done) struct buf uri = { 0 };
	SCOPED(buf_done) struct buf svg = { 0 };
	char key[TOTP_SECRET_TEXT];
	enum err err;

	otpauth_uri(&uri, call->settings->name, call->caller->account.email, secret);
	if ((err = buf_check(&uri)) ||
	    (err = otpauth_qr_svg(&svg, buf_string(&uri))) ||
	    (err = buf_check(&svg)))
		return err;

	otpauth_key(secret, key);
	json_text(call->out, "secret", key);
	wipe(key, sizeof(key));
	json_text(call->out, "otpauth_uri", buf_string(&uri));
	json_text(call->out, "qr_svg", buf_string(&svg));
	json_text(call->out, "algorithm", "SHA1");
	json_int(call->out, "digits", TOTP_DIGITS);
	json_int(call->out, "period", TOTP_PERIOD_S);
	return OK;
}

/* What a set-up shows in its state; the same when it is reached and when it is looked at again. */
static enum err json_setup(struct call *call, const struct setup_view *view)
{
	enum err err = OK;

	json_open(call->out, NULL);
	json_text(call->out, "state", setup_state_name(view->state));
	json_bool(call->out, "replace", view->replaces);
	json_time(call->out, "expires_at", view->expires_at);
	if (view->state == SETUP_EMAIL_SENT)
		json_text(call->out, "email", view->email);
	else if (view->state == SETUP_EMAIL_CONFIRMED)
		err = json_secret(call, &view->secret);
	else if (view->state == SETUP_CODE_CONFIRMED)
		json_recovery_codes(call->out, &view->codes);
	json_close(call->out);
	return err;
}

struct begin_form { bool replace; };
static const struct field begin_fields[] = { FIELD(begin_form, replace, FIELD_BOOL) };
static const struct form begin_form = FORM(begin_form, begin_fields);

static enum err begin(struct call *call)
{
	const struct begin_form *form = call->form;
	SCOPED(setup_view_wipe) struct setup_view view = { 0 };
	enum err err = setup_begin(call, form->replace, &view);

	if (err)
		return err;

	call->out->status = 201;
	return json_setup(call, &view);
}

/* For a client that lost an answer, as a page is reloaded: the session that began it sees it again. */
static enum err look(struct call *call)
{
	SCOPED(setup_view_wipe) struct setup_view view = { 0 };
	enum err err = setup_look(call, &view);

	if (err)
		return err;
	if (view.state == SETUP_NONE)
		return ERR_WRONG_STATE;

	return json_setup(call, &view);
}

struct code_form { const char *code; };
static const struct field code_fields[] = { FIELD_LONG(code_form, code, FIELD_CODE) };
static const struct form code_form = FORM(code_form, code_fields);

/* The mailbox is theirs: show the secret. */
static enum err confirm_email(struct call *call)
{
	const struct code_form *form = call->form;
	SCOPED(setup_view_wipe) struct setup_view view = { 0 };
	enum err err = setup_confirm_email(call, form->code, &view);

	return err ? err : json_setup(call, &view);
}

/* The app showed this code: hand out the recovery codes, switch nothing on yet. */
static enum err confirm_code(struct call *call)
{
	const struct code_form *form = call->form;
	SCOPED(setup_view_wipe) struct setup_view view = { 0 };
	enum err err = setup_confirm_code(call, form->code, &view);

	return err ? err : json_setup(call, &view);
}

struct complete_form { bool saved; };
static const struct field complete_fields[] = { FIELD(complete_form, saved, FIELD_BOOL) };
static const struct form complete_form = FORM(complete_form, complete_fields);

static enum err complete(struct call *call)
{
	const struct complete_form *form = call->form;
	enum err err = setup_complete(call, NULL, form->saved);

	if (err)
		return err;

	json_open(call->out, NULL);
	json_bool(call->out, "enabled", true);
	json_close(call->out);
	return OK;
}

static enum err drop(struct call *call)
{
	enum err err = setup_drop(call);

	if (err)
		return err;

	json_nothing(call->out);
	return OK;
}

const struct route setup_routes[] = {
	{ POST, "/api/v1/account/two-step/setup", ACCESS_RESTRICTED, FRESH_PROOFS, &begin_form, begin },
	{ GET, "/api/v1/account/two-step/setup", ACCESS_RESTRICTED, FRESH_NOT, NULL, look },
	{ DELETE, "/api/v1/account/two-step/setup", ACCESS_RESTRICTED, FRESH_NOT, NULL, drop },
	{ POST, "/api/v1/account/two-step/setup/email", ACCESS_RESTRICTED, FRESH_NOT, &code_form, confirm_email },
	{ POST, "/api/v1/account/two-step/setup/code", ACCESS_RESTRICTED, FRESH_NOT, &code_form, confirm_code },
	{ POST, "/api/v1/account/two-step/setup/complete", ACCESS_RESTRICTED, FRESH_NOT, &complete_form, complete },
	ROUTES_END
};
