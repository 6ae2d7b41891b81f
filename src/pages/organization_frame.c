#include "pages/organization.h"

#include <stdlib.h>

#include "accounts/caller.h"
#include "pages/template.h"
#include "base/banned.h"

const char *page_id(struct call *call, const struct id *id)
{
	char text[ID_TEXT];

	return arena_text(call->arena, id_text(id, text));
}

const char *organization_place(struct call *call, const char *rest)
{
	char id[ID_TEXT];

	return arena_printf(call->arena, "/organizations/%s%s", id_text(&call->membership->organization, id), rest);
}

const char *organization_member_place(struct call *call, const struct id *account)
{
	char id[ID_TEXT];
	const char *rest = arena_printf(call->arena, "/members/%s", id_text(account, id));

	return rest ? organization_place(call, rest) : NULL;
}

void organization_place_add(struct buf *out, const struct call *call, const char *rest)
{
	char id[ID_TEXT];

	buf_text(out, "/organizations/");
	buf_text(out, id_text(&call->membership->organization, id));
	buf_text(out, rest);
}

const char *organization_home(struct call *call, const struct id *organization, enum role role)
{
	char id[ID_TEXT];

	return arena_printf(call->arena, "/organizations/%s%s", id_text(organization, id),
	        role_may(role, RIGHT_SEE_MEMBERS) ? "" : "/services");
}

enum err landing_place(struct call *call, const char **place)
{
	struct organization *organizations;
	size_t count;
	enum err err = organizations_look(call, &organizations, &count);

	if (err)
		return err;
	*place = count ? organization_home(call, &organizations[0].id, organizations[0].role) : "/organizations";
	return *place ? OK : ERR_MEMORY;
}

enum msg role_word(enum role role)
{
	static const enum msg words[] = { [ROLE_NONE] = MSG_ROLE_MEMBER, [ROLE_MEMBER] = MSG_ROLE_MEMBER,
		[ROLE_MANAGER] = MSG_ROLE_MANAGER, [ROLE_OWNER] = MSG_ROLE_OWNER };

	return words[role];
}

enum msg service_role_word(enum service_role role)
{
	static const enum msg words[] = { [SERVICE_ROLE_NONE] = MSG_SERVICE_ROLE_NONE, [SERVICE_VIEWER] = MSG_SERVICE_ROLE_VIEWER,
		[SERVICE_OPERATOR] = MSG_SERVICE_ROLE_OPERATOR, [SERVICE_MANAGER] = MSG_SERVICE_ROLE_MANAGER };

	return words[role];
}

static int by_name(const void *a, const void *b)
{
	const struct organization *one = a, *other = b;
	int by = strcasecmp(one->name, other->name);

	return by ? by : memcmp(&one->id, &other->id, sizeof(one->id));
}

void organizations_by_name(struct organization *organizations, size_t count)
{
	qsort(organizations, count, sizeof(*organizations), by_name);
}

/* The caller's, for the menu. */
static void add_choices(struct call *call, struct part_organization *out)
{
	struct organization *found;
	struct part_choice *choices;
	size_t count;

	if (organizations_look(call, &found, &count) || !(choices = arena_alloc(call->arena, (count + 1) * sizeof(*choices))))
		return;
	organizations_by_name(found, count);
	for (size_t i = 0; i < count; i++) {
		choices[i].place = organization_home(call, &found[i].id, found[i].role);
		choices[i].name = found[i].name;
		choices[i].current = id_same(&found[i].id, &call->membership->organization);
	}
	out->choices = choices;
	out->choices_count = count;
}

/* Who demands two-step of the caller, and from when on, where there is time left. */
static void add_due(struct call *call, struct part_frame *frame)
{
	const struct caller *caller = call->caller;
	struct demanding *demands;
	size_t count;

	if (!caller || caller->two_step || !caller->demand.any || caller->demand.in_force ||
	    mandates_look(call, &caller->account.id, &demands, &count))
		return;
	for (size_t i = 0; i < count && !frame->due; i++)
		if (demands[i].from_at == caller->demand.from_at)
			frame->due = demands[i].name;
	frame->due_at = page_time(call, caller->demand.from_at);
	frame->due_short = page_day_and_time(call, caller->demand.from_at);
}

void organization_frame(struct call *call, struct part_frame *frame)
{
	struct part_organization *out;

	add_due(call, frame);
	if (!call->membership || !(out = arena_alloc(call->arena, sizeof(*out))))
		return;
	out->id = page_id(call, &call->membership->organization);
	out->name = call->membership->name;
	out->members = role_may(call->membership->role, RIGHT_SEE_MEMBERS);
	out->audit = role_may(call->membership->role, RIGHT_SEE_AUDIT);
	add_choices(call, out);
	frame->organization = out->id ? out : NULL;
}

void query_add(struct buf *place, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	buf_char(place, strchr(buf_string(place), '?') ? '&' : '?');
	buf_text(place, name);
	buf_char(place, '=');
	url_component(place, value);
}
