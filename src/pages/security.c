/*
 * Organization Management: the tab Security Settings: the demand for two-step, when sessions end, downloads.
 */
#include "organizations/security.h"

#include "accounts/caller.h"
#include "accounts/password_try.h"
#include "organizations/export.h"
#include "pages/organization.h"
#include "pages/routes.h"
#include "pages/template.h"
#include "base/banned.h"

#define MINUTE_S 60
#define WEEK_S   (7LL * 24 * 60 * 60)
#define DAY_S    (24LL * 60 * 60)
#define PEOPLE   20 /* of each kind on the tab */

static const char *number(struct call *call, int64_t value)
{
	return arena_printf(call->arena, "%" PRId64, value);
}

/* What was typed stands in the fields again. NULL: nothing was. */
static const char *typed_text(struct call *call, const char *field)
{
	return call->request->method == POST ? form_value(call, field) : query_value(call, field);
}

static const char *typed(struct call *call, const char *field, int64_t value)
{
	const char *text = typed_text(call, field);

	return text ? text : number(call, value);
}

/* ---- who has it and who has not ---- */

static enum err fill(struct call *call, const struct member *member, struct part_affected *out)
{
	*out = (struct part_affected){ organization_member_place(call, &member->account), member->name, member->email,
		member->signed_in_at > call->now_s - WEEK_S, page_time(call, member->signed_in_at),
		page_day_and_time(call, member->signed_in_at) };
	return out->place ? OK : ERR_MEMORY;
}

/* Of a kind by name; *next: where they go on, NULL: nowhere. */
static enum err find_people(struct call *call, enum members_kind kind, size_t rows, const char *after, struct part_affected **out,
                            size_t *count, const char **next)
{
	const struct members_query query = { .kind = kind, .sort = SORT_NAME, .rows = rows, .after = after };
	struct member_list found;
	enum err err = members_look(call, &query, &found);

	if (err)
		return err;
	if (!(*out = arena_alloc(call->arena, (found.count + 1) * sizeof(**out))))
		return ERR_MEMORY;
	for (size_t i = 0; i < found.count && !err; i++)
		err = fill(call, &found.members[i], &(*out)[i]);
	*count = found.count;
	*next = found.next;
	return err;
}

/* The first of both kinds: those who are left out stand on the tab Members. */
static enum err add_people(struct call *call, struct page_security *page)
{
	struct part_affected *missing, *having;
	const char *next_missing = NULL, *next_having = NULL;
	enum err err;

	if ((err = find_people(call, MEMBERS_WITHOUT, PEOPLE, NULL, &missing, &page->missing_count, &next_missing)) ||
	    (err = find_people(call, MEMBERS_WITH, PEOPLE, NULL, &having, &page->having_count, &next_having)))
		return err;
	page->missing = missing;
	page->having = having;
	page->more_missing = next_missing != NULL;
	page->more_having = next_having != NULL;
	return OK;
}

/* ---- the tab ---- */

static enum err show(struct call *call, enum err err)
{
	struct security security;
	enum err failed = security_look(call, &security);

	if (failed)
		return failed;
	const struct mandate *mandate = &security.mandate;
	const char *mode = typed(call, "csv_mode", 0);
	bool typed_mode = mode && strcmp(mode, "0") != 0;

