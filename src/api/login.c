/*
 * POST /login, /login/second-step (contract 2.1).
 */
#include "api/json_views.h"
#include "api/routes.h"
#include "sign_in/sign_in.h"
#include "base/banned.h"

struct password_form { const char *email, *password; enum transport transport; };
static const struct field password_fields[] = {
	FIELD_LONG(password_form, email, FIELD_TEXT),
	FIELD_LONG(password_form, password, FIELD_TEXT),
	FIELD(password_form, transport, FIELD_TRANSPORT),
};
static const struct form password_form = FORM(password_form, password_fields);

static enum err first_step(struct call *call)
{
	const struct password_form *form = call->form;
	SCOPED(sign_in_wipe) struct sign_in result = { 0 };
	enum err err = sign_in_password(call, form->email, form->password, form->transport, &result);

	return err ? err : json_sign_in(call, &result);
}

struct code_form { const char *login, *method, *code; bool remember_device; };
static const struct field code_fields[] = {
	FIELD_LONG(code_form, login, FIELD_TEXT),
	FIELD(code_form, method, FIELD_TEXT),
	FIELD_LONG(code_form, code, FIELD_CODE),
	FIELD(code_form, remember_device, FIELD_BOOL),
};
static const struct form code_form = FORM(code_form, code_fields);

static enum err second_step(struct call *call)
{
	const struct code_form *form = call->form;
	SCOPED(sign_in_wipe) struct sign_in result = { 0 };
	enum second_step_method method = STEP_NONE;
	enum err err;

	if ((err = second_step_method_read(call, form->method, &method)) ||
	    (err = sign_in_second_step(call, form->login, method, form->code, form->remember_device, &result)))
		return err;

	return json_sign_in(call, &result);
}

const struct route login_routes[] = {
	{ POST | HASHES, "/api/v1/login", ACCESS_ANYBODY, FRESH_NOT, &password_form, first_step },
	{ POST, "/api/v1/login/second-step", ACCESS_ANYBODY, FRESH_NOT, &code_form, second_step },
	ROUTES_END
};
