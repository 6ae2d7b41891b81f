/*
 * Organizations: the caller's own, making one, and joining one by an invitation.
 */
#include "accounts/caller.h"
#include "organizations/invitations.h"
#include "pages/organization.h"
#include "pages/routes.h"
#include "base/banned.h"

#define ACCEPT_PATH "/invitations/accept"
#define WRONG_CODE  "code.invitation" /* blamed on `code`, in words of its own (page.c) */

/* What was typed into the two forms. */
struct typed { const char *name, *code; };

static enum err fill_rows(struct call *call, struct page_organizations *page)
{
	struct part_organization_row *rows;
	struct organization *found;
	enum err err = organizations_look(call, &found, &page->rows_count);

	if (err)
		return err;
	if (!(rows = arena_alloc(call->arena, (page->rows_count + 1) * sizeof(*rows))))
		return ERR_MEMORY;
	organizations_by_name(found, page->rows_count);
	for (size_t i = 0; i < page->rows_count; i++)
		rows[i] = (struct part_organization_row){ organization_home(call, &found[i].id, found[i].role), found[i].name,
			role_word(found[i].role) };
	page->rows = rows;
	return OK;
}

static enum err fill_invitations(struct call *call, struct page_organizations *page)
{
	struct part_invited_to *rows;
	struct invitation_list list;
	enum err err = invitations_mine(call, NULL, INVITATIONS_ROWS_MAX, &list);

	if (err)
		return err;
	if (!(rows = arena_alloc(call->arena, (list.count + 1) * sizeof(*rows))))
		return ERR_MEMORY;
	for (size_t i = 0; i < list.count; i++) {
		const struct invitation *one = &list.invitations[i];

		rows[i] = (struct part_invited_to){ page_id(call, &one->id), one->organization_name, one->invited_by,
			lang_text(call->locale, role_word(one->role)), page_time(call, one->expires_at),
			page_day_and_time(call, one->expires_at) };
	}
	page->invitations = rows;
	page->invitations_count = list.count;
	return OK;
}

static enum err show(struct call *call, const struct typed *typed, enum err err)
{
	struct page_organizations page = {
		.frame = page_frame(call, "/organizations", err),
		.creates = call->settings->organizations == ORGANIZATIONS_SIGNED_IN,
		.name = typed->name,
		.name_error = page_field(call, err, "name"),
		.code = typed->code,
		.code_error = page_field(call, err, "code"),
		.contact = call->settings->contact,
	};
	enum err failed;

