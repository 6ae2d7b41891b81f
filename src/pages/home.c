/*
 * The start page, the language switch, signing out.
 */
#include "accounts/caller.h"
#include "accounts/profile.h"
#include "pages/organization.h"
#include "pages/routes.h"
#include "base/banned.h"

#define LOCALE_COOKIE_S (365LL * 24 * 60 * 60)

/* Whom a demand holds up is told so there. */
static enum err start(struct call *call)
{
	const char *place;
	enum err err;

	if (!call->caller)
		return page_to(call, "/login");
	if (call->caller->restricted)
		return page_to(call, DEMAND_PATH);
	err = landing_place(call, &place);
	return err ? err : page_to(call, place);
}

/* https://w3c.github.io/webappsec-change-password-url/ */
static enum err change_password(struct call *call)
{
	return page_to(call, "/account/password");
}

struct locale_form { const char *locale, *to; };
static const struct field locale_fields[] = {
	FIELD(locale_form, locale, FIELD_TEXT),
	FIELD(locale_form, to, FIELD_OPTIONAL),
};
static const struct form locale_form = FORM(locale_form, locale_fields);

/* The switch in the page: for this browser, and for the person who is signed in. */
static enum err switch_language(struct call *call)
{
	const struct locale_form *form = call->form;
	struct account now;
	enum locale chosen;
	enum err err;

	if (!locale_from_tag(form->locale, strlen(form->locale), &chosen)) {
		call->wrong = "locale";
		return ERR_INVALID;
	}
	if (call->caller && !call->caller->restricted && (err = profile_change(call, NULL, locale_tag(chosen), &now)))
		return err;
	cookie_set(call, COOKIE_LOCALE, locale_tag(chosen), LOCALE_COOKIE_S);
	return page_to(call, page_is_local(form->to) ? form->to : "/");
}

static enum err leave(struct call *call)
{
	enum err err = sign_out(call);

	if (err)
		return err;
	cookie_clear(call, COOKIE_LOGIN);
	cookie_clear(call, COOKIE_RETURN);
	return page_to_with(call, "/login", NOTICE_SIGNED_OUT);
}

const struct route home_pages[] = {
	{ GET, "/", ACCESS_ANYBODY, FRESH_NOT, NULL, start },
	{ GET, "/.well-known/change-password", ACCESS_ANYBODY, FRESH_NOT, NULL, change_password },
	{ POST, "/locale", ACCESS_ANYBODY, FRESH_NOT, &locale_form, switch_language },
	{ POST, "/logout", ACCESS_ANYBODY, FRESH_NOT, NULL, leave },
	ROUTES_END
};
