/*
 * A forgotten password: ask for a code, then set a new one with it.
 */
#include "accounts/account.h"
#include "accounts/password_reset.h"
#include "accounts/password_try.h"
#include "pages/routes.h"
#include "base/banned.h"

struct ask_form { const char *email; };
static const struct field ask_fields[] = { FIELD_LONG(ask_form, email, FIELD_OPTIONAL) };
static const struct form ask_form = FORM(ask_form, ask_fields);

/* anew: nobody forgot it; a link of ours knows for which address one is chosen. */
static enum err show_ask(struct call *call, const char *email, bool anew, enum err err)
{
	const struct page_password_reset page = {
		.frame = page_frame(call, NULL, err),
		.anew = anew,
		.email = email,
		.email_error = page_field(call, err, "email"),
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_password_reset(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look(struct call *call)
{
	const char *email = query_value(call, "email");

	return show_ask(call, email, email != NULL, OK);
}

struct complete_form { const char *email, *code, *password; };
static const struct field complete_fields[] = {
	FIELD_LONG(complete_form, email, FIELD_OPTIONAL),
	FIELD_LONG(complete_form, code, FIELD_CODE_OPTIONAL),
	FIELD_LONG(complete_form, password, FIELD_OPTIONAL),
};
static const struct form complete_form = FORM(complete_form, complete_fields);

static enum err show_complete(struct call *call, const struct complete_form *typed, enum err err)
{
	const struct page_password_reset_complete page = {
		.frame = page_frame(call, NULL, err),
		.email = typed->email,
		.code = typed->code,
		.email_error = page_field(call, err, "email"),
		.code_error = page_field(call, err, "code"),
		.password_error = page_field(call, err, "password"),
		.password_min = call->settings->password_min,
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_password_reset_complete(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

/* The answer is the same whether the address has an account or not. */
static enum err ask(struct call *call)
{
	const struct ask_form *form = call->form;
	SCOPED(buf_done) struct buf place = { 0 };
	char email[EMAIL_TEXT];
	enum err err = page_needs(call, "email", form->email);

	if (!err)
		err = blame(call, "email", email_read(form->email, email)); /* its form alone, which is nobody's secret */
	if (!err)
		err = password_reset_ask(call, form->email);
	if (page_cannot_tell(err))
		return err;
	if (err)
		return show_ask(call, form->email, false, err);
	buf_text(&place, "/password-reset/complete?email=");
	url_component(&place, form->email);
	return buf_check(&place) ? ERR_MEMORY : page_to(call, buf_string(&place));
}

static enum err look_complete(struct call *call)
{
	const struct complete_form filled = { query_value(call, "email"), query_value(call, "code"), NULL };

	return show_complete(call, &filled, OK);
}

static enum err try_complete(struct call *call, const struct complete_form *form)
{
	enum err err;

	if ((err = page_needs(call, "email", form->email)) || (err = page_needs(call, "code", form->code)) ||
	    (err = page_needs(call, "password", form->password)))
		return err;
	return password_reset_complete(call, form->email, form->code, form->password);
}

static enum err complete(struct call *call)
{
	const struct complete_form *form = call->form;
	SCOPED(buf_done) struct buf place = { 0 };
	enum err err = try_complete(call, form);

	if (page_cannot_tell(err))
		return err;
	if (err)
		return show_complete(call, &(struct complete_form){ form->email, form_value(call, "code"), NULL }, err);
	buf_text(&place, "/login?email=");
	url_component(&place, form->email);
	return buf_check(&place) ? ERR_MEMORY : page_to_with(call, buf_string(&place), NOTICE_PASSWORD_RESET);
}

const struct route password_reset_pages[] = {
	{ GET, "/password-reset", ACCESS_ANYBODY, FRESH_NOT, NULL, look },
	{ POST, "/password-reset", ACCESS_ANYBODY, FRESH_NOT, &ask_form, ask },
	{ GET, "/password-reset/complete", ACCESS_ANYBODY, FRESH_NOT, NULL, look_complete },
	{ POST, "/password-reset/complete", ACCESS_ANYBODY, FRESH_NOT, &complete_form, complete },
	ROUTES_END
};
