#include "organizations/security.h"

#include <stdio.h>

#include "accounts/caller.h"
#include "accounts/password_try.h"
#include "limits/limits.h"
#include "organizations/log.h"
#include "organizations/security_sql.h"
#include "second_step/second_step.h"
#include "store/store.h"

#include "base/banned.h"

#define DAY_S        (24LL * 60 * 60)
#define DETAILS_TEXT 200

static const char *const csv_names[] = { [CSV_OFF] = "off", [CSV_MANAGERS] = "managers", [CSV_FRESH] = "second_step" };

const char *csv_download_name(enum csv_download mode)
{
	return csv_names[mode];
}

static enum err find(struct db *db, const struct id *organization, const struct id *caller, struct security *out)
{
	struct security found = { .csv = CSV_OFF };
	struct enrolment own;
	enum err err;

	if ((err = mandate_find(db, organization, &found.mandate)) ||
	    (err = csv_select(db, organization, &found.csv, &found.csv_max_age_s)) ||
	    (err = progress_select(db, organization, &found.members, &found.with_two_step)) ||
	    (err = second_step_find(db, caller, &own)))
		return err;
	found.own_two_step = !id_empty(&own.id);
	*out = found;
	return OK;
}

/* A change on its way: what was asked for, as read, and what stood there before. */
struct changing {
	struct call *call;
	const struct security_change *change;
	enum csv_download csv;
	struct security *out;
	struct demand_plan *plan;
};

static enum err look(struct db *db, void *argument)
{
	const struct changing *look = argument;
	const struct membership *membership = look->call->membership;

	return find(db, &membership->organization, &membership->account, look->out);
}

enum err security_look(struct call *call, struct security *out)
{
	struct changing look_argument = { .call = call, .out = out };

	return store_read(call->store, look, &look_argument);
}

static bool in_range(const struct number *number, int64_t least, int64_t most)
{
	return !number->given || (number->value >= least && number->value <= most);
}

/* Each value by itself; whether they go together is asked in the change. */
static enum err read_change(struct call *call, const struct security_change *change, enum csv_download *csv)
{
	const struct {
		bool good;
		const char *field;
	} checks[] = {
		{ in_range(&change->grace_days, 0, MANDATE_GRACE_DAYS), "grace_days" },
		{ in_range(&change->session_idle_s, MANDATE_IDLE_MIN_S, MANDATE_IDLE_MAX_S), "session_idle_s" },
		{ in_range(&change->csv_max_age_s, CSV_MAX_AGE_MIN_S, CSV_MAX_AGE_MAX_S), "csv_download.max_age_s" },
	};

	for (size_t i = 0; i < COUNT(checks); i++)
		if (!checks[i].good)
			return blame(call, checks[i].field, ERR_INVALID);
	for (size_t i = 0; i < COUNT(csv_names) && change->csv_mode; i++)
		if (!strcmp(change->csv_mode, csv_names[i])) {
			*csv = (enum csv_download)i;
			return OK;
		}
	return change->csv_mode ? blame(call, "csv_download.mode", ERR_INVALID) : OK;
}

/* Is a date asked for that the demand has not? From now on and in force already are the same: it does not begin anew. */
static bool moves(const struct mandate *mandate, const struct number *grace, int64_t now_s)
{
	return grace->given && (grace->value || mandate->from_at > now_s);
}

/*
 * What comes of asking for a demand, and when the mails are due; those whose moment lies behind are left out.
 * counts  a mail that is due now: it will go
 */
static enum err make_plan(struct db *db, const struct changing *changing, const struct security *before, bool counts,
                          struct demand_plan *out)
{
	const struct number *grace = &changing->change->grace_days;
	int64_t now_s = changing->call->now_s, from_at = now_s + (grace->given ? grace->value : 0) * DAY_S;
	struct limit_of of = { LIMIT_DEMAND, &changing->call->membership->organization, false, NULL };
	struct held_off held_off = { 0, NULL };
	enum err err;

