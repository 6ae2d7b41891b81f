/*
 * What a demand for two-step holds up: the page that says who demands it, and the one that asks for the code that a
 * remembered device had spared. Both lead back to where the person was going.
 */
#include "accounts/caller.h"
#include "pages/confirm.h"
#include "pages/organization.h"
#include "pages/routes.h"
#include "second_step/setup.h"
#include "sign_in/sign_in.h"
#include "base/banned.h"

#define CONFIRM_PATH "/confirm"

static enum notice notice_of(const char *mark)
{
	static const struct {
		const char *mark;
		enum notice notice;
	} marks[] = { { UNSAVED, NOTICE_UNSAVED }, { DOWNLOAD, NOTICE_DOWNLOAD } };

	for (size_t i = 0; i < COUNT(marks); i++)
		if (!strcmp(marks[i].mark, mark))
			return marks[i].notice;
	return NOTICE_NONE;
}

enum err go_back_told(struct call *call, bool told)
{
	const char *place = cookie_get(call, COOKIE_RETURN);
	size_t length = page_is_local(place) ? strcspn(place, "#") : 0;
	enum notice notice = length ? notice_of(place + length) : NOTICE_NONE;

	cookie_clear(call, COOKIE_RETURN);
	if (notice != NOTICE_NONE && !told)
		notice_set(call, notice, 0);
	place = length ? arena_copy(call->arena, place, length) : "/";
	return place ? page_to(call, place) : ERR_MEMORY;
}

enum err go_back(struct call *call)
{
	return go_back_told(call, false);
}

/* Only what a GET shows is come back to; a way that is known already stays. */
static void keep_place(struct call *call)
{
	const struct view *target = &call->request->target;
	const char *place = call->request->method & (GET | HEAD) ? arena_copy(call->arena, target->bytes, target->length) : NULL;

	if (!page_is_local(place))
		place = cookie_get(call, COOKIE_RETURN);
	cookie_set(call, COOKIE_RETURN, page_is_local(place) ? place : "/", RETURN_S);
}

enum err ask_to_set_up(struct call *call)
{
	keep_place(call);
	return page_to(call, DEMAND_PATH);
}

enum err ask_for_code(struct call *call)
{
	keep_place(call);
	return page_to(call, CONFIRM_PATH);
}

enum err demanders_look(struct call *call, bool in_force, const struct part_demander **out, size_t *count)
{
	struct part_demander *rows;
	struct demanding *found;
	size_t all;
	enum err err = mandates_look(call, &call->caller->account.id, &found, &all);

	if (err)
		return err;
	if (!(rows = arena_alloc(call->arena, (all + 1) * sizeof(*rows))))
		return ERR_MEMORY;
	*count = 0;
	for (size_t i = 0; i < all; i++)
		if (!in_force || found[i].from_at <= call->now_s)
			rows[(*count)++] = (struct part_demander){ found[i].name, page_time(call, found[i].from_at),
				page_day_and_time(call, found[i].from_at) };
	*out = rows;
	return OK;
}

static enum err look_demand(struct call *call)
{
	SCOPED(setup_view_wipe) struct setup_view view = { 0 };
	struct page_demand page = { .frame = NULL };
	enum err err;

	if (!call->caller->restricted)
		return go_back(call);
	if (call->caller->two_step)
		return page_to(call, CONFIRM_PATH);
	if ((err = setup_look(call, &view)) || (err = demanders_look(call, true, &page.demanders, &page.demanders_count)))
		return err;
	page.frame = page_frame(call, NULL, OK);
	page.under_way = view.state != SETUP_NONE;
	if (!page.frame)
		return ERR_MEMORY;
	page_demand(&call->out->body, call->locale, &page);
	return page_sent(call, OK);
}

static bool is_recovery(const char *method)
{
	return method && !strcmp(method, "recovery_code");
}

static enum err show_confirm(struct call *call, bool recovery, enum err err)
{
	struct part_confirm fields = {
		.code = true,
		.recovery = recovery,
		.code_error = page_field(call, err, "confirm_code"),
		.other = recovery ? CONFIRM_PATH : CONFIRM_PATH "?method=recovery_code",
	};
	const struct page_confirm page = {
		.frame = page_frame(call, recovery ? CONFIRM_PATH "?method=recovery_code" : CONFIRM_PATH, err),
		.confirm = &fields,
		.restricted = call->caller->restricted,
		.email = call->caller->account.email,
		.action = CONFIRM_PATH,
		.back = "/account/two-step",
	};

	if (!page.frame)
		return ERR_MEMORY;
	page_confirm(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look_confirm(struct call *call)
{
	return call->caller->two_step ? show_confirm(call, is_recovery(query_value(call, "method")), OK) : page_to(call, "/");
}

struct code_form { const char *confirm_method, *confirm_code; };
static const struct field code_fields[] = {
	FIELD(code_form, confirm_method, FIELD_OPTIONAL),
	FIELD_LONG(code_form, confirm_code, FIELD_CODE_OPTIONAL),
};
static const struct form code_form = FORM(code_form, code_fields);

static enum err take_code(struct call *call)
{
	const struct code_form *form = call->form;
	bool recovery = is_recovery(form->confirm_method);
	struct caller now;
	enum err err = page_needs(call, "confirm_code", form->confirm_code);

	if (!err)
		err = confirm_second_step(call, recovery ? STEP_RECOVERY_CODE : STEP_TOTP, form->confirm_code, &now);
	if (!err || err == ERR_NOT_ENABLED)
		return go_back(call);
	if (page_refuses(err))
		return err;
	call->wrong = "confirm_code";
	return show_confirm(call, recovery, err);
}

const struct route demand_pages[] = {
	{ GET, DEMAND_PATH, ACCESS_RESTRICTED, FRESH_NOT, NULL, look_demand },
	{ GET, DEMAND_PATH "/met", ACCESS_RESTRICTED, FRESH_NOT, NULL, go_back },
	{ GET, CONFIRM_PATH, ACCESS_RESTRICTED, FRESH_NOT, NULL, look_confirm },
	{ POST, CONFIRM_PATH, ACCESS_RESTRICTED, FRESH_NOT, &code_form, take_code },
	ROUTES_END
};
