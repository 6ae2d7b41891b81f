/*
 * One member: roles, removing, handing ownership over, resetting the second step.
 */
#include "accounts/caller.h"
#include "organizations/reset.h"
#include "pages/confirm.h"
#include "pages/organization.h"
#include "pages/routes.h"
#include "pages/service_roles.h"
#include "base/banned.h"

/* A place of this member: "" the page itself. In the arena. */
static const char *member_place(struct call *call, const char *rest)
{
	const char *place = arena_printf(call->arena, "/members/%s%s", call->segment[1], rest);

	return place ? organization_place(call, place) : NULL;
}

static enum err show(struct call *call, enum err err)
{
	const struct membership *viewer = call->membership;
	struct member member;
	enum err failed = member_look(call, call->segment[1], &member);

	if (failed)
		return failed;
	bool self = id_same(&member.account, &viewer->account), posted = call->request->method == POST;
	const char *role = posted ? form_value(call, "role") : role_name(member.role);
	struct page_member page = {
		.frame = page_frame(call, member_place(call, ""), err),
		.account = page_id(call, &member.account),
		.name = member.name,
		.email = member.email,
		.role = role_word(member.role),
		.manager = role && !strcmp(role, "manager"),
		.changes = member.role != ROLE_OWNER && role_may_on(viewer->role, RIGHT_CHANGE_MEMBERS, member.role),
		.self = self,
		.owner = member.role == ROLE_OWNER,
		.hands_over = !self && role_may(viewer->role, RIGHT_HAND_OVER),
		.resets = !self && member.two_step && role_may_on(viewer->role, RIGHT_RESET_SECOND_STEP, member.role),
		.two_step = member.two_step,
		.joined = page_time(call, member.joined_at),
		.joined_short = page_day_and_time(call, member.joined_at),
		.seen = page_time(call, member.last_seen_at),
		.seen_short = page_day_and_time(call, member.last_seen_at),
		.role_error = page_field(call, err, "role"),
		.services_error = page_field(call, err, "services"),
	};
	if (!page.frame || !page.frame->organization || !page.account)
		return ERR_MEMORY;
	if ((failed = service_roles_show(call, member.services, member.service_count, &page.services, &page.services_count)))
		return failed;
	page_member(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look(struct call *call)
{
	return show(call, OK);
}

struct role_form { const char *role; };
static const struct field role_fields[] = { FIELD(role_form, role, FIELD_OPTIONAL) };
static const struct form role_form = FORM(role_form, role_fields);

/* Who changed their own role lands where the new one may look. */
static enum err changed(struct call *call, const struct member *member)
{
	bool self = id_same(&member->account, &call->caller->account.id);
	const char *home = organization_home(call, &call->membership->organization, member->role);

	return page_to_with(call, self ? home : member_place(call, ""), NOTICE_SAVED);
}

/* A manager holds every service: what stands in the selects is a member's. */
static enum err change(struct call *call)
{
	const struct role_form *form = call->form;
	bool manager = form->role && !strcmp(form->role, "manager");
	struct grant_asked *grants = NULL;
	struct member member;
	size_t count = 0;
	enum err err = page_needs(call, "role", form->role);

	if (!err && !manager)
		err = service_roles_read(call, &grants, &count);
	if (!err)
		err = member_change(call, call->segment[1], form->role, grants, count, &member);
	if (page_refuses(err))
		return err;
	return err ? show(call, err) : changed(call, &member);
}

/* A question about this member: {name} in its title and text. */
struct question { enum msg title, text, button; const char *place; };

static const char *filled(struct call *call, enum msg msg, const struct member *member)
{
	SCOPED(buf_done) struct buf text = { 0 };
	const struct lang_arg args[] = { { "name", member->name }, { "email", member->email }, { "organization", call->membership->name } };

	lang_fill(&text, call->locale, msg, args, COUNT(args));
	return arena_buf(call->arena, &text);
}

static enum err ask(struct call *call, const struct question *question)
{
	struct member member;
	enum err err = member_look(call, call->segment[1], &member);

	if (err)
		return err;
	const struct page_sure page = {
		.frame = page_frame(call, NULL, OK),
		.title = filled(call, question->title, &member),
		.text = filled(call, question->text, &member),
		.button = lang_text(call->locale, question->button),
		.action = member_place(call, question->place),
		.back = member_place(call, ""),
	};
	if (!page.frame || !page.title || !page.text || !page.action || !page.back)
		return ERR_MEMORY;
	page_sure(&call->out->body, call->locale, &page);
	return page_sent(call, OK);
}

static enum err ask_to_remove(struct call *call)
{
	static const struct question question = { MSG_REMOVE_SURE, MSG_REMOVE_SURE_TEXT, MSG_REMOVE_BUTTON, "/remove" };

	return ask(call, &question);
}

/* What a page about the member cannot say at a field, it says at its top. */
static enum err remove_it(struct call *call)
{
	enum err err = member_remove(call, call->segment[1]);

	if (page_refuses(err))
		return err;
	return err ? show(call, err) : page_to_with(call, organization_place(call, ""), NOTICE_REMOVED);
}

static enum err ask_to_hand_over(struct call *call)
{
	static const struct question question = { MSG_OWNER_SURE, MSG_OWNER_SURE_TEXT, MSG_OWNER_BUTTON, "/owner" };

	return ask(call, &question);
}

static enum err hand_over(struct call *call)
{
	enum err err = owner_hand_over(call, call->segment[1]);

	return err ? err : page_to_with(call, member_place(call, ""), NOTICE_HANDED_OVER);
}

/* ---- a lost phone ---- */

struct reset_form { const char *password, *reason; };
static const struct field reset_fields[] = {
	FIELD_LONG(reset_form, password, FIELD_OPTIONAL),
	FIELD(reset_form, reason, FIELD_OPTIONAL),
};
static const struct form reset_form = FORM(reset_form, reset_fields);

enum err show_reset(struct call *call, enum err err)
{
	static const char *const needed[] = { "reason", "password", "confirm_code", NULL };
	enum err told = confirm_told(call, err);
	struct member member;
	enum err failed = member_look(call, call->segment[1], &member);

	if (failed)
		return failed;
	page_blame_first(call, err, needed);
	const char *const words[] = { member.email };
	const struct page_reset page = {
		.frame = page_frame(call, member_place(call, "/reset"), told),
		.confirm = confirm_fields(call, FRESH_SECOND_STEP, err, NULL),
		.account = call->segment[1],
		.name = member.name,
		.email = member.email,
		.own_email = call->caller->account.email,
		.reason = form_value(call, "reason"),
		.reason_error = page_field_needed(call, told, "reason"),
		.password_error = page_field_needed(call, told, "password"),
		.command = err == ERR_OTHER_ORGANIZATIONS ? page_command(call, "twostep user reset-second-step --reason TEXT", words, 1) : NULL,
		.contact = call->settings->contact,
	};
	if (!page.frame || !page.frame->organization || !page.confirm)
		return ERR_MEMORY;
	page_reset(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look_reset(struct call *call)
{
	return show_reset(call, OK);
}

static enum err reset(struct call *call)
{
	const struct reset_form *form = call->form;
	enum err err;

	if (!(err = page_needs(call, "reason", form->reason)) && !(err = page_needs(call, "password", form->password)))
		err = reset_by_manager(call, call->segment[1], form->password, form->reason);
	if (page_refuses(err))
		return err;
	return err ? show_reset(call, err) : page_to_with(call, member_place(call, ""), NOTICE_STEP_RESET);
}

#define MEMBER_PATH "/organizations/{o}/members/{a}"

const struct route member_pages[] = {
	{ GET, MEMBER_PATH, ACCESS_RIGHT(RIGHT_SEE_MEMBERS), FRESH_NOT, NULL, look },
	{ POST, MEMBER_PATH, ACCESS_RIGHT(RIGHT_CHANGE_MEMBERS), FRESH_NOT, &role_form, change },
	{ GET, MEMBER_PATH "/remove", ACCESS_RIGHT(RIGHT_CHANGE_MEMBERS), FRESH_NOT, NULL, ask_to_remove },
	{ POST, MEMBER_PATH "/remove", ACCESS_RIGHT(RIGHT_CHANGE_MEMBERS), FRESH_NOT, NULL, remove_it },
	{ GET, MEMBER_PATH "/owner", ACCESS_RIGHT(RIGHT_HAND_OVER), FRESH_NOT, NULL, ask_to_hand_over },
	{ POST, MEMBER_PATH "/owner", ACCESS_RIGHT(RIGHT_HAND_OVER), FRESH_PROOFS, NULL, hand_over },
	{ GET, RESET_PATH, ACCESS_RIGHT(RIGHT_RESET_SECOND_STEP), FRESH_NOT, NULL, look_reset },
	{ POST, RESET_PATH, ACCESS_RIGHT(RIGHT_RESET_SECOND_STEP), FRESH_SECOND_STEP, &reset_form, reset },
	ROUTES_END
};
