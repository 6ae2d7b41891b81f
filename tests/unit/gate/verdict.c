/* The verdict of a check, a row a case: nobody gets through who should not, whatever memory holds and wherever the clock went. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/text.h"
#include "gate/verdict.h"

#define NOW    INT64_C(1800000000)
#define IDLE_S 3600
#define DAY_S  86400

static const struct id organization = { { 7 } }, service = { { 9 } };

/* Zeros: an owner who was seen just now, with two-step on and a second step a minute old, at a host that is allowed. */
struct row {
	const char *about;
	enum verdict verdict;
	bool nobody, dead, no_site, waits;          /* waits: the operator has not allowed the host */
	bool stranger, member, no_two_step, never;  /* never: this session has given no second step */
	bool setup_required, demanded;
	bool no_memory;                             /* to read the path with */
	enum service_role service_role;
	int64_t rule_s;                             /* a rule of the service */
	int64_t later_s;                            /* the check comes so much later than memory was filled */
	int64_t demand_in_s;                        /* a demand will be in force, or end what is unused since before it was */
	int64_t seen_ago_s, idle_s, ends_in_s;      /* idle_s 0: IDLE_S; ends_in_s 0: in a day */
	const char *path;
};

static const struct row rows[] = {
	{ .about = "an owner", .verdict = VERDICT_OK },
	{ .about = "nobody", .verdict = VERDICT_NOT_SIGNED_IN, .nobody = true },
	{ .about = "nobody, no site", .verdict = VERDICT_NOT_SIGNED_IN, .nobody = true, .no_site = true },
	{ .about = "something of the person has changed", .verdict = VERDICT_UNSURE, .dead = true },
	{ .about = "changed, no site", .verdict = VERDICT_UNSURE, .dead = true, .no_site = true },
	{ .about = "no service has the host", .verdict = VERDICT_FORBIDDEN, .no_site = true },
	{ .about = "a host that waits", .verdict = VERDICT_FORBIDDEN, .waits = true },
	{ .about = "of another organization", .verdict = VERDICT_FORBIDDEN, .stranger = true },
	{ .about = "a member without a role", .verdict = VERDICT_FORBIDDEN, .member = true },
	{ .about = "a viewer", .verdict = VERDICT_OK, .member = true, .service_role = SERVICE_VIEWER },
	{ .about = "an operator", .verdict = VERDICT_OK, .member = true, .service_role = SERVICE_OPERATOR },
	{ .about = "a role that is none", .verdict = VERDICT_FORBIDDEN, .member = true, .service_role = SERVICE_MANAGER + 1 },
	{ .about = "a role on a service of an organization that was left", .verdict = VERDICT_FORBIDDEN, .stranger = true,
	  .service_role = SERVICE_VIEWER },

	{ .about = "two-step off, nobody asks", .verdict = VERDICT_OK, .no_two_step = true, .never = true },
	{ .about = "two-step was reset", .verdict = VERDICT_RESTRICTED, .no_two_step = true, .never = true, .setup_required = true },
	{ .about = "a demand, two-step off", .verdict = VERDICT_RESTRICTED, .no_two_step = true, .never = true, .demanded = true },
	{ .about = "a demand, two-step off, a second step of an earlier enrolment", .verdict = VERDICT_RESTRICTED, .no_two_step = true,
	  .demanded = true },
	{ .about = "a demand, a remembered device", .verdict = VERDICT_RESTRICTED, .never = true, .demanded = true },
	{ .about = "a demand that is met", .verdict = VERDICT_OK, .demanded = true },
	{ .about = "a demand that is not in force yet", .verdict = VERDICT_OK, .never = true, .demand_in_s = 100, .later_s = 99 },
	{ .about = "a demand that time alone brought into force", .verdict = VERDICT_UNSURE, .never = true, .demand_in_s = 100,
	  .later_s = 100 },
	{ .about = "long after", .verdict = VERDICT_UNSURE, .never = true, .demand_in_s = 100, .later_s = 1000 },
	{ .about = "a stranger under a demand is told nothing of it", .verdict = VERDICT_FORBIDDEN, .stranger = true, .demanded = true,
	  .never = true },

	{ .about = "a rule that is met", .verdict = VERDICT_OK, .rule_s = 60 },
	{ .about = "a second too old", .verdict = VERDICT_NEEDS_SECOND_STEP, .rule_s = 60, .later_s = 1 },
	{ .about = "a rule, two-step off", .verdict = VERDICT_NEEDS_SECOND_STEP, .rule_s = 60, .no_two_step = true, .never = true },
	{ .about = "a rule, a remembered device", .verdict = VERDICT_NEEDS_SECOND_STEP, .rule_s = 60, .never = true },
	{ .about = "a rule for other paths", .verdict = VERDICT_OK, .rule_s = 60, .never = true, .path = "/elsewhere" },
	{ .about = "a rule, another reading", .verdict = VERDICT_NEEDS_SECOND_STEP, .rule_s = 60, .never = true, .path = "/x/../EXPORT/a" },
	{ .about = "a path that nobody can read", .verdict = VERDICT_MALFORMED, .rule_s = 60, .path = "/export/%zz" },
	{ .about = "the same by nobody", .verdict = VERDICT_MALFORMED, .rule_s = 60, .path = "/export/%zz", .nobody = true },
	{ .about = "a path that memory ends for", .verdict = VERDICT_NO_MEMORY, .rule_s = 60, .no_memory = true,
	  .path = "/export/caf%C3%A9" },
	{ .about = "a path that no rule is about, and memory ends for", .verdict = VERDICT_NO_MEMORY, .rule_s = 60, .no_memory = true,
	  .path = "/caf%C3%A9" },

	{ .about = "idle for long", .verdict = VERDICT_UNSURE, .seen_ago_s = IDLE_S },
	{ .about = "nearly so", .verdict = VERDICT_OK, .seen_ago_s = IDLE_S - 1 },
	{ .about = "idle since before a demand came into force", .verdict = VERDICT_OK, .seen_ago_s = 10 * IDLE_S, .demanded = true,
	  .idle_s = DAY_S, .demand_in_s = IDLE_S, .later_s = IDLE_S - 1 },
	{ .about = "and idle since then", .verdict = VERDICT_UNSURE, .seen_ago_s = 10 * IDLE_S, .demanded = true, .idle_s = DAY_S,
	  .demand_in_s = IDLE_S, .later_s = IDLE_S },
	{ .about = "idle under one demand, and another came just now", .verdict = VERDICT_UNSURE, .seen_ago_s = IDLE_S, .demanded = true,
	  .demand_in_s = IDLE_S },
	{ .about = "at its end", .verdict = VERDICT_UNSURE, .ends_in_s = 50, .later_s = 50 },
	{ .about = "just before", .verdict = VERDICT_OK, .ends_in_s = 50, .later_s = 49 },

	{ .about = "the clock went back an hour", .verdict = VERDICT_OK, .later_s = -3600 },
	{ .about = "a second step from a future that the clock has left", .verdict = VERDICT_NEEDS_SECOND_STEP, .rule_s = 60,
	  .later_s = -3600 },
	{ .about = "the clock went back behind a demand", .verdict = VERDICT_RESTRICTED, .never = true, .demanded = true,
	  .later_s = -DAY_S },
	{ .about = "the clock went far ahead", .verdict = VERDICT_UNSURE, .later_s = INT64_C(200) * 366 * DAY_S },
	{ .about = "the clock is at 1970", .verdict = VERDICT_NEEDS_SECOND_STEP, .rule_s = 60, .later_s = -NOW },
};