	if (!page.frame)
		return ERR_MEMORY;
	if ((failed = fill_rows(call, &page)) || (failed = fill_invitations(call, &page)))
		return failed;
	page_organizations(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look(struct call *call)
{
	return show(call, &(struct typed){ NULL, NULL }, OK);
}

static enum err go_look(struct call *call)
{
	return page_to(call, "/organizations");
}

struct name_form { const char *name; };
static const struct field name_fields[] = { FIELD_LONG(name_form, name, FIELD_OPTIONAL) };
static const struct form name_form = FORM(name_form, name_fields);

static enum err create(struct call *call)
{
	const struct name_form *form = call->form;
	struct organization made;
	enum err err = page_needs(call, "name", form->name);

	if (!err)
		err = organization_create(call, form->name, &made);
	if (page_refuses(err))
		return err;
	if (err)
		return show(call, &(struct typed){ .name = form->name }, err);
	return page_to_with(call, organization_home(call, &made.id, made.role), NOTICE_CREATED);
}

/* ---- invitations ---- */

static bool is_code(const char *code)
{
	return code && *code && strlen(code) < 32 && !code[strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-")];
}

/* Where the mailed code stands in the form; in the arena. */
static const char *accept_place(struct call *call)
{
	const char *code = query_value(call, "code");

	return is_code(code) ? arena_printf(call->arena, ACCEPT_PATH "?code=%s", code) : ACCEPT_PATH;
}

/* A mailed link, opened by nobody we know: they sign in or up first, and the code comes with them. */
static enum err show_choice(struct call *call, const char *code)
{
	const struct page_invitation_choice page = {
		.frame = page_frame(call, NULL, OK),
		.code = code,
	};
	const char *place = accept_place(call);

	if (!page.frame || !place)
		return ERR_MEMORY;
	cookie_set(call, COOKIE_RETURN, place, LOGIN_S);
	page_invitation_choice(&call->out->body, call->locale, &page);
	return page_sent(call, OK);
}

static enum err show_accept(struct call *call, const char *code, enum err err)
{
	const char *place = accept_place(call), *about_code = page_field(call, err, WRONG_CODE);
	const struct page_invitation_accept page = {
		.frame = page_frame(call, place, err),
		.action = place,
		.email = call->caller->account.email,
		.code = code,
		.code_error = about_code ? about_code : page_field(call, err, "code"),
	};

	if (!page.frame || !place)
		return ERR_MEMORY;
	page_invitation_accept(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

/* Whom a demand holds up sets up first, and comes back. */
static enum err look_accept(struct call *call)
{
	const char *code = query_value(call, "code");
	const struct caller *caller = call->caller;

	code = is_code(code) ? code : NULL;
	if (!caller)
		return show_choice(call, code);
	if (caller->restricted)
		return caller->two_step ? ERR_NEEDS_SECOND_STEP : ERR_SETUP_REQUIRED;
	return show_accept(call, code, OK);
}

struct code_form { const char *code; };
static const struct field code_fields[] = { FIELD_LONG(code_form, code, FIELD_CODE_OPTIONAL) };
static const struct form code_form = FORM(code_form, code_fields);

/* A code of nobody, of somebody else, a dead one: nobody learns which. */
static enum err accepted(struct call *call, const struct joined *joined, const char *code, enum err err)
{
	if (!err)
		return page_to_with(call, organization_home(call, &joined->organization, joined->role), NOTICE_JOINED);
	if (page_refuses(err) && err != ERR_NOT_FOUND)
		return err;
	call->wrong = err == ERR_NOT_FOUND ? WRONG_CODE : "code";
	err = err == ERR_NOT_FOUND ? ERR_CODE_INVALID : err;
	return show_accept(call, code, err);
}

static enum err accept_code(struct call *call)
{
	const struct code_form *form = call->form;
	struct joined joined;
	enum err err = page_needs(call, "code", form->code);

	if (!err)
		err = invitation_accept(call, form->code, &joined);
	return accepted(call, &joined, form_value(call, "code"), err);
}

/* Signed in as somebody else: out of it, and back to the code, which stays. */
static enum err use_another(struct call *call)
{
	const char *code = form_value(call, "code");
	const char *place = is_code(code) ? arena_printf(call->arena, ACCEPT_PATH "?code=%s", code) : ACCEPT_PATH;
	enum err err = sign_out(call);

	if (err)
		return err;
	cookie_clear(call, COOKIE_LOGIN);
	return place ? page_to(call, place) : ERR_MEMORY;
}

static enum err go_accept(struct call *call)
{
	return page_to(call, ACCEPT_PATH);
}

/* One of those that wait for the caller, as the page lists them. */
static enum err accept_one(struct call *call)
{
	struct joined joined;
	enum err err = invitation_accept_id(call, call->segment[0], &joined);

	return err == ERR_NOT_FOUND ? page_to_with(call, "/organizations", NOTICE_INVITATION_GONE) : accepted(call, &joined, NULL, err);
}

const struct route organizations_pages[] = {
	{ GET, "/organizations", ACCESS_SIGNED_IN, FRESH_NOT, NULL, look },
	{ POST, "/organizations", ACCESS_SIGNED_IN, FRESH_NOT, &name_form, create },
	{ GET, ACCEPT_PATH, ACCESS_ANYBODY, FRESH_NOT, NULL, look_accept },
	{ POST, ACCEPT_PATH, ACCESS_SIGNED_IN, FRESH_NOT, &code_form, accept_code },
	{ GET, ACCEPT_PATH "/other", ACCESS_ANYBODY, FRESH_NOT, NULL, go_accept },
	{ POST, ACCEPT_PATH "/other", ACCESS_ANYBODY, FRESH_NOT, &code_form, use_another },
	{ GET, "/invitations/{i}/accept", ACCESS_SIGNED_IN, FRESH_NOT, NULL, go_look },
	{ POST, "/invitations/{i}/accept", ACCESS_SIGNED_IN, FRESH_NOT, NULL, accept_one },
	ROUTES_END
};
