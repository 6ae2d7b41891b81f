#include "gate/facts.h"

#include <stdio.h>
#include <stdlib.h>

#include "organizations/hosts.h"
#include "organizations/membership.h"
#include "organizations/services.h"

#include "base/banned.h"

#define PERSON_BYTES_MAX (1u << 20) /* 200 organisations with all roles on all services come nowhere near */

/* Pairs of id and role, by id. */
static enum err add_pairs(struct db_rows *rows, struct buf *out, uint16_t *count)
{
	enum err err;

	for (*count = 0; !(err = db_next(rows)); *count += 1) {
		struct id id;

		if (*count == UINT16_MAX || (err = db_get_id(rows, 0, &id)))
			return ERR_STORE;
		buf_add(out, id.bytes, ID_BYTES);
		buf_char(out, (char)db_get_int(rows, 1));
	}
	return err == ERR_NOT_FOUND ? OK : err;
}

static enum err add_organizations(struct db *db, const struct id *account, struct buf *out, uint16_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT organization_id, role FROM membership WHERE account_id = $1 ORDER BY organization_id", db_id(account));

	return err ? err : add_pairs(&rows, out, count);
}

static enum err add_services(struct db *db, const struct id *account, struct buf *out, uint16_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT r.service_id, r.role FROM membership m JOIN service_role r"
	        " ON r.organization_id = m.organization_id AND r.account_id = m.account_id"
	        " WHERE m.account_id = $1 ORDER BY r.service_id", db_id(account));

	return err ? err : add_pairs(&rows, out, count);
}

/* Those parts that do not vary in length. */
static void set_person(struct person *person, const struct caller *caller, int64_t now_s)
{
	const struct demand *demand = &caller->demand;

	memcpy(&person->entry.hash, caller->account.id.bytes, sizeof(person->entry.hash));
	person->account = caller->account.id;
	person->two_step = caller->two_step;
	person->setup_required = caller->account.setup_required_at != 0;
	person->demanded = demand->in_force;
	person->idle_s = (uint32_t)(demand->idle_s ? demand->idle_s : SESSION_IDLE_S);
	person->valid_until = demand->next_at > now_s ? demand->next_at : 0;
}

enum err person_load(struct db *db, const struct caller *caller, int64_t now_s, struct person **out)
{
	SCOPED(buf_done) struct buf data = { .limit = PERSON_BYTES_MAX };
	struct person counts = { 0 }, *person;
	const struct account *account = &caller->account;
	size_t pairs;
	enum err err;

	if ((err = add_organizations(db, &account->id, &data, &counts.organizations)) ||
	    (err = add_services(db, &account->id, &data, &counts.services)))
		return err;
	buf_text(&data, account->email);
	counts.email_bytes = (uint16_t)strlen(account->email);
	pairs = data.length;
	url_component(&data, account->name);
	counts.name_bytes = (uint16_t)(data.length - pairs);
	if (data.failed || !(person = calloc(1, sizeof(*person) + data.length)))
		return ERR_MEMORY;
	person->organizations = counts.organizations;
	person->services = counts.services;
	person->email_bytes = counts.email_bytes;
	person->name_bytes = counts.name_bytes;
	memcpy(person->data, data.bytes, data.length);
	set_person(person, caller, now_s);
	*out = person;
	return OK;
}

/* In whose logs the sign-in stands, as far as there are bits for it. */
static enum err read_records(struct db *db, const struct id *session, const struct person *person, uint16_t *bits)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows, "SELECT organization_id FROM session_organization WHERE session_id = $1", db_id(session));

	for (*bits = 0; !err && !(err = db_next(&rows));) {
		enum role role;
		struct id id;
		int at;

		if ((err = db_get_id(&rows, 0, &id)))
			return err;
		if ((at = person_organization(person, &id, &role)) >= 0 && at < PASS_RECORDS)
			*bits |= (uint16_t)(1u << at);
	}
	return err == ERR_NOT_FOUND ? OK : err;
}

