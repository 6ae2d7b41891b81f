#include "organizations/audit_log.h"

#include <stdlib.h>
#include <time.h>

#include "accounts/account.h"
#include "accounts/password_try.h"
#include "base/clock.h"
#include "organizations/members_sql.h"
#include "store/store.h"

#include "base/banned.h"

#define DAY_S      (24LL * 60 * 60)

/* Whether time_text would write the moment so, up to the end of the text: strptime lets blanks and the 30th of February through. */
static bool is_written(const char *text, int64_t at_s)
{
	char again[TIME_TEXT];

	return !strncmp(text, time_text(at_s, again), strlen(text));
}

/* Written as time_text writes, or the day alone; *day tells which. */
static bool read_moment(const char *text, int64_t *out, bool *day)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d" };

	for (size_t i = 0; i < COUNT(forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);
		int64_t at_s = (int64_t)timegm(&tm);

		if (end && !*end && tm.tm_year >= 0 && is_written(text, at_s)) {
			*out = at_s;
			*day = i == 1;
			return true;
		}
	}
	return false;
}

static enum err read_times(struct call *call, const struct audit_query *query, struct audit_filter *out)
{
	bool day = false;

	if (query->from && !read_moment(query->from, &out->from_s, &day))
		return blame(call, "from", ERR_INVALID);
	if (!query->to)
		return OK;
	if (!read_moment(query->to, &out->to_s, &day))
		return blame(call, "to", ERR_INVALID);
	out->to_s += day ? DAY_S : 1;
	return OK;
}

/* AT.NUMBER, as audit_look wrote it. */
static enum err read_before(struct call *call, const char *text, struct audit_filter *out)
{
	size_t first = strspn(text, "0123456789"), second = text[first] == '.' ? strspn(text + first + 1, "0123456789") : 0;

	if (!first || !second || first > 18 || second > 18 || text[first + 1 + second])
		return blame(call, "before", ERR_INVALID);
	out->before_at = strtoll(text, NULL, 10);
	out->before = strtoll(text + first + 1, NULL, 10);
	return OK;
}

struct finding {
	const struct id *organization;
	const char *email;
	struct id *out;
};

static enum err find_person(struct db *db, void *argument)
{
	const struct finding *finding = argument;

	return member_find_email(db, finding->organization, finding->email, finding->out);
}

/*
 * An address is a person's only while they are in: which one somebody has who left, or never came, is nobody's business here.
 * What stands in the log of it does.
 */
static enum err read_person(struct call *call, const char *text, struct audit_filter *out)
{
	char email[EMAIL_TEXT];
	enum err err;

	out->by_person = true;
	if (!id_parse(text, &out->person))
		return OK;
	if (email_read(text, email))
		return id_new(&out->person);

	struct finding finding = { &call->membership->organization, email, &out->person };
	err = store_read(call->store, find_person, &finding);
	if (err != ERR_NOT_FOUND)
		return err;
	out->by_person = false;
	memcpy(out->words, email, sizeof(email));
	return OK;
}

enum err audit_query_read(struct call *call, struct audit_query *out)
{
	const struct { const char *name, **to; bool may_be_empty; } fields[] = {
		{ "before", &out->before, false }, { "person", &out->person, true }, { "action", &out->action, true },
		{ "from", &out->from, true },      { "to", &out->to, true },
	};
	const char *wrong = NULL;

	for (size_t i = 0; i < COUNT(fields); i++) {
		const char *value = NULL;
		enum err err = query_read(call, fields[i].name, &value);

		if (err && err != ERR_INVALID)
			return err;
		if (err && !wrong)
			wrong = fields[i].name;
		*fields[i].to = value && !*value && fields[i].may_be_empty ? NULL : value;
	}
	return wrong ? blame(call, wrong, ERR_INVALID) : OK;
}

enum err audit_filter_read(struct call *call, const struct audit_query *query, struct audit_filter *out)
{
	enum err err;

	*out = (struct audit_filter){ .before_at = INT64_MAX, .before = INT64_MAX, .to_s = INT64_MAX };
	if (query->action) {
		if (audit_action_find(query->action) == AUDIT_NONE)
			return blame(call, "action", ERR_INVALID);
		out->action = query->action;
	}
	if ((err = read_times(call, query, out)) || (query->before && (err = read_before(call, query->before, out))))
		return err;
	return query->person ? read_person(call, query->person, out) : OK;
}

void audit_filter_after(struct audit_filter *filter, const struct audit_row *last)
{
	filter->before_at = last->at;
	filter->before = last->number;
}

struct look {
	const struct id *organization;
	struct audit_filter filter;
	size_t rows;
	struct audit_list *out;
};

static enum err look(struct db *db, void *argument)
{
	const struct look *look = argument;

	return audit_select(db, look->organization, &look->filter, look->out->rows, look->rows, &look->out->count);
}

enum err audit_look(struct call *call, const struct audit_query *query, struct audit_list *out)
{
	struct look argument = { .organization = &call->membership->organization, .rows = query->rows + 1, .out = out };
	enum err err = audit_filter_read(call, query, &argument.filter);

	if (err)
		return err;
	*out = (struct audit_list){ .rows = arena_alloc(call->arena, argument.rows * sizeof(*out->rows)) };
	if (!out->rows)
		return ERR_MEMORY;
	if ((err = store_read(call->store, look, &argument)) || out->count <= query->rows)
		return err;
	out->count = query->rows;
	const struct audit_row *last = &out->rows[out->count - 1];
	out->next = arena_printf(call->arena, "%" PRId64 ".%" PRId64, last->at, last->number);
	return out->next ? OK : ERR_MEMORY;
}