	*out = (struct demand_plan){ .changes = false };
	if (!before->mandate.required && !before->own_two_step)
		return ERR_OWN_TWO_STEP_FIRST;
	if (before->mandate.required && !moves(&before->mandate, grace, now_s))
		return OK;
	err = counts ? limit_charge(db, of, now_s, &held_off, NULL) : limit_ask(db, of, now_s, &held_off);
	if (err && err != ERR_TOO_MANY)
		return err;
	*out = (struct demand_plan){
		.changes = true,
		.suspends = before->mandate.required && before->mandate.from_at <= now_s,
		.from_at = from_at,
		.first_mail_at = now_s + held_off.for_s,
		.mails_week_before = from_at - 7 * DAY_S > now_s,
		.mails_day_before = from_at - DAY_S > now_s,
		.mails_in_force = from_at > now_s + held_off.for_s,
	};
	return OK;
}

static enum err look_demand(struct db *db, void *argument)
{
	const struct changing *look = argument;
	const struct membership *membership = look->call->membership;
	struct security before;
	enum err err = find(db, &membership->organization, &membership->account, &before);

	return err ? err : make_plan(db, look, &before, false, look->plan);
}

enum err demand_look(struct call *call, const struct number *grace_days, struct demand_plan *out)
{
	const struct security_change change = { .grace_days = *grace_days };
	struct demand_plan plan = { .changes = false };
	struct changing look_argument = { .call = call, .change = &change, .plan = &plan };
	enum err err = store_read(call->store, look_demand, &look_argument);

	if (!err)
		*out = plan;
	return err;
}

static enum err put_notices(struct db *db, const struct id *organization, const struct demand_plan *plan)
{
	const struct {
		enum notice_kind kind;
		int64_t due_at;
		bool due;
	} notices[] = {
		{ NOTICE_AT_ONCE, plan->first_mail_at, plan->mails_in_force },
		{ NOTICE_WEEK_BEFORE, plan->from_at - 7 * DAY_S, plan->mails_week_before },
		{ NOTICE_DAY_BEFORE, plan->from_at - DAY_S, plan->mails_day_before },
		{ NOTICE_IN_FORCE, plan->mails_in_force ? plan->from_at : plan->first_mail_at, true },
	};
	enum err err = notices_drop(db, organization);

	for (size_t i = 0; i < COUNT(notices) && !err; i++)
		if (notices[i].due)
			err = notice_put(db, organization, notices[i].kind, notices[i].due_at);
	db_wake(db, DB_WAKE_NOTICES);
	return err;
}

/* The demand is switched on, or its date moved: by somebody who meets it, so that they cannot lock themselves out. */
static enum err demand(struct db *db, const struct changing *changing, const struct security *before, struct mandate *mandate)
{
	const struct call *call = changing->call;
	const struct number *grace = &changing->change->grace_days;
	const struct id *organization = &call->membership->organization;
	struct demand_plan *plan = changing->plan;
	char details[DETAILS_TEXT];
	enum err err = make_plan(db, changing, before, true, plan);

	if (err || !plan->changes)
		return err;
	mandate->required = true;
	mandate->from_at = plan->from_at;
	mandate->set_at = call->now_s;
	snprintf(mandate->set_by, sizeof(mandate->set_by), "%s", call->caller->account.email);
	snprintf(details, sizeof(details), "grace %" PRId64 " days%s", grace->given ? grace->value : 0, plan->suspends ? ", was in force" : "");
	if ((err = put_notices(db, organization, plan)))
		return err;
	return organization_log(db, call, organization, AUDIT_TWO_STEP_DEMANDED, (struct about){ .details = details });
}

static enum err release(struct db *db, const struct changing *changing, struct mandate *mandate)
{
	const struct id *organization = &changing->call->membership->organization;
	enum err err = notices_drop(db, organization);

	if (err)
		return err;
	mandate->required = false;
	mandate->set_at = changing->call->now_s;
	snprintf(mandate->set_by, sizeof(mandate->set_by), "%s", changing->call->caller->account.email);
	return organization_log(db, changing->call, organization, AUDIT_TWO_STEP_NOT_DEMANDED, (struct about){ .details = "" });
}

