/*
 * Activating two-step, and moving it to a new phone: one address that shows the step that is due, whatever was reloaded, gone
 * back to or opened twice.
 */
#include "second_step/setup.h"

#include "accounts/caller.h"
#include "otp/otpauth.h"
#include "pages/confirm.h"
#include "pages/routes.h"
#include "base/banned.h"


/* Step 1: the address that has to be proven, the mailed number. */
static enum err show_email(struct call *call, const struct setup_view *view, bool replace, enum err err)
{
	bool sent = view->state == SETUP_EMAIL_SENT, recovery = query_value(call, "method") != NULL;
	const char *ways[] = { SETUP_PATH "?replace=true", SETUP_PATH "?replace=true&method=recovery_code" };
	const char *here = replace ? ways[recovery] : SETUP_PATH, *other = replace ? ways[!recovery] : NULL;

	const struct page_setup_email page = {
		.frame = page_frame(call, here, err),
		.confirm = confirm_fields(call, FRESH_PROOFS, err, other),
		.email = view->email,
		.earlier = strcmp(view->email, call->caller->account.email) != 0,
		.sent = sent,
		.replace = replace,
		.code_error = page_field(call, err, "code"),
		.until = sent ? page_time(call, view->expires_at) : NULL,
		.until_short = sent ? page_clock(call, view->expires_at) : NULL,
	};
	if (!page.frame || !page.confirm)
		return ERR_MEMORY;
	page_setup_email(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

/* The QR code as an address that an image takes: nothing of it is fetched, and no markup of it is read. */
static enum err write_qr(struct buf *out, const char *uri)
{
	SCOPED(buf_done) struct buf svg = { 0 };
	enum err err;

	if ((err = otpauth_qr_svg(&svg, uri)) || (err = buf_check(&svg)))
		return err;
	buf_text(out, "data:image/svg+xml,");
	url_component(out, buf_string(&svg));
	return buf_check(out);
}

/* Step 2: the QR code, the key, the app's code. */
static enum err show_app(struct call *call, const struct setup_view *view, enum err err)
{
	SCOPED(buf_done) struct buf uri = { 0 };
	SCOPED(buf_done) struct buf qr = { 0 };
	const char *email = call->caller->account.email;
	char key[OTPAUTH_GROUPED_TEXT], shown[ID_TEXT];
	enum err failed;

	otpauth_uri(&uri, call->settings->name, email, &view->secret);
	if ((failed = buf_check(&uri)) || (failed = write_qr(&qr, buf_string(&uri))))
		return failed;
	otpauth_key_grouped(&view->secret, key);
	const struct page_setup_app page = {
		.frame = page_frame(call, SETUP_PATH, err),
		.replace = view->replaces,
		.qr = buf_string(&qr),
		.uri = buf_string(&uri),
		.account = arena_printf(call->arena, "%s:%s", call->settings->name, email),
		.key = key,
		.shown = id_text(&view->id, shown),
		.code_error = page_field(call, err, "code"),
		.until = page_time(call, view->expires_at),
		.until_short = page_clock(call, view->expires_at),
	};
	if (page.frame)
		page_setup_app(&call->out->body, call->locale, &page);
	wipe(key, sizeof(key));
	return page.frame ? page_sent(call, err) : ERR_MEMORY;
}

/* Step 3: the recovery codes. */
static enum err show_last(struct call *call, const struct setup_view *view, enum err err)
{
	const struct codes_page which = {
		.replace = view->replaces, .complete = SETUP_PATH "/complete", .download = SETUP_PATH "/recovery-codes",
		.cancel = SETUP_PATH "/cancel", .here = SETUP_PATH, .shown = &view->id, .expires_at = view->expires_at,
	};

	return show_codes(call, &which, &view->codes, err);
}

static enum err show(struct call *call, const struct setup_view *view, bool replace, enum err err)
{
	switch (view->state) {
	case SETUP_EMAIL_CONFIRMED:
		return show_app(call, view, err);
	case SETUP_CODE_CONFIRMED:
		return show_last(call, view, err);
	case SETUP_EMAIL_SENT:
	case SETUP_NONE:
	default:
		return show_email(call, view, replace, err);
	}
}

static enum err look(struct call *call)
{
	SCOPED(setup_view_wipe) struct setup_view view = { 0 };
	enum err err = setup_look(call, &view);

	if (err)
		return err;
	bool replace = view.state == SETUP_NONE ? query_value(call, "replace") != NULL : view.replaces;
	if (view.state == SETUP_NONE && replace != call->caller->two_step)
		return page_to(call, "/account/two-step");
	return show(call, &view, replace, OK);
}

/*
 * None is under way any more. Whether an entry that was scanned for it counts, must be known before somebody is told to delete it: another
 * tab may have completed it. shown  which set-up it was; NULL: not known
 */
static enum err say_over(struct call *call, const struct id *shown)
{
	bool counts = call->caller->two_step;
	enum err err = counts && shown ? setup_in_force(call, shown, &counts) : OK;

	return err ? err : page_to_with(call, SETUP_PATH, counts ? NOTICE_NOT_DUE : NOTICE_SETUP_OVER);
}

/* The step that is due, with what was wrong about the one that was tried. */
static enum err show_again(struct call *call, const struct id *shown, enum err err)
{
	SCOPED(setup_view_wipe) struct setup_view view = { 0 };
	enum err failed;

	if (page_cannot_tell(err))
		return err;
	if ((failed = setup_look(call, &view)))
		return failed;
	if (view.state == SETUP_NONE)
		return say_over(call, shown);
	if (err == ERR_WRONG_STATE)
		return page_to_with(call, SETUP_PATH, NOTICE_NOT_DUE);
	return show(call, &view, view.replaces, err);
}

static enum err go_look(struct call *call)
{
	return page_to(call, SETUP_PATH);
}

struct begin_form { bool replace; };
static const struct field begin_fields[] = { FIELD(begin_form, replace, FIELD_BOOL) };
static const struct form begin_form = FORM(begin_form, begin_fields);

static enum err begin(struct call *call)
{
	const struct begin_form *form = call->form;
	SCOPED(setup_view_wipe) struct setup_view view = { 0 };
	enum err err = setup_begin(call, form->replace, &view);

	if (err == ERR_ALREADY_ENABLED || err == ERR_NOT_ENABLED)
		return page_to(call, "/account/two-step");
	if (err != ERR_TOO_MANY)
		return err ? err : page_to(call, SETUP_PATH);
	/* No mail now: the earlier try stands, if there is one. */
	enum err failed = setup_look(call, &view);
	return failed ? failed : show(call, &view, form->replace, err);
}

struct code_form { const char *code, *shown; };
static const struct field code_fields[] = {
	FIELD_LONG(code_form, code, FIELD_CODE_OPTIONAL),
	FIELD(code_form, shown, FIELD_OPTIONAL),
};
static const struct form code_form = FORM(code_form, code_fields);

typedef enum err confirm(struct call *call, const char *code, struct setup_view *view);

static enum err take_code(struct call *call, confirm *rule)
{
	const struct code_form *form = call->form;
	SCOPED(setup_view_wipe) struct setup_view view = { 0 };
	struct id id;
	const struct id *shown = form->shown && !id_parse(form->shown, &id) ? &id : NULL;
	enum err err = page_needs(call, "code", form->code);

	if (!err)
		err = rule(call, form->code, &view);
	return err ? show_again(call, shown, err) : page_to(call, SETUP_PATH);
}

static enum err confirm_email(struct call *call)
{
	return take_code(call, setup_confirm_email);
}

static enum err confirm_code(struct call *call)
{
	return take_code(call, setup_confirm_code);
}

static enum err send_file(struct call *call)
{
	SCOPED(setup_view_wipe) struct setup_view view = { 0 };
	enum err err = setup_look(call, &view);

	if (err)
		return err;
	return view.state == SETUP_CODE_CONFIRMED ? send_codes_file(call, &view.codes) : ERR_NOT_FOUND;
}

static enum err complete(struct call *call)
{
	const struct codes_form *form = call->form;
	bool replaced = call->caller->two_step;
	const struct id *shown;
	struct id id;
	enum err err = codes_shown(form, &id, &shown);

	if (!err)
		err = setup_complete(call, shown, form->saved);
	if (err == ERR_ALREADY_ENABLED || err == ERR_NOT_ENABLED)
		return page_to(call, "/account/two-step");
	if (err)
		return show_again(call, shown, err);
	if (replaced)
		return page_to_with(call, "/account/two-step", NOTICE_NEW_PHONE);
	return page_to(call, SETUP_PATH "/done");
}

static enum err done(struct call *call)
{
	bool elsewhere = cookie_get(call, COOKIE_RETURN) != NULL;
	const struct page_done page = {
		.frame = page_frame(call, NULL, OK), .title = MSG_DONE_ON_TITLE, .text = MSG_DONE_ON_TEXT, .elsewhere = elsewhere,
		.next = elsewhere ? DEMAND_PATH "/met" : "/account/two-step",
	};

	if (!call->caller->two_step)
		return page_to(call, "/account/two-step");
	if (!page.frame)
		return ERR_MEMORY;
	page_done(&call->out->body, call->locale, &page);
	return page_sent(call, OK);
}

static enum err cancel(struct call *call)
{
	enum err err = setup_drop(call);

	return err ? err : page_to_with(call, "/account/two-step", NOTICE_CANCELLED);
}

const struct route setup_pages[] = {
	{ GET, SETUP_PATH, ACCESS_RESTRICTED, FRESH_NOT, NULL, look },
	{ POST, SETUP_PATH, ACCESS_RESTRICTED, FRESH_PROOFS, &begin_form, begin },
	{ GET, SETUP_PATH "/email", ACCESS_RESTRICTED, FRESH_NOT, NULL, go_look },
	{ POST, SETUP_PATH "/email", ACCESS_RESTRICTED, FRESH_NOT, &code_form, confirm_email },
	{ GET, SETUP_PATH "/code", ACCESS_RESTRICTED, FRESH_NOT, NULL, go_look },
	{ POST, SETUP_PATH "/code", ACCESS_RESTRICTED, FRESH_NOT, &code_form, confirm_code },
	{ GET, SETUP_PATH "/recovery-codes", ACCESS_RESTRICTED, FRESH_NOT, NULL, send_file },
	{ GET, SETUP_PATH "/complete", ACCESS_RESTRICTED, FRESH_NOT, NULL, go_look },
	{ POST, SETUP_PATH "/complete", ACCESS_RESTRICTED, FRESH_NOT, &codes_form, complete },
	{ GET, SETUP_PATH "/done", ACCESS_RESTRICTED, FRESH_NOT, NULL, done },
	{ POST, SETUP_PATH "/cancel", ACCESS_RESTRICTED, FRESH_NOT, NULL, cancel },
	ROUTES_END
};
