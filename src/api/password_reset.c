/*
 * POST /password-reset, /password-reset/complete (contract 2.1).
 */
#include "accounts/password_reset.h"

#include "api/json_views.h"
#include "api/routes.h"
#include "base/banned.h"

struct ask_form { const char *email; };
static const struct field ask_fields[] = { FIELD_LONG(ask_form, email, FIELD_TEXT) };
static const struct form ask_form = FORM(ask_form, ask_fields);

/* The answer is the same for an address without account. */
static enum err ask(struct call *call)
{
	const struct ask_form *form = call->form;
	enum err err = password_reset_ask(call, form->email);

	if (err)
		return err;

	call->out->status = 202;
	json_status(call->out, "verification_sent");
	return OK;
}

struct complete_form { const char *email, *code, *password; };
static const struct field complete_fields[] = {
	FIELD_LONG(complete_form, email, FIELD_TEXT),
	FIELD_LONG(complete_form, code, FIELD_CODE),
	FIELD_LONG(complete_form, password, FIELD_TEXT),
};
static const struct form complete_form = FORM(complete_form, complete_fields);

static enum err complete(struct call *call)
{
	const struct complete_form *form = call->form;
	enum err err = password_reset_complete(call, form->email, form->code, form->password);

	if (err)
		return err;

	json_status(call->out, "password_changed");
	return OK;
}

const struct route password_reset_routes[] = {
	{ POST, "/api/v1/password-reset", ACCESS_ANYBODY, FRESH_NOT, &ask_form, ask },
	{ POST, "/api/v1/password-reset/complete", ACCESS_ANYBODY, FRESH_NOT, &complete_form, complete },
	ROUTES_END
};
