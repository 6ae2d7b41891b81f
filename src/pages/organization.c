/*
 * One organisation: its name, leaving it, deleting it.
 */
#include "pages/organization.h"

#include "accounts/caller.h"
#include "organizations/members.h"
#include "pages/routes.h"
#include "base/banned.h"

struct name_form { const char *name; };
static const struct field name_fields[] = { FIELD_LONG(name_form, name, FIELD_OPTIONAL) };
static const struct form name_form = FORM(name_form, name_fields);

struct typed_form { const char *typed; };
static const struct field typed_fields[] = { FIELD_LONG(typed_form, typed, FIELD_OPTIONAL) };
static const struct form typed_form = FORM(typed_form, typed_fields);

static enum err show(struct call *call, const char *name, const char *typed, enum err err)
{
	enum role role = call->membership->role;
	const struct page_organization_settings page = {
		.frame = page_frame(call, organization_place(call, "/settings"), err),
		.role = role_word(role),
		.renames = role_may(role, RIGHT_RENAME),
		.leaves = role_may(role, RIGHT_LEAVE),
		.deletes = role_may(role, RIGHT_DELETE),
		.name = name,
		.name_error = page_field(call, err, "name"),
		.typed = typed,
		.typed_error = page_field(call, err, "typed"),
	};

	if (!page.frame || !page.frame->organization)
		return ERR_MEMORY;
	page_organization_settings(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look(struct call *call)
{
	return show(call, call->membership->name, NULL, OK);
}

static enum err rename_it(struct call *call)
{
	const struct name_form *form = call->form;
	struct organization renamed;
	enum err err = page_needs(call, "name", form->name);

	if (!err)
		err = organization_rename(call, form->name, &renamed);
	if (page_refuses(err))
		return err;
	return err ? show(call, form->name, NULL, err) : page_to_with(call, organization_place(call, "/settings"), NOTICE_SAVED);
}

static enum err delete_it(struct call *call)
{
	const struct typed_form *form = call->form;
	enum err err = page_needs(call, "typed", form->typed);

	if (!err && (err = organization_delete(call, form->typed)) == ERR_NAME)
		call->wrong = "typed";
	if (page_refuses(err))
		return err;
	return err ? show(call, call->membership->name, form->typed, err) : page_to_with(call, "/organizations", NOTICE_DELETED);
}

static enum err look_leave(struct call *call)
{
	SCOPED(buf_done) struct buf title = { 0 };
	const struct lang_arg args[] = { { "organization", call->membership->name } };

	lang_fill(&title, call->locale, MSG_LEAVE_TITLE, args, COUNT(args));
	const struct page_sure page = {
		.frame = page_frame(call, NULL, OK),
		.title = arena_buf(call->arena, &title),
		.text = lang_text(call->locale, MSG_SETTINGS_LEAVE_LEAD),
		.button = lang_text(call->locale, MSG_LEAVE_BUTTON),
		.action = organization_place(call, "/leave"),
		.back = organization_place(call, "/settings"),
	};
	if (!page.frame || !page.title || !page.action || !page.back)
		return ERR_MEMORY;
	page_sure(&call->out->body, call->locale, &page);
	return page_sent(call, OK);
}

static enum err leave(struct call *call)
{
	const char *account = page_id(call, &call->caller->account.id);
	enum err err = account ? member_remove(call, account) : ERR_MEMORY;

	return err ? err : page_to_with(call, "/organizations", NOTICE_LEFT);
}

const struct route organization_pages[] = {
	{ GET, "/organizations/{o}/settings", ACCESS_RIGHT(RIGHT_SEE), FRESH_NOT, NULL, look },
	{ GET, "/organizations/{o}/rename", ACCESS_RIGHT(RIGHT_RENAME), FRESH_NOT, NULL, look },
	{ POST, "/organizations/{o}/rename", ACCESS_RIGHT(RIGHT_RENAME), FRESH_NOT, &name_form, rename_it },
	{ GET, "/organizations/{o}/delete", ACCESS_RIGHT(RIGHT_DELETE), FRESH_NOT, NULL, look },
	{ POST, "/organizations/{o}/delete", ACCESS_RIGHT(RIGHT_DELETE), FRESH_PROOFS, &typed_form, delete_it },
	{ GET, "/organizations/{o}/leave", ACCESS_RIGHT(RIGHT_LEAVE), FRESH_NOT, NULL, look_leave },
	{ POST, "/organizations/{o}/leave", ACCESS_RIGHT(RIGHT_LEAVE), FRESH_NOT, NULL, leave },
	ROUTES_END
};
