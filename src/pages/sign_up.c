/*
 * Signing up, and proving the mailbox.
 */
#include <stdio.h>

#include "accounts/account.h"
#include "pages/organization.h"
#include "pages/routes.h"
#include "base/banned.h"

#define ELSEWHERE_PLACE "/signup/verify/elsewhere"

struct sign_up_form { const char *email, *name, *password, *invitation; };
static const struct field sign_up_fields[] = {
	FIELD_LONG(sign_up_form, email, FIELD_OPTIONAL),
	FIELD_LONG(sign_up_form, name, FIELD_OPTIONAL),
	FIELD_LONG(sign_up_form, password, FIELD_OPTIONAL),
	FIELD_LONG(sign_up_form, invitation, FIELD_CODE_OPTIONAL),
};
static const struct form sign_up_form = FORM(sign_up_form, sign_up_fields);

/* Nobody else may sign up. */
static bool by_invitation(const struct call *call)
{
	return call->settings->signup == SIGNUP_INVITATION;
}

static enum err show_sign_up(struct call *call, const struct sign_up_form *typed, enum err err)
{
	const struct page_sign_up page = {
		.frame = page_frame(call, NULL, err),
		.email = typed->email,
		.name = typed->name,
		.email_error = page_field(call, err, "email"),
		.name_error = page_field(call, err, "name"),
		.password_error = page_field(call, err, "password"),
		.password_min = call->settings->password_min,
		.invitation = typed->invitation,
		.invited = typed->invitation || by_invitation(call),
		.invitation_error = page_field(call, err, "invitation"),
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_sign_up(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static bool is_code(const char *code)
{
	return code && *code && strlen(code) < 32 && !code[strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-")];
}

static enum err look(struct call *call)
{
	const char *invitation = query_value(call, "invitation");
	const struct sign_up_form typed = { .invitation = is_code(invitation) ? invitation : NULL };

	return show_sign_up(call, &typed, OK);
}

/* By an invitation, or by a code that is mailed: `try` is empty where no mail is due any more. */
static enum err try_sign_up(struct call *call, const struct sign_up_form *form, struct sign_in *result, struct token *try)
{
	const struct sign_up wanted = { .email = form->email, .name = form->name, .password = form->password };
	bool mailed = false;
	enum err err;

	if ((err = page_needs(call, "email", form->email)) || (err = page_needs(call, "name", form->name)) ||
	    (err = page_needs(call, "password", form->password)) ||
	    (by_invitation(call) && (err = page_needs(call, "invitation", form->invitation))))
		return err;
	if (!form->invitation || !*form->invitation)
		return sign_up_begin(call, &wanted, try);
	return sign_up_invited(call, &wanted, form->invitation, TRANSPORT_COOKIE, result, &mailed, try);
}

/* The way back was to the invitation, which is used now. */
static enum err joined(struct call *call, const struct sign_in *result)
{
	const struct joined *joined = &result->joined;

	if (result->status != SIGN_IN_DONE) {
		cookie_set(call, COOKIE_RETURN, "/", RETURN_S);
		return signed_in(call, result, NOTICE_JOINED);
	}
	cookie_clear(call, COOKIE_RETURN);
	cookie_clear(call, COOKIE_SIGNUP);
	return page_to_with(call, organization_home(call, &joined->organization, joined->role), NOTICE_JOINED);
}

/*
 * The cookie is the token and, behind a point, the address that was typed here. The database is not asked for it: what is still there
 * would tell whether the address has an account by now.
 */
static void keep_try(struct call *call, const struct token *try, const char *typed)
{
	char value[TOKEN_TEXT + EMAIL_TEXT], email[EMAIL_TEXT];

	snprintf(value, sizeof(value), "%s.%s", try->text, email_read(typed, email) ? "" : email);
	cookie_set(call, COOKIE_SIGNUP, value, SIGN_UP_S);
	wipe(value, sizeof(value));
}

/* NULL: no sign-up waits in this browser. */
static const char *waiting_try(struct call *call)
{
	const char *value = cookie_get(call, COOKIE_SIGNUP);

	return value ? arena_copy(call->arena, value, strcspn(value, ".")) : NULL;
}

/* In the arena; NULL: not known. */
static const char *waiting_email(struct call *call)
{
	const char *value = cookie_get(call, COOKIE_SIGNUP), *point = value ? strchr(value, '.') : NULL;
	char email[EMAIL_TEXT];

	return point && !email_read(point + 1, email) ? arena_text(call->arena, email) : NULL;
}

static enum err sign_up(struct call *call)
{
	const struct sign_up_form *form = call->form;
	SCOPED(sign_in_wipe) struct sign_in result = { 0 };
	SCOPED(token_wipe) struct token try = { "" };
	enum err err = try_sign_up(call, form, &result, &try);

	if (page_cannot_tell(err))
		return err;
	if (err)
		return show_sign_up(call, &(struct sign_up_form){ form->email, form->name, NULL, form_value(call, "invitation") }, err);
	if (!*try.text)
		return joined(call, &result);
	keep_try(call, &try, form->email);
	return page_to(call, "/signup/verify");
}

/* No sign-up waits in this browser: one is begun, or another tab has finished it. */
static enum err nothing_waits(struct call *call)
{
	return page_to(call, call->caller ? "/" : "/signup");
}

/* A try's id goes into an address of ours: only one that is of the right form. */
static const char *asked_try(struct call *call)
{
	const char *try = query_value(call, "try");
	struct id id;

	return try && !id_parse(try, &id) ? try : NULL;
}

static const char *asked_code(struct call *call)
{
	const char *code = query_value(call, "code");

	return is_code(code) ? code : NULL;
}

/* The page for other browsers, with what the mailed link brought; in the arena. NULL: no link was followed. */
static const char *elsewhere_place(struct call *call)
{
	const char *try = asked_try(call), *code = asked_code(call);

	return try ? arena_printf(call->arena, ELSEWHERE_PLACE "?try=%s&code=%s", try, code ? code : "") : NULL;
}

/* The page for the browser that began; a mailed link fills the code in and leads the others to the password. */
static enum err show_verify(struct call *call, const char *code, enum err err)
{
	const struct page_sign_up_verify page = {
		.frame = page_frame(call, NULL, err),
		.email = waiting_email(call),
		.code = code,
		.code_error = page_field(call, err, "code"),
		.elsewhere = elsewhere_place(call),
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_sign_up_verify(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err show_elsewhere(struct call *call, const char *try, const char *code, enum err err)
{
	const char *place = elsewhere_place(call);
	const struct page_sign_up_elsewhere page = {
		.frame = page_frame(call, NULL, err),
		.action = place ? place : ELSEWHERE_PLACE,
		.try = try,
		.code = code,
		.code_error = page_field(call, err, "code"),
		.password_error = page_field(call, err, "password"),
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_sign_up_elsewhere(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look_verify(struct call *call)
{
	const char *try = asked_try(call);

	if (cookie_get(call, COOKIE_SIGNUP))
		return show_verify(call, asked_code(call), OK);
	return try ? show_elsewhere(call, try, asked_code(call), OK) : nothing_waits(call);
}

static enum err look_elsewhere(struct call *call)
{
	const char *try = asked_try(call);

	return try ? show_elsewhere(call, try, asked_code(call), OK) : nothing_waits(call);
}

struct code_form { const char *code; };
static const struct field code_fields[] = { FIELD_LONG(code_form, code, FIELD_CODE_OPTIONAL) };
static const struct form code_form = FORM(code_form, code_fields);

static enum err verify(struct call *call)
{
	const struct code_form *form = call->form;
	const char *try = waiting_try(call);
	SCOPED(sign_in_wipe) struct sign_in result = { 0 };
	enum err err;

	if (!try)
		return nothing_waits(call);
	if (!(err = page_needs(call, "code", form->code)))
		err = sign_up_verify(call, try, form->code, TRANSPORT_COOKIE, &result);
	if (page_cannot_tell(err))
		return err;
	return err ? show_verify(call, form_value(call, "code"), err) : signed_in(call, &result, NOTICE_WELCOME);
}

struct elsewhere_form { const char *try, *code, *password; };
static const struct field elsewhere_fields[] = {
	FIELD_LONG(elsewhere_form, try, FIELD_TEXT),
	FIELD_LONG(elsewhere_form, code, FIELD_CODE_OPTIONAL),
	FIELD_LONG(elsewhere_form, password, FIELD_OPTIONAL),
};
static const struct form elsewhere_form = FORM(elsewhere_form, elsewhere_fields);

static enum err try_elsewhere(struct call *call, const struct elsewhere_form *form, struct sign_in *result)
{
	enum err err;

	if ((err = page_needs(call, "code", form->code)) || (err = page_needs(call, "password", form->password)))
		return err;
	err = sign_up_verify_elsewhere(call, form->try, form->code, form->password, TRANSPORT_COOKIE, result);
	if (err != ERR_CREDENTIALS)
		return err;
	call->wrong = "password";
	return ERR_PASSWORD_WRONG;
}

static enum err verify_elsewhere(struct call *call)
{
	const struct elsewhere_form *form = call->form;
	SCOPED(sign_in_wipe) struct sign_in result = { 0 };
	enum err err = try_elsewhere(call, form, &result);

	if (page_cannot_tell(err))
		return err;
	return err ? show_elsewhere(call, form->try, form_value(call, "code"), err) : signed_in(call, &result, NOTICE_WELCOME);
}

static enum err resend(struct call *call)
{
	const char *try = waiting_try(call);
	enum err err;

	if (!try)
		return nothing_waits(call);
	err = sign_up_resend(call, try);
	return err ? err : page_to_with(call, "/signup/verify", NOTICE_RESENT);
}

const struct route sign_up_pages[] = {
	{ GET, "/signup", ACCESS_ANYBODY, FRESH_NOT, NULL, look },
	{ POST | HASHES, "/signup", ACCESS_ANYBODY, FRESH_NOT, &sign_up_form, sign_up },
	{ GET, "/signup/verify", ACCESS_ANYBODY, FRESH_NOT, NULL, look_verify },
	{ POST, "/signup/verify", ACCESS_ANYBODY, FRESH_NOT, &code_form, verify },
	{ GET, "/signup/verify/elsewhere", ACCESS_ANYBODY, FRESH_NOT, NULL, look_elsewhere },
	{ POST, "/signup/verify/elsewhere", ACCESS_ANYBODY, FRESH_NOT, &elsewhere_form, verify_elsewhere },
	{ POST, "/signup/resend", ACCESS_ANYBODY, FRESH_NOT, NULL, resend },
	ROUTES_END
};