	mode = typed_mode ? mode : csv_download_name(security.csv);
	struct page_security page = {
		.frame = page_frame(call, NULL, err),
		.members = security.members,
		.with_two_step = security.with_two_step,
		.without = security.members - security.with_two_step,
		.held = !mandate->required && !security.own_two_step,
		.required = mandate->required,
		.in_force = mandate->required && mandate->from_at <= call->now_s,
		.from = page_time(call, mandate->from_at),
		.from_short = page_day_and_time(call, mandate->from_at),
		.set_by = mandate->set_by,
		.grace = mandate->required ? typed_text(call, "grace_days") : typed(call, "grace_days", 0),
		.grace_error = page_field(call, err, "grace_days"),
		.wanted = mandate->required || page_field(call, err, "grace_days"),
		.required_error = err == ERR_OWN_TWO_STEP_FIRST ? page_sentence(call, err) : NULL,
		.idle = typed(call, "idle_minutes", mandate->session_idle_s / MINUTE_S),
		.idle_error = page_field(call, err, "idle_minutes"),
		.csv_off = !strcmp(mode, "off"),
		.csv_managers = !strcmp(mode, "managers"),
		.csv_fresh = !strcmp(mode, "second_step"),
		.csv_age = typed(call, "csv_minutes", security.csv_max_age_s / MINUTE_S),
		.csv_age_error = page_field(call, err, "csv_minutes"),
	};
	if (!page.frame || !page.frame->organization)
		return ERR_MEMORY;
	if ((failed = add_people(call, &page)))
		return failed;
	page_security(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look(struct call *call)
{
	return show(call, OK);
}

/* ---- the demand ---- */

/* Where one of the two lists goes on; the other one stands where it stood. */
static const char *more(struct call *call, int64_t days, const char *list, const char *after)
{
	SCOPED(buf_done) struct buf place = { 0 };

	organization_place_add(&place, call, "/security/demand");
	buf_text(&place, "?required=true&grace_days=");
	buf_int(&place, days);
	buf_char(&place, '&');
	buf_text(&place, list);
	buf_char(&place, '=');
	url_component(&place, after);
	return arena_buf(call->arena, &place);
}

static enum err show_affected(struct call *call, const struct security *security, int64_t days, const struct demand_plan *plan)
{
	struct page_affected page = {
		.frame = page_frame(call, NULL, OK),
		.members = security->members,
		.with_two_step = security->with_two_step,
		.without = security->members - security->with_two_step,
		.from = page_time(call, plan->from_at),
		.from_short = page_day_and_time(call, plan->from_at),
		.mails_later = plan->first_mail_at > call->now_s,
		.first_mail = page_time(call, plan->first_mail_at),
		.first_mail_short = page_day_and_time(call, plan->first_mail_at),
		.mails_week_before = plan->mails_week_before,
		.mails_day_before = plan->mails_day_before,
		.mails_in_force = plan->mails_in_force,
		.grace = days > 0,
		.suspends = plan->suspends,
		.days = days,
	};
	struct part_affected *missing, *having;
	const char *next_missing, *next_having;
	enum err err;

	if (!page.frame || !page.frame->organization)
		return ERR_MEMORY;
	if ((err = find_people(call, MEMBERS_WITHOUT, MEMBERS_ROWS_MAX, query_value(call, "missing"), &missing, &page.missing_count,
	             &next_missing)) ||
	    (err = find_people(call, MEMBERS_WITH, MEMBERS_ROWS_MAX, query_value(call, "having"), &having, &page.having_count,
	             &next_having)))
		return err;
	page.missing = missing;
	page.having = having;
	page.more_missing = next_missing ? more(call, days, "missing", next_missing) : NULL;
	page.more_having = next_having ? more(call, days, "having", next_having) : NULL;
	page_affected(&call->out->body, call->locale, &page);
	return page_sent(call, OK);
}

static enum err ask_to_release(struct call *call)
{
	const struct page_sure page = {
		.frame = page_frame(call, NULL, OK),
		.title = lang_text(call->locale, MSG_RELEASE_TITLE),
		.text = lang_text(call->locale, MSG_RELEASE_TEXT),
		.button = lang_text(call->locale, MSG_RELEASE_BUTTON),
		.action = organization_place(call, "/security/release"),
		.back = organization_place(call, "/security"),
	};

	if (!page.frame || !page.action || !page.back)
		return ERR_MEMORY;
	page_sure(&call->out->body, call->locale, &page);
	return page_sent(call, OK);
}

/* The switch was moved: what follows is said first, and nothing is changed yet. */
static enum err look_demand(struct call *call)
{
	const char *wanted = query_value(call, "required");
	struct number days = { .value = 0 };
	struct security security;
	struct demand_plan plan;
	enum err err = security_look(call, &security);

	if (err)
		return err;
	if (!wanted || strcmp(wanted, "true") != 0)
		return security.mandate.required ? ask_to_release(call)
		                                 : page_to_with(call, organization_place(call, "/security"), NOTICE_SWITCH_OFF);
	if (!security.mandate.required && !security.own_two_step)
		return show(call, ERR_OWN_TWO_STEP_FIRST);
	if ((err = page_number(call, "grace_days", query_value(call, "grace_days"), MANDATE_GRACE_DAYS, &days)))
		return show(call, err);
	if ((err = demand_look(call, &days, &plan)))
		return show(call, err);
	if (!plan.changes)
		return page_to_with(call, organization_place(call, "/security"), NOTICE_DEMAND_STANDS);
	return show_affected(call, &security, days.value, &plan);
}

/* A number of minutes is blamed where it stands, whatever the rule calls it in seconds. */
static enum err refused(struct call *call, enum err err, const char *field)
{
	if (page_refuses(err))
		return err;
	if (err == ERR_INVALID)
		call->wrong = field;
	return show(call, err);
}

static enum err changed(struct call *call, const struct security_change *change, const char *field, enum notice notice)
{
	struct security security;
	enum err err = security_change(call, change, &security, NULL);

	return err ? refused(call, err, field) : page_to_with(call, organization_place(call, "/security"), notice);
}

static enum notice demand_notice(const struct call *call, const struct demand_plan *plan)
{
	if (!plan->changes)
		return NOTICE_DEMAND_STANDS;
	if (plan->suspends)
		return NOTICE_SUSPENDED;
	return plan->first_mail_at > call->now_s ? NOTICE_DEMANDED_LATER : NOTICE_DEMANDED;
}

struct demand_form { const char *grace_days; };
static const struct field demand_fields[] = { FIELD(demand_form, grace_days, FIELD_OPTIONAL) };
static const struct form demand_form = FORM(demand_form, demand_fields);

static enum err demand(struct call *call)
{
	const struct demand_form *form = call->form;
	struct security_change change = { .two_step_required = { true, true } };
	struct demand_plan plan;
	struct security security;
	enum err err = page_number(call, "grace_days", form->grace_days, MANDATE_GRACE_DAYS, &change.grace_days);

	if (err)
		return show(call, err);
	if ((err = security_change(call, &change, &security, &plan)))
		return refused(call, err, "grace_days");
	return page_to_with(call, organization_place(call, "/security"), demand_notice(call, &plan));
}

static enum err release(struct call *call)
{
	const struct security_change change = { .two_step_required = { true, false } };

	return changed(call, &change, NULL, NOTICE_RELEASED);
}

/* ---- sessions and downloads ---- */

struct sessions_form { const char *idle_minutes; };
static const struct field sessions_fields[] = { FIELD(sessions_form, idle_minutes, FIELD_OPTIONAL) };
static const struct form sessions_form = FORM(sessions_form, sessions_fields);

static enum err save_sessions(struct call *call)
{
	const struct sessions_form *form = call->form;
	struct security_change change = { .csv_mode = NULL };
	struct number minutes = { .value = 0 };
	enum err err = page_number(call, "idle_minutes", form->idle_minutes, MANDATE_IDLE_MAX_S / MINUTE_S, &minutes);

	if (!err && !minutes.given)
		err = blame(call, "idle_minutes", ERR_INVALID);
	if (err)
		return show(call, err);
	change.session_idle_s = (struct number){ true, minutes.value * MINUTE_S };
	return changed(call, &change, "idle_minutes", NOTICE_SAVED);
}

struct downloads_form { const char *csv_mode, *csv_minutes; };
static const struct field downloads_fields[] = {
	FIELD(downloads_form, csv_mode, FIELD_OPTIONAL),
	FIELD(downloads_form, csv_minutes, FIELD_OPTIONAL),
};
static const struct form downloads_form = FORM(downloads_form, downloads_fields);

/* The minutes count where the mode asks for them alone. */
static enum err save_downloads(struct call *call)
{
	const struct downloads_form *form = call->form;
	struct security_change change = { .csv_mode = form->csv_mode };
	struct number minutes = { .value = 0 };
	bool fresh = form->csv_mode && !strcmp(form->csv_mode, csv_download_name(CSV_FRESH));
	enum err err = page_needs(call, "csv_mode", form->csv_mode);

	if (!err && fresh)
		err = page_number(call, "csv_minutes", form->csv_minutes, CSV_MAX_AGE_MAX_S / MINUTE_S, &minutes);
	if (!err && fresh && !minutes.given)
		err = blame(call, "csv_minutes", ERR_INVALID);
	if (err)
		return show(call, err);
	if (fresh)
		change.csv_max_age_s = (struct number){ true, minutes.value * MINUTE_S };
	return changed(call, &change, fresh ? "csv_minutes" : "csv_mode", NOTICE_SAVED);
}

static enum err go_look(struct call *call)
{
	return page_to(call, organization_place(call, "/security"));
}

enum err page_sent_file(struct call *call, const char *back, enum err err)
{
	const char *place = back ? arena_printf(call->arena, "%s" DOWNLOAD, back) : NULL;

	if (err != ERR_NEEDS_SECOND_STEP || !place)
		return err;
	cookie_set(call, COOKIE_RETURN, place, RETURN_S);
	return page_to(call, "/confirm");
}

bool page_wants_bom(struct call *call)
{
	const char *bom = query_value(call, "bom");

	return bom && !strcmp(bom, "1");
}

static enum err send_members(struct call *call)
{
	return page_sent_file(call, organization_place(call, "/security"), export_members(call, page_wants_bom(call)));
}

#define SECURITY_PATH "/organizations/{o}/security"

const struct route security_pages[] = {
	{ GET, SECURITY_PATH, ACCESS_RIGHT(RIGHT_SEE_MEMBERS), FRESH_NOT, NULL, look },
	{ GET, SECURITY_PATH "/demand", ACCESS_RIGHT(RIGHT_SET_SECURITY), FRESH_NOT, NULL, look_demand },
	{ POST, SECURITY_PATH "/demand", ACCESS_RIGHT(RIGHT_SET_SECURITY), FRESH_PROOFS, &demand_form, demand },
	{ GET, SECURITY_PATH "/release", ACCESS_RIGHT(RIGHT_SET_SECURITY), FRESH_NOT, NULL, go_look },
	{ POST, SECURITY_PATH "/release", ACCESS_RIGHT(RIGHT_SET_SECURITY), FRESH_PROOFS, NULL, release },
	{ GET, SECURITY_PATH "/sessions", ACCESS_RIGHT(RIGHT_SET_SECURITY), FRESH_NOT, NULL, go_look },
	{ POST, SECURITY_PATH "/sessions", ACCESS_RIGHT(RIGHT_SET_SECURITY), FRESH_PROOFS, &sessions_form, save_sessions },
	{ GET, SECURITY_PATH "/downloads", ACCESS_RIGHT(RIGHT_SET_SECURITY), FRESH_NOT, NULL, go_look },
	{ POST, SECURITY_PATH "/downloads", ACCESS_RIGHT(RIGHT_SET_SECURITY), FRESH_PROOFS, &downloads_form, save_downloads },
	{ GET, "/organizations/{o}/members.csv", ACCESS_RIGHT(RIGHT_DOWNLOAD), FRESH_NOT, NULL, send_members },
	ROUTES_END
};