/* A demand counts a session's day from when it came into force, at the earliest: caller_expires_at. */
static int64_t ends_at(const struct caller *caller)
{
	const struct session *session = &caller->session;
	const struct demand *demand = &caller->demand;
	int64_t from = session->signed_in_at > demand->from_at ? session->signed_in_at : demand->from_at;

	if (!demand->in_force || from + SESSION_DEMANDED_S > session->ends_at)
		return session->ends_at;
	return from + SESSION_DEMANDED_S;
}

enum err pass_load(struct db *db, const struct caller *caller, const struct person *person, const struct token_digest *token,
                   const char *host, struct pass **out)
{
	const struct session *session = &caller->session;
	bool second_step = session->second_step_at && id_same(&session->enrolment, &caller->enrolment);
	struct pass *pass;
	uint16_t records;
	enum err err = read_records(db, &session->id, person, &records);

	if (err)
		return err;
	if (!(pass = calloc(1, sizeof(*pass))))
		return ERR_MEMORY;
	memcpy(&pass->entry.hash, token->bytes, sizeof(pass->entry.hash));
	memcpy(&pass->digest, token->bytes + sizeof(pass->entry.hash), sizeof(pass->digest));
	memcpy(pass->session, session->id.bytes, ID_BYTES);
	pass->host = host ? host_mark(host) : 0;
	pass->ends_at = ends_at(caller);
	pass->second_step_at = second_step ? session->second_step_at : 0;
	pass->on_record = records;
	pass->methods = (uint8_t)session->methods;
	atomic_init(&pass->last_seen, session->last_seen_at);
	*out = pass;
	return OK;
}

static enum err read_site(struct db *db, const char *host, struct site *site)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT s.id, s.organization_id, s.assertion FROM service_host h JOIN service s ON s.id = h.service_id"
	        " WHERE h.host = $1", db_text(host));

	if (err || (err = db_get_id(&rows, 0, &site->service)) || (err = db_get_id(&rows, 1, &site->organization)))
		return err;
	site->assertion = db_get_int(&rows, 2) != 0;
	return OK;
}

static enum err read_rules(struct db *db, struct site *site)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct rule rules[SERVICE_RULES_MAX], *kept;
	size_t count = 0;
	enum err err = db_query(db, &rows,
	        "SELECT path, methods, second_step_max_age_s FROM service_rule WHERE service_id = $1 ORDER BY place",
	        db_id(&site->service));

	while (!err && !(err = db_next(&rows))) {
		if (count == SERVICE_RULES_MAX)
			return ERR_STORE; /* a rule that is not looked at would be a door */
		if ((err = rule_load(&site->arena, db_get_text(&rows, 0), db_get_text(&rows, 1), db_get_int(&rows, 2), &rules[count++])))
			return err;
	}
	if (err != ERR_NOT_FOUND || !count)
		return err == ERR_NOT_FOUND ? OK : err;
	if (!(kept = arena_alloc(&site->arena, count * sizeof(*kept))))
		return ERR_MEMORY;
	memcpy(kept, rules, count * sizeof(*kept));
	site->rules = kept;
	site->rule_count = count;
	return OK;
}

enum err site_load(struct db *db, const struct settings *settings, const char *host, struct site **out)
{
	struct site *site = calloc(1, sizeof(*site));
	enum host_state state = HOST_WAITING;
	enum err err;

	if (!site)
		return ERR_MEMORY;
	if ((err = read_site(db, host, site)) || (err = read_rules(db, site)) ||
	    (err = host_state(db, settings, host, &site->organization, &state))) {
		site_free(site);
		return err;
	}
	snprintf(site->host, sizeof(site->host), "%s", host);
	site->entry.hash = host_hash(host);
	site->mark = host_mark(host);
	site->allowed = state == HOST_ALLOWED;
	*out = site;
	return OK;
}
