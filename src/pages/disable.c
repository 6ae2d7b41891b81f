/*
 * Switching two-step off: the password, then a code; while an organisation demands it, its name and nothing to type. That the first
 * page had the password goes to the second sealed, in a cookie.
 */
#include "accounts/caller.h"
#include "pages/routes.h"
#include "second_step/second_step.h"
#include "base/banned.h"

#define DISABLE_PATH "/account/two-step/disable"
#define CODE_PATH    DISABLE_PATH "/code"

static enum err show_password(struct call *call, enum err err)
{
	struct page_disable page = {
		.frame = page_frame(call, DISABLE_PATH, err),
		.email = call->caller->account.email,
		.password_error = page_field(call, err, "password"),
	};
	enum err failed = demanders_look(call, false, &page.demanders, &page.demanders_count);

	if (failed)
		return failed;
	if (!page.frame)
		return ERR_MEMORY;
	page_disable(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look(struct call *call)
{
	return call->caller->two_step ? show_password(call, OK) : ERR_NOT_ENABLED;
}

struct password_form { const char *password; };
static const struct field password_fields[] = { FIELD_LONG(password_form, password, FIELD_OPTIONAL) };
static const struct form password_form = FORM(password_form, password_fields);

static enum err go_on(struct call *call, const struct caller *now)
{
	const char *begun = two_step_disable_begin(call, now);

	if (!begun)
		return ERR_MEMORY;
	cookie_set(call, COOKIE_DISABLE, begun, SESSION_FRESH_S);
	return page_to(call, CODE_PATH);
}

static enum err take_password(struct call *call)
{
	const struct password_form *form = call->form;
	struct caller now;
	enum err err = page_needs(call, "password", form->password);

	if (call->caller->demand.any)
		return page_to(call, DISABLE_PATH);
	if (!err)
		err = confirm_password(call, form->password, &now);
	if (page_cannot_tell(err))
		return err;
	return err ? show_password(call, err) : go_on(call, &now);
}

static enum err show_code(struct call *call, bool recovery, enum err err)
{
	const struct page_disable_code page = {
		.frame = page_frame(call, CODE_PATH, err),
		.recovery = recovery,
		.code_error = page_field(call, err, "code"),
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_disable_code(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look_code(struct call *call)
{
	if (!call->caller->two_step)
		return page_to(call, "/account/two-step");
	if (call->caller->demand.any)
		return page_to(call, DISABLE_PATH);
	if (two_step_disable_begun(call, cookie_get(call, COOKIE_DISABLE)))
		return page_to(call, DISABLE_PATH);
	return show_code(call, false, OK);
}

struct code_form { const char *method, *code; };
static const struct field code_fields[] = {
	FIELD(code_form, method, FIELD_OPTIONAL),
	FIELD_LONG(code_form, code, FIELD_CODE_OPTIONAL),
};
static const struct form code_form = FORM(code_form, code_fields);

static enum err take_code(struct call *call)
{
	const struct code_form *form = call->form;
	bool recovery = form->method && !strcmp(form->method, "recovery_code");
	enum err err = page_needs(call, "code", form->code);

	if (!err)
		err = two_step_disable_end(call, cookie_get(call, COOKIE_DISABLE), recovery ? STEP_RECOVERY_CODE : STEP_TOTP, form->code);
	if (!err) {
		cookie_clear(call, COOKIE_DISABLE);
		return page_to(call, DISABLE_PATH "/done");
	}
	if (err == ERR_REQUIRED)
		return page_to(call, DISABLE_PATH);
	if (err == ERR_NEEDS_PASSWORD)
		return page_to_with(call, DISABLE_PATH, NOTICE_CONFIRM_AGAIN);
	if (err == ERR_NOT_ENABLED)
		return page_to(call, "/account/two-step");
	if (page_cannot_tell(err))
		return err;
	call->wrong = "code";
	return show_code(call, recovery, err);
}

static enum err done(struct call *call)
{
	const struct page_done page = {
		.frame = page_frame(call, NULL, OK), .title = MSG_DONE_OFF_TITLE, .text = MSG_DONE_OFF_TEXT, .off = true,
		.next = "/account/two-step",
	};

	if (call->caller->two_step)
		return page_to(call, "/account/two-step");
	if (!page.frame)
		return ERR_MEMORY;
	page_done(&call->out->body, call->locale, &page);
	return page_sent(call, OK);
}

const struct route disable_pages[] = {
	{ GET, DISABLE_PATH, ACCESS_SIGNED_IN, FRESH_NOT, NULL, look },
	{ GET, DISABLE_PATH "/password", ACCESS_SIGNED_IN, FRESH_NOT, NULL, look },
	{ POST, DISABLE_PATH "/password", ACCESS_SIGNED_IN, FRESH_NOT, &password_form, take_password },
	{ GET, CODE_PATH, ACCESS_SIGNED_IN, FRESH_NOT, NULL, look_code },
	{ POST, CODE_PATH, ACCESS_SIGNED_IN, FRESH_NOT, &code_form, take_code },
	{ GET, DISABLE_PATH "/done", ACCESS_SIGNED_IN, FRESH_NOT, NULL, done },
	ROUTES_END
};
