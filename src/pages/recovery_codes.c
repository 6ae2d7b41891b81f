/*
 * Recovery codes: the page that shows new ones until they are saved, their file, and reissuing them.
 */
#include "recovery/recovery.h"

#include "accounts/caller.h"
#include "pages/confirm.h"
#include "pages/routes.h"
#include "second_step/reissue.h"
#include "base/banned.h"

#define CODES_PATH "/account/two-step/recovery-codes"

enum err show_codes(struct call *call, const struct codes_page *which, const struct recovery_set *codes, enum err err)
{
	struct part_code list[RECOVERY_CODES];
	char shown[ID_TEXT];

	for (size_t i = 0; i < RECOVERY_CODES; i++)
		list[i].text = codes->code[i];
	const struct page_codes page = {
		.frame = page_frame(call, which->here, err),
		.reissue = which->reissue,
		.replace = which->replace,
		.codes = list, .codes_count = RECOVERY_CODES,
		.not_saved = err == ERR_NOT_SAVED,
		.shown = id_text(which->shown, shown),
		.complete = which->complete,
		.download = which->download,
		.cancel = which->cancel,
		.until = page_time(call, which->expires_at),
		.until_short = page_clock(call, which->expires_at),
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_codes(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static const struct field codes_fields[] = {
	FIELD(codes_form, shown, FIELD_OPTIONAL),
	FIELD(codes_form, saved, FIELD_BOOL),
};
const struct form codes_form = FORM(codes_form, codes_fields);

enum err codes_shown(const struct codes_form *form, struct id *id, const struct id **shown)
{
	*shown = form->shown ? id : NULL;
	return form->shown && id_parse(form->shown, id) ? ERR_WRONG_STATE : OK;
}

/* NAME-recovery-codes.txt; a name beyond plain ASCII is percent-encoded (RFC 8187), with underscores for old browsers. */
static void write_file_name(struct buf *out, const char *product)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._-";

	buf_text(out, "attachment; filename=\"");
	for (const char *p = product; *p; p++)
		buf_char(out, strchr(plain, *p) ? *p : '_');
	buf_text(out, "-recovery-codes.txt\"");
	if (!product[strspn(product, plain)])
		return;
	buf_text(out, "; filename*=UTF-8''");
	url_component(out, product);
	buf_text(out, "-recovery-codes.txt");
}

enum err send_codes_file(struct call *call, const struct recovery_set *codes)
{
	SCOPED(buf_done) struct buf name = { 0 };
	struct buf *body = &call->out->body;
	const struct lang_arg args[] = { { "product", call->settings->name }, { "email", call->caller->account.email } };

	write_file_name(&name, call->settings->name);
	if (buf_check(&name))
		return ERR_MEMORY;
	call->out->content_type = "text/plain; charset=utf-8";
	answer_header(call->out, "Content-Disposition", buf_string(&name));
	lang_fill(body, call->locale, MSG_CODES_FILE, args, COUNT(args));
	buf_text(body, "\r\n\r\n");
	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		buf_text(body, codes->code[i]);
		buf_text(body, "\r\n");
	}
	return buf_check(body);
}

enum err show_reissue(struct call *call, enum err err)
{
	static const char *const needed[] = { "password", "confirm_code", NULL };
	enum err told = confirm_told(call, err);

	page_blame_first(call, err, needed);
	const struct part_confirm *fields = confirm_fields(call, FRESH_SECOND_STEP, err, CODES_PATH "?method=recovery_code");

