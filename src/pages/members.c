/*
 * Organization Management: the tab Members.
 */
#include "organizations/members.h"

#include "accounts/caller.h"
#include "pages/organization.h"
#include "pages/routes.h"
#include "base/banned.h"

/* The list as it was asked for, in the texts of the address. */
struct asked { const char *search, *sort, *after, *two_step; };

/* The same list from another place on; in the arena. */
static const char *list_place(struct call *call, const struct asked *asked, const char *after)
{
	SCOPED(buf_done) struct buf place = { 0 };

	organization_place_add(&place, call, "");
	query_add(&place, "search", asked->search);
	query_add(&place, "sort", asked->sort);
	query_add(&place, "two_step", asked->two_step);
	query_add(&place, "after", after);
	return arena_buf(call->arena, &place);
}

static enum err fill_grants(struct call *call, const struct member *member, struct part_member *out)
{
	struct part_grant *grants;

	out->everywhere = member->role != ROLE_MEMBER;
	if (out->everywhere)
		return OK;
	if (!(grants = arena_alloc(call->arena, (member->service_count + 1) * sizeof(*grants))))
		return ERR_MEMORY;
	for (size_t i = 0; i < member->service_count; i++)
		grants[i] = (struct part_grant){ member->services[i].name, service_role_word(member->services[i].role) };
	out->services = grants;
	out->services_count = member->service_count;
	return OK;
}

static enum err fill(struct call *call, const struct member *member, struct part_member *out)
{
	out->place = organization_member_place(call, &member->account);
	out->name = member->name;
	out->email = member->email;
	out->role = role_word(member->role);
	out->self = id_same(&member->account, &call->caller->account.id);
	out->two_step = member->two_step;
	out->seen = page_time(call, member->last_seen_at);
	out->seen_short = page_day_and_time(call, member->last_seen_at);
	return out->place ? fill_grants(call, member, out) : ERR_MEMORY;
}

static enum members_kind kind_of(const char *two_step)
{
	if (!two_step)
		return MEMBERS_ALL;
	return !strcmp(two_step, "on") ? MEMBERS_WITH : !strcmp(two_step, "off") ? MEMBERS_WITHOUT : MEMBERS_ALL;
}

static enum err read_asked(struct call *call, struct asked *asked, struct members_query *query)
{
	asked->search = query_value(call, "search");
	asked->sort = query_value(call, "sort");
	asked->after = query_value(call, "after");
	asked->two_step = query_value(call, "two_step");
	*query = (struct members_query){ .search = asked->search, .kind = kind_of(asked->two_step), .after = asked->after,
		.rows = MEMBERS_ROWS };
	return member_sort_read(call, asked->sort, &query->sort);
}

static enum err look(struct call *call)
{
	struct part_member rows[MEMBERS_ROWS] = { { .place = NULL } };
	struct members_query query;
	struct member_list found;
	struct asked asked;
	enum err err;

	if ((err = read_asked(call, &asked, &query)) || (err = members_look(call, &query, &found)))
		return err;
	for (size_t i = 0; i < found.count; i++)
		if ((err = fill(call, &found.members[i], &rows[i])))
			return err;
	const struct page_members page = {
		.frame = page_frame(call, NULL, OK),
		.members = rows, .members_count = found.count,
		.search = asked.search,
		.by_name = query.sort == SORT_NAME,
		.by_seen = query.sort == SORT_LAST_SEEN,
		.with = query.kind == MEMBERS_WITH,
		.without = query.kind == MEMBERS_WITHOUT,
		.filtered = query.kind != MEMBERS_ALL || (asked.search && *asked.search),
		.first = asked.after ? list_place(call, &asked, NULL) : NULL,
		.next = found.next ? list_place(call, &asked, found.next) : NULL,
	};
	if (!page.frame || !page.frame->organization)
		return ERR_MEMORY;
	page_members(&call->out->body, call->locale, &page);
	return page_sent(call, OK);
}

const struct route members_pages[] = {
	{ GET, "/organizations/{o}", ACCESS_RIGHT(RIGHT_SEE_MEMBERS), FRESH_NOT, NULL, look },
	ROUTES_END
};
