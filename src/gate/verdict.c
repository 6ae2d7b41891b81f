#include "gate/verdict.h"

#include "base/banned.h"

/* Time alone may have ended the pass, or let a demand begin to count, since memory was filled. */
static bool is_current(const struct pass *pass, int64_t now_s)
{
	const struct person *person = pass->person;
	int64_t seen = atomic_load_explicit(&pass->last_seen, memory_order_relaxed);

	if (atomic_load_explicit(&person->dead, memory_order_acquire))
		return false;
	if (person->valid_until && now_s >= person->valid_until)
		return false;
	return now_s < pass->ends_at && now_s < seen + person->idle_s;
}

/* As sign_in/caller_fill.c has it. */
static bool is_restricted(const struct pass *pass)
{
	const struct person *person = pass->person;

	if (!person->two_step)
		return person->setup_required || person->demanded;
	return person->demanded && !pass->second_step_at;
}

/* Owner and managers hold manager on every service; others what they were given. */
static bool has_role(struct check *check)
{
	const struct person *person = check->pass->person;

	check->place = person_organization(person, &check->site->organization, &check->role);
	if (check->place < 0 || check->role <= ROLE_NONE || check->role > ROLE_OWNER)
		return false;
	check->service_role = SERVICE_MANAGER;
	if (check->role == ROLE_MEMBER)
		person_service(person, &check->site->service, &check->service_role);
	return check->service_role > SERVICE_ROLE_NONE && check->service_role <= SERVICE_MANAGER;
}

static bool is_young(const struct check *check)
{
	int64_t at = check->pass->second_step_at;

	return at && session_young(at, check->max_age_s, check->now_s);
}

enum verdict verdict_of(struct check *check)
{
	const struct site *site = check->site;
	enum err err;

	check->max_age_s = 0;
	check->place = -1;
	if ((err = rules_need(site ? site->rules : NULL, site ? site->rule_count : 0, check->asked->method, check->asked->path, NULL,
	                      &check->max_age_s)))
		return err == ERR_MEMORY ? VERDICT_NO_MEMORY : VERDICT_MALFORMED;
	if (!check->pass)
		return VERDICT_NOT_SIGNED_IN;
	if (!is_current(check->pass, check->now_s))
		return VERDICT_UNSURE;
	if (!site || !site->allowed || !has_role(check))
		return VERDICT_FORBIDDEN;
	if (is_restricted(check->pass))
		return VERDICT_RESTRICTED;
	return check->max_age_s && !is_young(check) ? VERDICT_NEEDS_SECOND_STEP : VERDICT_OK;
}

bool verdict_on_record(const struct check *check)
{
	return check->place >= 0 && check->place < PASS_RECORDS && (check->pass->on_record & (1u << check->place));
}

bool verdict_proof_on_record(const struct check *check)
{
	return !check->max_age_s || check->pass->proven == site_proof_mark(check->site);
}