static bool no_memory;

enum err __real_text_nfc(const char *text, char *out, size_t room);
enum err __wrap_text_nfc(const char *text, char *out, size_t room);

enum err __wrap_text_nfc(const char *text, char *out, size_t room)
{
	return no_memory ? ERR_MEMORY : __real_text_nfc(text, out, room);
}

static struct person *person_of(const struct row *row)
{
	struct person *person = calloc(1, sizeof(*person) + 2 * (ID_BYTES + 1));
	uint8_t *at = person->data;

	if (!row->stranger) {
		memcpy(at, organization.bytes, ID_BYTES);
		at[ID_BYTES] = row->member ? ROLE_MEMBER : ROLE_OWNER;
		at += ID_BYTES + 1;
		person->organizations = 1;
	}
	if (row->service_role) {
		memcpy(at, service.bytes, ID_BYTES);
		at[ID_BYTES] = (uint8_t)row->service_role;
		person->services = 1;
	}
	person->two_step = !row->no_two_step;
	person->setup_required = row->setup_required;
	person->demanded = row->demanded;
	person->idle_s = (uint32_t)(row->idle_s ? row->idle_s : IDLE_S);
	person->valid_until = row->demand_in_s ? NOW + row->demand_in_s : 0;
	atomic_store(&person->dead, row->dead);
	return person;
}

