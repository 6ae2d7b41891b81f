/*
 * /organizations/{o}/members and /owner (contract 2.3).
 */
#include "accounts/password_try.h"
#include "api/json_views.h"
#include "api/page.h"
#include "api/routes.h"
#include "organizations/members.h"
#include "organizations/reset.h"
#include "base/banned.h"

static void json_member(struct answer *out, const struct member *member)
{
	json_open(out, NULL);
	json_id(out, "account_id", &member->account);
	json_text(out, "email", member->email);
	json_text(out, "name", member->name);
	json_text(out, "role", role_name(member->role));
	json_list(out, "services");
	for (size_t i = 0; i < member->service_count; i++) {
		json_open(out, NULL);
		json_id(out, "id", &member->services[i].service);
		json_text(out, "role", service_role_name(member->services[i].role));
		json_close(out);
	}
	json_list_close(out);
	json_bool(out, "two_step", member->two_step);
	json_time(out, "joined_at", member->joined_at);
	json_time(out, "last_seen_at", member->last_seen_at);
	json_close(out);
}

/* As JSON has it. Stays as it is where it is not asked for. */
static enum err read_switch(struct call *call, const char *name, struct switched *out)
{
	const char *text;
	enum err err = query_read(call, name, &text);

	if (err || !text)
		return err;
	*out = (struct switched){ true, !strcmp(text, "true") };
	return out->on || !strcmp(text, "false") ? OK : blame(call, name, ERR_INVALID);
}

/* `two_step` as it is to stand in each row; `without_two_step=true` says two_step=false, and its false asks for nothing. */
static enum err read_kind(struct call *call, enum members_kind *out)
{
	struct switched two_step = { false, false }, without = { false, false };
	enum err err;

	if ((err = read_switch(call, "without_two_step", &without)) || (err = read_switch(call, "two_step", &two_step)))
		return err;
	if (two_step.on && without.on)
		return blame(call, "two_step", ERR_INVALID);
	*out = two_step.on ? MEMBERS_WITH : two_step.given || without.on ? MEMBERS_WITHOUT : MEMBERS_ALL;
	return OK;
}

static enum err read_query(struct call *call, struct members_query *out)
{
	const char *sort;
	enum err err;

	if ((err = page_after_read(call, &out->rows, &out->after)) || (err = query_read(call, "search", &out->search)) ||
	    (err = read_kind(call, &out->kind)) || (err = query_read(call, "sort", &sort)))
		return err;
	return member_sort_read(call, sort, &out->sort);
}

static enum err list(struct call *call)
{
	struct members_query query = { .rows = 0 };
	struct member_list found;
	enum err err;

	if ((err = read_query(call, &query)) || (err = members_look(call, &query, &found)))
		return err;
	json_open(call->out, NULL);
	json_list(call->out, "members");
	for (size_t i = 0; i < found.count; i++)
		json_member(call->out, &found.members[i]);
	json_list_close(call->out);
	json_text(call->out, "next", found.next);
	json_close(call->out);
	return OK;
}

static enum err show(struct call *call)
{
	struct member member;
	enum err err = member_look(call, call->segment[1], &member);

	if (err)
		return err;
	json_member(call->out, &member);
	return OK;
}

static const struct field grant_fields[] = {
	FIELD_LONG(grant_asked, id, FIELD_TEXT),
	FIELD(grant_asked, role, FIELD_TEXT),
};
const struct form grant_form = FORM(grant_asked, grant_fields);

struct change_form { const char *role; struct list services; };
static const struct field change_fields[] = {
	FIELD(change_form, role, FIELD_OPTIONAL),
	FIELD_OF(change_form, services, FIELD_LIST, &grant_form),
};
static const struct form change_form = FORM(change_form, change_fields);

static enum err change(struct call *call)
{
	const struct change_form *form = call->form;
	struct member member;
	enum err err = member_change(call, call->segment[1], form->role, form->services.given ? form->services.items : NULL,
	        form->services.count, &member);

	if (err)
		return err;
	json_member(call->out, &member);
	return OK;
}

static enum err remove_it(struct call *call)
{
	enum err err = member_remove(call, call->segment[1]);

	if (err)
		return err;
	json_nothing(call->out);
	return OK;
}

struct owner_form { const char *account_id; };
static const struct field owner_fields[] = { FIELD_LONG(owner_form, account_id, FIELD_TEXT) };
static const struct form owner_form = FORM(owner_form, owner_fields);

static enum err hand_over(struct call *call)
{
	const struct owner_form *form = call->form;
	enum err err = owner_hand_over(call, form->account_id);

	if (err)
		return err;
	json_status(call->out, "handed_over");
	return OK;
}

struct reset_form { const char *password, *reason; };
static const struct field reset_fields[] = {
	FIELD_LONG(reset_form, password, FIELD_TEXT),
	FIELD(reset_form, reason, FIELD_TEXT),
};
static const struct form reset_form = FORM(reset_form, reset_fields);

static enum err reset(struct call *call)
{
	const struct reset_form *form = call->form;
	enum err err = reset_by_manager(call, call->segment[1], form->password, form->reason);

	if (err)
		return err;
	json_status(call->out, "reset");
	return OK;
}

const struct route member_routes[] = {
	{ GET, "/api/v1/organizations/{o}/members", ACCESS_RIGHT(RIGHT_SEE_MEMBERS), FRESH_NOT, NULL, list },
	{ GET, "/api/v1/organizations/{o}/members/{a}", ACCESS_RIGHT(RIGHT_SEE_MEMBERS), FRESH_NOT, NULL, show },
	{ PATCH, "/api/v1/organizations/{o}/members/{a}", ACCESS_RIGHT(RIGHT_CHANGE_MEMBERS), FRESH_NOT, &change_form, change },
	{ DELETE, "/api/v1/organizations/{o}/members/{a}", ACCESS_RIGHT(RIGHT_SEE), FRESH_NOT, NULL, remove_it },
	{ POST, "/api/v1/organizations/{o}/members/{a}/two-step/reset", ACCESS_RIGHT(RIGHT_RESET_SECOND_STEP), FRESH_PROOFS, &reset_form, reset },
	{ POST, "/api/v1/organizations/{o}/owner", ACCESS_RIGHT(RIGHT_HAND_OVER), FRESH_PROOFS, &owner_form, hand_over },
	ROUTES_END
};
