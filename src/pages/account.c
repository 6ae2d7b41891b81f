/*
 * Account management: the tabs Profile and Password.
 */
#include "accounts/caller.h"
#include "accounts/profile.h"
#include "pages/routes.h"
#include "base/banned.h"

#define LOCALE_COOKIE_S (365LL * 24 * 60 * 60)

struct profile_form { const char *name, *locale; };
static const struct field profile_fields[] = {
	FIELD_LONG(profile_form, name, FIELD_OPTIONAL),
	FIELD(profile_form, locale, FIELD_OPTIONAL),
};
static const struct form profile_form = FORM(profile_form, profile_fields);

static enum err show_profile(struct call *call, const char *name, enum err err)
{
	const struct page_account page = {
		.frame = page_frame(call, "/account", err),
		.email = call->caller->account.email,
		.name = name,
		.name_error = page_field(call, err, "name"),
		.korean = call->caller->account.locale == LOCALE_KO,
		.restricted = call->caller->restricted,
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_account(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look(struct call *call)
{
	return show_profile(call, call->caller->account.name, OK);
}

/* The language chosen here holds in this browser too, whatever its switch said before. */
static enum err save(struct call *call)
{
	const struct profile_form *form = call->form;
	struct account now;
	enum err err = page_needs(call, "name", form->name);

	if (!err)
		err = profile_change(call, form->name, form->locale, &now);
	if (page_cannot_tell(err) || (err == ERR_INVALID && !strcmp(call->wrong, "locale")))
		return err;
	if (err)
		return show_profile(call, form->name, err);
	cookie_set(call, COOKIE_LOCALE, locale_tag(now.locale), LOCALE_COOKIE_S);
	return page_to_with(call, "/account", NOTICE_SAVED);
}

struct password_form { const char *current_password, *new_password; };
static const struct field password_fields[] = {
	FIELD_LONG(password_form, current_password, FIELD_OPTIONAL),
	FIELD_LONG(password_form, new_password, FIELD_OPTIONAL),
};
static const struct form password_form = FORM(password_form, password_fields);

static enum err show_password(struct call *call, enum err err)
{
	const struct page_account_password page = {
		.frame = page_frame(call, "/account/password", err),
		.email = call->caller->account.email,
		.current_error = page_field(call, err, "current_password"),
		.new_error = page_field(call, err, "new_password"),
		.password_min = call->settings->password_min,
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_account_password(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look_password(struct call *call)
{
	return show_password(call, OK);
}

static enum err change(struct call *call)
{
	const struct password_form *form = call->form;
	enum err err;

	if (!(err = page_needs(call, "current_password", form->current_password)) &&
	    !(err = page_needs(call, "new_password", form->new_password)))
		err = password_change(call, form->current_password, form->new_password);
	if (page_cannot_tell(err))
		return err;
	return err ? show_password(call, err) : page_to_with(call, "/account/password", NOTICE_PASSWORD_CHANGED);
}

const struct route account_pages[] = {
	{ GET, "/account", ACCESS_RESTRICTED, FRESH_NOT, NULL, look },
	{ POST, "/account", ACCESS_SIGNED_IN, FRESH_NOT, &profile_form, save },
	{ GET, "/account/password", ACCESS_SIGNED_IN, FRESH_NOT, NULL, look_password },
	{ POST | HASHES, "/account/password", ACCESS_SIGNED_IN, FRESH_NOT, &password_form, change },
	ROUTES_END
};
