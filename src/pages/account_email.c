/*
 * Account management, from the profile: another address, with the way back that is mailed; closing the account.
 */
#include "accounts/caller.h"
#include "accounts/email_change.h"
#include "organizations/closing.h"
#include "pages/confirm.h"
#include "pages/organization.h"
#include "pages/routes.h"
#include "base/banned.h"

static enum err show(struct call *call, const char *typed, enum err err)
{
	char pending[EMAIL_TEXT] = "";
	enum err looked = email_change_look(call, pending);

	if (looked)
		return looked;
	const struct page_account_email page = {
		.frame = page_frame(call, "/account/email", err),
		.email = call->caller->account.email,
		.pending = pending,
		.typed = typed,
		.email_error = page_field(call, err, "email"),
		.code_error = page_field(call, err, "code"),
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_account_email(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look(struct call *call)
{
	return show(call, NULL, OK);
}

static enum err go_look(struct call *call)
{
	return page_to(call, "/account/email");
}

struct email_form { const char *email; };
static const struct field email_fields[] = { FIELD_LONG(email_form, email, FIELD_OPTIONAL) };
static const struct form email_form = FORM(email_form, email_fields);

static enum err begin(struct call *call)
{
	const struct email_form *form = call->form;
	char pending[EMAIL_TEXT], email[EMAIL_TEXT];
	enum err err = page_needs(call, "email", form->email);

	if (!err && !(err = email_change_look(call, pending)))
		err = email_change_begin(call, form->email, email);
	if (page_cannot_tell(err))
		return err;
	if (err)
		return show(call, form->email, err);
	if (!strcmp(pending, email))
		notice_set(call, NOTICE_EMAIL_AGAIN, 0);
	return page_to(call, "/account/email");
}

struct code_form { const char *code; };
static const struct field code_fields[] = { FIELD_LONG(code_form, code, FIELD_CODE_OPTIONAL) };
static const struct form code_form = FORM(code_form, code_fields);

static enum err verify(struct call *call)
{
	const struct code_form *form = call->form;
	struct account now;
	enum err err = page_needs(call, "code", form->code);

	if (!err)
		err = email_change_verify(call, form->code, &now);
	if (page_cannot_tell(err))
		return err;
	if (err == ERR_WRONG_STATE)
		return page_to_with(call, "/account/email", NOTICE_NOT_DUE);
	return err ? show(call, NULL, err) : page_to_with(call, "/account", NOTICE_EMAIL_CHANGED);
}

static enum err cancel(struct call *call)
{
	enum err err = email_change_drop(call);

	return err ? err : page_to_with(call, "/account", NOTICE_CANCELLED);
}

/* A link that was used, or is over, says so and leads on. */
static enum err show_undo(struct call *call, const char *token, enum err err)
{
	bool gone = err == ERR_NOT_FOUND;
	const struct page_account_email_undo page = {
		.frame = page_frame(call, NULL, gone ? OK : err),
		.token = gone ? NULL : token,
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_account_email_undo(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look_undo(struct call *call)
{
	const char *token = query_value(call, "token");
	enum err err = token ? email_change_undo_look(call, token) : ERR_NOT_FOUND;

	return page_cannot_tell(err) ? err : show_undo(call, token, err);
}

struct undo_form { const char *token; };
static const struct field undo_fields[] = { FIELD(undo_form, token, FIELD_OPTIONAL) };
static const struct form undo_form = FORM(undo_form, undo_fields);

/* Whoever came by the mail chooses a new password next: the old one is worth nothing. */
static enum err undo(struct call *call)
{
	const struct undo_form *form = call->form;
	SCOPED(buf_done) struct buf place = { 0 };
	char email[EMAIL_TEXT];
	enum err err = email_change_undo(call, form->token ? form->token : "", email);

	if (err == ERR_EMAIL_TAKEN || err == ERR_NOT_FOUND)
		return show_undo(call, form->token, err);
	if (err)
		return err;
	buf_text(&place, "/password-reset?email=");
	url_component(&place, email);
	return buf_check(&place) ? ERR_MEMORY : page_to_with(call, buf_string(&place), NOTICE_EMAIL_UNDONE);
}

/* What the caller owns: while there is any of it the account stays. */
static enum err look_owned(struct call *call, const struct part_owned **out, size_t *count)
{
	struct organization *found;
	struct part_owned *owned;
	size_t all;
	enum err err = organizations_look(call, &found, &all);

	if (err)
		return err;
	if (!(owned = arena_alloc(call->arena, (all + 1) * sizeof(*owned))))
		return ERR_MEMORY;
	for (size_t i = 0; i < all; i++)
		if (found[i].role == ROLE_OWNER)
			owned[(*count)++] = (struct part_owned){ page_id(call, &found[i].id), found[i].name };
	*out = owned;
	return OK;
}

/* What stands in the way is told before a password is typed; to a session that owes its code not yet. */
enum err show_close(struct call *call, enum err err)
{
	static const char *const needed[] = { "password", "confirm_code", NULL };
	enum err told = confirm_told(call, err);

	page_blame_first(call, err, needed);
	const struct part_confirm *fields = confirm_fields(call, FRESH_SECOND_STEP, err, CLOSE_PATH "?method=recovery_code");

	if (!fields)
		return ERR_MEMORY;
	struct part_confirm confirm = *fields;
	confirm.other = confirm.recovery ? CLOSE_PATH : confirm.other;
	struct page_account_close page = {
		.frame = page_frame(call, confirm.recovery ? CLOSE_PATH "?method=recovery_code" : CLOSE_PATH, told),
		.confirm = &confirm,
		.email = call->caller->account.email,
		.password_error = page_field_needed(call, told, "password"),
	};
	enum err failed = call->caller->restricted ? OK : look_owned(call, &page.owned, &page.owned_count);

	if (failed)
		return failed;
	if (!page.frame)
		return ERR_MEMORY;
	page_account_close(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look_close(struct call *call)
{
	return show_close(call, OK);
}

struct close_form { const char *password; };
static const struct field close_fields[] = { FIELD_LONG(close_form, password, FIELD_OPTIONAL) };
static const struct form close_form = FORM(close_form, close_fields);

static enum err close_it(struct call *call)
{
	const struct close_form *form = call->form;
	enum err err = page_needs(call, "password", form->password);

	if (!err)
		err = closing_confirm(call, form->password);
	if (page_cannot_tell(err))
		return err;
	return err ? show_close(call, err) : page_to_with(call, "/login", NOTICE_CLOSED);
}

const struct route account_email_pages[] = {
	{ GET, "/account/email", ACCESS_SIGNED_IN, FRESH_NOT, NULL, look },
	{ POST, "/account/email", ACCESS_SIGNED_IN, FRESH_PROOFS, &email_form, begin },
	{ GET, "/account/email/verify", ACCESS_SIGNED_IN, FRESH_NOT, NULL, go_look },
	{ POST, "/account/email/verify", ACCESS_SIGNED_IN, FRESH_NOT, &code_form, verify },
	{ POST, "/account/email/cancel", ACCESS_SIGNED_IN, FRESH_NOT, NULL, cancel },
	{ GET, "/account/email/undo", ACCESS_ANYBODY, FRESH_NOT, NULL, look_undo },
	{ POST, "/account/email/undo", ACCESS_ANYBODY, FRESH_NOT, &undo_form, undo },
	{ GET, CLOSE_PATH, ACCESS_SIGNED_IN, FRESH_NOT, NULL, look_close },
	{ POST, CLOSE_PATH, ACCESS_SIGNED_IN, FRESH_SECOND_STEP, &close_form, close_it },
	ROUTES_END
};