static enum verdict verdict_of_row(const struct row *row, struct person *person)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	struct rule rule;
	struct pass pass = {
		.person = person,
		.ends_at = NOW + (row->ends_in_s ? row->ends_in_s : DAY_S),
		.second_step_at = row->never ? 0 : NOW - 60,
	};
	struct site site = { .service = service, .organization = organization, .allowed = !row->waits, .rules = &rule };
	const char *path = row->path ? row->path : "/export/a";
	struct asked asked = { .method = { "GET", 3 }, .path = { path, strlen(path) } };
	struct check check = { .asked = &asked, .now_s = NOW + row->later_s };

	atomic_store(&pass.last_seen, NOW - row->seen_ago_s);
	if (row->rule_s) {
		assert_int_equal(rule_load(&arena, "/export/*", "GET", row->rule_s, &rule), OK);
		site.rule_count = 1;
	}
	check.site = row->no_site ? NULL : &site;
	check.pass = row->nobody ? NULL : &pass;
	no_memory = row->no_memory;
	enum verdict verdict = verdict_of(&check);
	no_memory = false;
	return verdict;
}

static void is_what_the_facts_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct person *person = person_of(&rows[i]);
		enum verdict verdict = verdict_of_row(&rows[i], person);

		free(person);
		if (verdict != rows[i].verdict)
			fail_msg("%s: %d, not %d", rows[i].about, (int)verdict, (int)rows[i].verdict);
	}
}

/* Two hundred organizations: each is found, and those beyond the bits are never taken for on record. */
static void finds_one_of_many(void **state)
{
	enum { MANY = 200 };
	struct person *person = calloc(1, sizeof(*person) + MANY * (ID_BYTES + 1));
	struct pass pass = { .person = person, .on_record = 0xffff, .ends_at = UINT32_MAX };
	struct site site = { .allowed = true };
	struct asked asked = { .method = { "GET", 3 }, .path = { "/", 1 } };

	(void)state;
	for (int i = 0; i < MANY; i++)
		person->data[i * (ID_BYTES + 1)] = (uint8_t)i, person->data[i * (ID_BYTES + 1) + ID_BYTES] = ROLE_OWNER;
	person->organizations = MANY;
	person->two_step = true;
	person->idle_s = IDLE_S;
	atomic_store(&pass.last_seen, NOW);
	for (int i = 0; i < 256; i++) {
		struct check check = { .site = &site, .pass = &pass, .asked = &asked, .now_s = NOW };

		site.organization = (struct id){ { (uint8_t)i } };
		assert_int_equal(verdict_of(&check), i < MANY ? VERDICT_OK : VERDICT_FORBIDDEN);
		assert_int_equal(check.place, i < MANY ? i : -1);
		assert_int_equal(verdict_on_record(&check), i < PASS_RECORDS);
	}
	free(person);
}

#define MARK (UINT64_C(6) << 32)

/* A proof counts as noted for the host whose rule asked, and where none asks nothing is due. */
static void tells_whether_a_proof_is_on_record(void **state)
{
	static const struct { int64_t max_age_s; uint64_t noted, mark; bool on_record; } cases[] = {
		{ 0, 0, MARK, true }, { 60, 0, MARK, false }, { 60, 2 * MARK, MARK, false }, { 60, MARK, MARK, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct site noted = { .mark = cases[i].noted };
		struct pass pass = { .proven = noted.mark ? site_proof_mark(&noted) : 0 };
		struct site site = { .mark = cases[i].mark };
		struct check check = { .site = &site, .pass = &pass, .max_age_s = cases[i].max_age_s };

		if (verdict_proof_on_record(&check) != cases[i].on_record)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_what_the_facts_say),
		cmocka_unit_test(finds_one_of_many),
		cmocka_unit_test(tells_whether_a_proof_is_on_record),
	};

	return cmocka_run_group_tests_name("gate/verdict", tests, NULL, NULL);
}