static enum err change_mandate(struct db *db, const struct changing *changing, const struct security *before)
{
	const struct security_change *change = changing->change;
	const struct switched *asked = &change->two_step_required;
	struct mandate mandate = before->mandate;
	bool wanted = asked->given ? asked->on : mandate.required;
	enum err err = OK;

	if (change->grace_days.given && !wanted)
		return ERR_INVALID;
	if ((err = sessions_end_over(db, &changing->call->membership->organization, changing->call->now_s)))
		return err;
	if (wanted)
		err = demand(db, changing, before, &mandate);
	else if (mandate.required)
		err = release(db, changing, &mandate);
	if (err)
		return err;
	if (change->session_idle_s.given)
		mandate.session_idle_s = change->session_idle_s.value;
	return mandate_put(db, &changing->call->membership->organization, &mandate);
}

static enum err change_rest(struct db *db, const struct changing *changing, const struct security *before)
{
	const struct security_change *change = changing->change;
	const struct call *call = changing->call;
	const struct id *organization = &call->membership->organization;
	enum csv_download csv = change->csv_mode ? changing->csv : before->csv;
	int64_t max_age_s = change->csv_max_age_s.given ? change->csv_max_age_s.value : before->csv_max_age_s;
	int64_t idle_s = change->session_idle_s.given ? change->session_idle_s.value : before->mandate.session_idle_s;
	char details[DETAILS_TEXT];
	enum err err;

	if (!change->csv_mode && !change->csv_max_age_s.given && !change->session_idle_s.given)
		return OK;
	if ((err = csv_put(db, organization, csv, max_age_s)))
		return err;
	snprintf(details, sizeof(details), "csv %s, second step at most %" PRId64 " s old; sessions idle %" PRId64 " s", csv_names[csv],
	         max_age_s, idle_s);
	return organization_log(db, call, organization, AUDIT_SECURITY_CHANGED, (struct about){ .details = details });
}

static enum err change_it(struct db *db, void *argument)
{
	const struct changing *changing = argument;
	struct membership now;
	struct security before;
	enum err err;

	if ((err = membership_now(db, changing->call, RIGHT_SET_SECURITY, &now)) ||
	    (err = find(db, &now.organization, &now.account, &before)) || (err = change_mandate(db, changing, &before)) ||
	    (err = change_rest(db, changing, &before)))
		return err;
	return find(db, &now.organization, &now.account, changing->out);
}

enum err security_change(struct call *call, const struct security_change *change, struct security *out, struct demand_plan *plan)
{
	struct demand_plan made = { .changes = false };
	struct changing changing = { .call = call, .change = change, .out = out, .plan = &made };
	enum err err = read_change(call, change, &changing.csv);

	if (err)
		return err;
	err = store_change(call->store, change_it, &changing);
	if (!err && plan)
		*plan = made;
	return err == ERR_INVALID ? blame(call, "grace_days", err) : err;
}

static enum err allows_download(enum csv_download csv, int64_t max_age_s, const struct caller *caller, int64_t at_s)
{
	switch (csv) {
	case CSV_MANAGERS:
		return OK;
	case CSV_FRESH:
		if (!caller->two_step)
			return ERR_OWN_TWO_STEP_FIRST;
		return caller->session.second_step_at + max_age_s >= at_s ? OK : ERR_NEEDS_SECOND_STEP;
	case CSV_OFF:
	default:
		return ERR_DOWNLOAD_OFF;
	}
}

enum err security_may_download(struct call *call)
{
	struct security security;
	enum err err = security_look(call, &security);

	return err ? err : allows_download(security.csv, security.csv_max_age_s, call->caller, call->now_s);
}

enum err security_still_downloads(struct db *db, const struct id *organization, const struct caller *caller, int64_t began_at)
{
	enum csv_download csv = CSV_OFF;
	int64_t max_age_s = 0;
	enum err err = csv_select(db, organization, &csv, &max_age_s);

	return err ? err : allows_download(csv, max_age_s, caller, began_at);
}
