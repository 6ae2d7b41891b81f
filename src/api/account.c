/*
 * GET and PATCH /account, POST /account/password (contract 2.2).
 */
#include "api/json_views.h"
#include "api/routes.h"
#include "accounts/profile.h"
#include "base/banned.h"

static enum err show(struct call *call)
{
	json_account(call->out, NULL, &call->caller->account);
	return OK;
}

struct profile_form { const char *name, *locale; };
static const struct field profile_fields[] = {
	FIELD(profile_form, name, FIELD_OPTIONAL),
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

	json_account(call->out, NULL, &now);
	return OK;
}

struct password_form { const char *current_password, *new_password; };
static const struct field password_fields[] = {
	FIELD(password_form, current_password, FIELD_TEXT),
	FIELD(password_form, new_password, FIELD_TEXT),
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

const struct route account_routes[] = {
	{ GET, "/api/v1/account", ACCESS_RESTRICTED, FRESH_NOT, NULL, show },
	{ PATCH, "/api/v1/account", ACCESS_SIGNED_IN, FRESH_NOT, &profile_form, change },
	{ POST, "/api/v1/account/password", ACCESS_SIGNED_IN, FRESH_NOT, &password_form, change_password },
	ROUTES_END
};