	if (!fields)
		return ERR_MEMORY;
	struct part_confirm confirm = *fields;
	confirm.other = confirm.recovery ? CODES_PATH : confirm.other;
	const struct page_reissue page = {
		.frame = page_frame(call, confirm.recovery ? CODES_PATH "?method=recovery_code" : CODES_PATH, told),
		.confirm = &confirm,
		.email = call->caller->account.email,
		.password_error = page_field_needed(call, told, "password"),
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_reissue(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

/* New codes that wait to be saved. ERR_WRONG_STATE: none do. */
static enum err show_pending(struct call *call, enum err err)
{
	SCOPED(recovery_set_wipe) struct recovery_set codes = { 0 };
	struct id set;
	struct codes_page which = {
		.reissue = true, .complete = CODES_PATH "/complete", .download = CODES_PATH "/file", .cancel = CODES_PATH "/cancel",
		.here = CODES_PATH, .shown = &set,
	};
	enum err failed = reissue_look(call, &set, &codes, &which.expires_at);

	return failed ? failed : show_codes(call, &which, &codes, err);
}

/* They are shown again: reload and back lose nothing. */
static enum err look(struct call *call)
{
	enum err err;

	if (!call->caller->two_step)
		return ERR_NOT_ENABLED;
	err = show_pending(call, OK);
	return err == ERR_WRONG_STATE ? show_reissue(call, OK) : err;
}

struct begin_form { const char *password; };
static const struct field begin_fields[] = { FIELD_LONG(begin_form, password, FIELD_OPTIONAL) };
static const struct form begin_form = FORM(begin_form, begin_fields);

static enum err begin(struct call *call)
{
	const struct begin_form *form = call->form;
	SCOPED(recovery_set_wipe) struct recovery_set codes = { 0 };
	int64_t expires_at = 0;
	enum err err = page_needs(call, "password", form->password);

	if (!err)
		err = reissue_begin(call, form->password, &codes, &expires_at);
	if (err == ERR_NOT_ENABLED)
		return page_to(call, "/account/two-step");
	if (page_cannot_tell(err))
		return err;
	if (err == ERR_PASSWORD_WRONG)
		call->wrong = "password";
	return err ? show_reissue(call, err) : page_to(call, CODES_PATH);
}

static enum err send_file(struct call *call)
{
	SCOPED(recovery_set_wipe) struct recovery_set codes = { 0 };
	int64_t expires_at = 0;
	enum err err = reissue_look(call, NULL, &codes, &expires_at);

	if (err)
		return err == ERR_WRONG_STATE ? ERR_NOT_FOUND : err;
	return send_codes_file(call, &codes);
}

/* Another tab was quicker: newer codes wait to be saved; or the page that was sent had the codes that hold now, or such as never will. */
static enum err say_which_hold(struct call *call, const struct id *shown)
{
	SCOPED(recovery_set_wipe) struct recovery_set codes = { 0 };
	int64_t expires_at = 0;
	bool in_force = false;
	enum err err = reissue_look(call, NULL, &codes, &expires_at);

	if (!err)
		return page_to_with(call, CODES_PATH, NOTICE_NOT_DUE);
	if (err != ERR_WRONG_STATE)
		return err;
	if (shown && (err = reissue_in_force(call, shown, &in_force)))
		return err;
	return page_to_with(call, "/account/two-step", in_force ? NOTICE_REISSUED_BEFORE : NOTICE_REISSUE_OVER);
}

static enum err complete(struct call *call)
{
	const struct codes_form *form = call->form;
	const struct id *shown;
	struct id id;
	enum err err = codes_shown(form, &id, &shown);

	if (!err)
		err = reissue_complete(call, shown, form->saved);
	if (!err)
		return page_to_with(call, "/account/two-step", NOTICE_REISSUED);
	if (err == ERR_WRONG_STATE)
		return say_which_hold(call, shown);
	return err == ERR_NOT_SAVED ? show_pending(call, err) : err;
}

static enum err cancel(struct call *call)
{
	enum err err = reissue_drop(call);

	return err ? err : page_to_with(call, "/account/two-step", NOTICE_CANCELLED);
}

static enum err go_look(struct call *call)
{
	return page_to(call, CODES_PATH);
}

const struct route recovery_codes_pages[] = {
	{ GET, CODES_PATH, ACCESS_SIGNED_IN, FRESH_NOT, NULL, look },
	{ POST, CODES_PATH, ACCESS_SIGNED_IN, FRESH_SECOND_STEP, &begin_form, begin },
	{ GET, CODES_PATH "/file", ACCESS_SIGNED_IN, FRESH_NOT, NULL, send_file },
	{ GET, CODES_PATH "/complete", ACCESS_SIGNED_IN, FRESH_NOT, NULL, go_look },
	{ POST, CODES_PATH "/complete", ACCESS_SIGNED_IN, FRESH_NOT, &codes_form, complete },
	{ POST, CODES_PATH "/cancel", ACCESS_SIGNED_IN, FRESH_NOT, NULL, cancel },
	ROUTES_END
};
