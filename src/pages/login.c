/*
 * Signing in: address and password, then the second step.
 */
#include "pages/routes.h"
#include "base/banned.h"

/* Somebody used a recovery code: tell how many are left, and to make new ones where these are few. */
static void tell_left(struct call *call, int left)
{
	notice_set(call, left <= RECOVERY_WARN_LEFT ? NOTICE_RECOVERY_FEW : NOTICE_RECOVERY_USED, left);
}

enum err signed_in(struct call *call, const struct sign_in *result, enum notice notice)
{
	if (result->status == SIGN_IN_SECOND_STEP) {
		cookie_set(call, COOKIE_LOGIN, result->login.text, LOGIN_S);
		return page_to(call, "/login/second-step");
	}
	if (result->status != SIGN_IN_DONE && result->status != SIGN_IN_SETUP_REQUIRED)
		return ERR_CREDENTIALS;

	cookie_clear(call, COOKIE_LOGIN);
	cookie_clear(call, COOKIE_SIGNUP);
	if (result->used_recovery)
		tell_left(call, result->recovery_codes_left);
	else if (notice != NOTICE_NONE)
		notice_set(call, notice, 0);
	if (result->status != SIGN_IN_DONE)
		return page_to(call, DEMAND_PATH);
	return go_back_told(call, result->used_recovery || notice != NOTICE_NONE);
}

static enum err show_login(struct call *call, const char *email, enum err err)
{
	const struct page_login page = {
		.frame = page_frame(call, "/login", err),
		.email = email,
		.email_error = page_field(call, err, "email"),
		.password_error = page_field(call, err, "password"),
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_login(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look(struct call *call)
{
	const char *to = query_value(call, "to");

	if (page_is_local(to))
		cookie_set(call, COOKIE_RETURN, to, LOGIN_S);
	if (!call->caller)
		return show_login(call, query_value(call, "email"), OK);
	notice_withdraw(call, NOTICE_LOGIN_EXPIRED); /* of a form that was sent twice, and signed in */
	return page_to(call, page_is_local(to) ? to : "/");
}

struct password_form { const char *email, *password; };
static const struct field password_fields[] = {
	FIELD_LONG(password_form, email, FIELD_OPTIONAL),
	FIELD_LONG(password_form, password, FIELD_OPTIONAL),
};
static const struct form password_form = FORM(password_form, password_fields);

static enum err try_password(struct call *call, const struct password_form *form, struct sign_in *result)
{
	enum err err;

	if ((err = page_needs(call, "email", form->email)) || (err = page_needs(call, "password", form->password)))
		return err;
	if ((err = sign_in_password(call, form->email, form->password, TRANSPORT_COOKIE, result)) == ERR_CREDENTIALS)
		call->wrong = "password";
	return err;
}

static enum err first_step(struct call *call)
{
	const struct password_form *form = call->form;
	SCOPED(sign_in_wipe) struct sign_in result = { 0 };
	enum err err = try_password(call, form, &result);

	if (page_cannot_tell(err))
		return err;
	return err ? show_login(call, form->email, err) : signed_in(call, &result, NOTICE_NONE);
}

struct code_form { const char *method, *code; bool remember_device; };
static const struct field code_fields[] = {
	FIELD(code_form, method, FIELD_OPTIONAL),
	FIELD_LONG(code_form, code, FIELD_CODE_OPTIONAL),
	FIELD(code_form, remember_device, FIELD_BOOL),
};
static const struct form code_form = FORM(code_form, code_fields);

static bool is_recovery(const char *method)
{
	return method && !strcmp(method, "recovery_code");
}

static bool is_over(enum err err)
{
	return err == ERR_LOGIN_EXPIRED || err == ERR_LOGIN_SPENT;
}

/* Another tab of this browser may have given the second step, and signed in: then there is nothing to begin again. */
static enum err begin_again(struct call *call, enum err err)
{
	if (call->caller && !cookie_get(call, COOKIE_LOGIN))
		return page_to(call, "/");
	cookie_clear(call, COOKIE_LOGIN);
	return page_to_with(call, call->caller ? "/" : "/login", err == ERR_LOGIN_SPENT ? NOTICE_LOGIN_SPENT : NOTICE_LOGIN_EXPIRED);
}

/* The page for a kind of code, with the tick for this device as it is. */
static const char *second_step_place(bool recovery, bool remember)
{
	static const char *const places[2][2] = {
		{ "/login/second-step", "/login/second-step?remember_device=true" },
		{ "/login/second-step?method=recovery_code", "/login/second-step?method=recovery_code&remember_device=true" },
	};

	return places[recovery][remember];
}

static enum err show_second_step(struct call *call, const char *method, bool remember, enum err err)
{
	const char *login = cookie_get(call, COOKIE_LOGIN);
	bool recovery = is_recovery(method);
	bool remembers = false;
	int64_t expires_at = 0;
	enum err found = login ? sign_in_login_look(call, login, &expires_at, &remembers) : ERR_LOGIN_EXPIRED;

	if (found)
		return is_over(found) ? begin_again(call, found) : found;
	const struct page_second_step page = {
		.frame = page_frame(call, second_step_place(recovery, remember), err),
		.recovery = recovery,
		.remembers = remembers,
		.remember = remember,
		.other = second_step_place(!recovery, remember),
		.code_error = page_field(call, err, "code"),
		.until = page_time(call, expires_at),
		.until_short = page_clock(call, expires_at),
		.contact = call->settings->contact,
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_second_step(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look_second_step(struct call *call)
{
	const char *remember = query_value(call, "remember_device");

	return show_second_step(call, query_value(call, "method"), remember && !strcmp(remember, "true"), OK);
}

static enum err try_code(struct call *call, const struct code_form *form, struct sign_in *result)
{
	const char *login = cookie_get(call, COOKIE_LOGIN);
	enum second_step_method method = is_recovery(form->method) ? STEP_RECOVERY_CODE : STEP_TOTP;
	enum err err;

	if (!login)
		return ERR_LOGIN_EXPIRED;
	if ((err = page_needs(call, "code", form->code)))
		return err;
	return sign_in_second_step(call, login, method, form->code, form->remember_device, result);
}

static enum err second_step(struct call *call)
{
	const struct code_form *form = call->form;
	SCOPED(sign_in_wipe) struct sign_in result = { 0 };
	enum err err = try_code(call, form, &result);

	if (page_cannot_tell(err))
		return err;
	if (is_over(err))
		return begin_again(call, err);
	return err ? show_second_step(call, form->method, form->remember_device, err) : signed_in(call, &result, NOTICE_NONE);
}

const struct route login_pages[] = {
	{ GET, "/login", ACCESS_ANYBODY, FRESH_NOT, NULL, look },
	{ POST | HASHES, "/login", ACCESS_ANYBODY, FRESH_NOT, &password_form, first_step },
	{ GET, "/login/second-step", ACCESS_ANYBODY, FRESH_NOT, NULL, look_second_step },
	{ POST, "/login/second-step", ACCESS_ANYBODY, FRESH_NOT, &code_form, second_step },
	ROUTES_END
};
