#include "organizations/members.h"

#include <stdio.h>
#include <stdlib.h>

#include "accounts/caller.h"
#include "accounts/password_try.h"
#include "base/text.h"
#include "organizations/cursor.h"
#include "organizations/invitations.h"
#include "organizations/log.h"
#include "organizations/members_sql.h"
#include "store/store.h"

#include "base/banned.h"

#define PATTERN_ESCAPE '!'

enum err member_sort_read(struct call *call, const char *text, enum member_sort *out)
{
	static const char *const names[] = { [SORT_EMAIL] = "email", [SORT_NAME] = "name", [SORT_LAST_SEEN] = "last_seen" };

	if (!text) {
		*out = SORT_EMAIL;
		return OK;
	}
	for (size_t i = 0; i < COUNT(names); i++)
		if (!strcmp(text, names[i])) {
			*out = (enum member_sort)i;
			return OK;
		}
	return blame(call, "sort", ERR_INVALID);
}

/* A pattern of LIKE that finds the text anywhere, without letter case; what LIKE reads as more than itself is escaped. */
static const char *pattern_of(struct call *call, const char *search)
{
	char folded[ACCOUNT_NAME_KEY], *pattern, *to;

	if (text_fold(search, folded, sizeof(folded)) || !(pattern = arena_alloc(call->arena, strlen(folded) * 2 + 3)))
		return NULL;
	to = pattern;
	*to++ = '%';
	for (const char *from = folded; *from; from++) {
		if (*from == '%' || *from == '_' || *from == PATTERN_ESCAPE)
			*to++ = PATTERN_ESCAPE;
		*to++ = *from;
	}
	*to++ = '%';
	*to = '\0';
	return pattern;
}

struct look {
	struct call *call;
	struct member_rows rows;
	size_t wanted;
	struct member *members;
	size_t count;
	struct member_place last;
	bool more;
};

static enum err add_services(struct db *db, struct call *call, struct member *member)
{
	struct service_grant found[SERVICES_MAX], *kept;
	enum err err = grants_select(db, &call->membership->organization, &member->account, member->role, found, SERVICES_MAX,
	        &member->service_count);

	if (err || !member->service_count)
		return err;
	if (!(kept = arena_alloc(call->arena, member->service_count * sizeof(*kept))))
		return ERR_MEMORY;
	memcpy(kept, found, member->service_count * sizeof(*kept));
	member->services = kept;
	return OK;
}

static enum err look(struct db *db, void *argument)
{
	struct look *look = argument;
	enum err err = members_select(db, &look->rows, look->members, look->wanted, &look->count, &look->last, &look->more);

	for (size_t i = 0; i < look->count && !err; i++)
		err = add_services(db, look->call, &look->members[i]);
	return err;
}

static enum err read_after(struct call *call, const struct members_query *query, struct member_place *out)
{
	char *end = NULL;

	if (!query->after)
		return OK;
	if (cursor_read(query->after, out->text, sizeof(out->text), &out->account))
		return blame(call, "after", ERR_INVALID);
	out->at_s = strtoll(out->text, &end, 10);
	return query->sort == SORT_LAST_SEEN && (*end || end == out->text) ? blame(call, "after", ERR_INVALID) : OK;
}

static const char *write_after(struct call *call, enum member_sort sort, const struct member_place *last)
{
	char at[24];

	snprintf(at, sizeof(at), "%" PRId64, last->at_s);
	return cursor_write(call->arena, sort == SORT_LAST_SEEN ? at : last->text, &last->account);
}

enum err members_look(struct call *call, const struct members_query *query, struct member_list *out)
{
	struct look argument = { .call = call, .wanted = query->rows,
		.rows = { &call->membership->organization, query->sort, NULL, query->kind, { .at_s = 0 } } };
	bool searches = query->search && *query->search;
	enum err err;

	if ((err = read_after(call, query, &argument.rows.after)))
		return err;
	argument.members = arena_alloc(call->arena, query->rows * sizeof(*argument.members));
	argument.rows.pattern = searches ? pattern_of(call, query->search) : NULL;
	if (!argument.members || (searches && !argument.rows.pattern))
		return ERR_MEMORY;
	if ((err = store_read(call->store, look, &argument)))
		return err;

	*out = (struct member_list){ argument.members, argument.count, NULL };
	if (argument.more && !(out->next = write_after(call, query->sort, &argument.last)))
		return ERR_MEMORY;
	return OK;
}

struct one {
	struct call *call;
	struct id account;
	struct member *out;
};

static enum err look_at_one(struct db *db, void *argument)
{
	const struct one *one = argument;
	enum err err = member_select(db, &one->call->membership->organization, &one->account, one->out);

	return err ? err : add_services(db, one->call, one->out);
}

enum err member_look(struct call *call, const char *account, struct member *out)
{
	struct one one = { .call = call, .out = out };
	enum err err = id_parse(account, &one.account);

	return err ? err : store_read(call->store, look_at_one, &one);
}

struct holders {
	struct call *call;
	struct id service;
	char after[EMAIL_TEXT];
	struct member *members;
	struct service_grant *grants;
	size_t rows, count;
};

static enum err find_holders(struct db *db, void *argument)
{
	struct holders *holders = argument;

	return service_holders_select(db, &holders->call->membership->organization, &holders->service, holders->after,
	        holders->members, holders->grants, holders->rows, &holders->count);
}

enum err service_holders_look(struct call *call, const char *service, const char *after, size_t rows, struct member_list *out)
{
	struct holders holders = { .call = call, .members = arena_alloc(call->arena, (rows + 1) * sizeof(*holders.members)),
		.grants = arena_alloc(call->arena, (rows + 1) * sizeof(*holders.grants)), .rows = rows + 1 };
	struct id behind;
	enum err err;

	if (!holders.members || !holders.grants)
		return ERR_MEMORY;
	if ((err = id_parse(service, &holders.service)))
		return err;
	if (after && cursor_read(after, holders.after, sizeof(holders.after), &behind))
		return blame(call, "after", ERR_INVALID);
	if ((err = store_read(call->store, find_holders, &holders)))
		return err;
	*out = (struct member_list){ holders.members, holders.count, NULL };
	if (holders.count <= rows)
		return OK;
	out->count = rows;
	out->next = cursor_write(call->arena, holders.members[rows - 1].email, &holders.members[rows - 1].account);
	return out->next ? OK : ERR_MEMORY;
}

enum err grants_read(struct call *call, enum role role, const struct grant_asked *asked, size_t count, struct service_grant **out)
{
	struct service_grant *grants = arena_alloc(call->arena, (count + 1) * sizeof(*grants));

	if (!grants)
		return ERR_MEMORY;
	if (count > SERVICES_MAX || (count && role != ROLE_MEMBER))
		return blame(call, "services", ERR_INVALID);
	for (size_t i = 0; i < count; i++) {
		if (id_parse(asked[i].id, &grants[i].service) || service_role_read(asked[i].role, &grants[i].role))
			return blame(call, "services", ERR_INVALID);
		for (size_t j = 0; j < i; j++)
			if (id_same(&grants[i].service, &grants[j].service))
				return blame(call, "services", ERR_INVALID);
	}
	*out = grants;
	return OK;
}

struct change {
	struct call *call;
	struct id account;
	enum role role; /* ROLE_NONE: as it is */
	const struct grant_asked *asked; /* NULL: services as they are */
	size_t count;
	struct member *out;
};

/* Manager is given or taken by who is present; the rest may rest on an older proof. */
static enum err may_change_role(const struct change *change, const struct member *member)
{
	const struct call *call = change->call;
	bool changes = change->role != ROLE_NONE && change->role != member->role;
	enum err err;

	if (!changes)
		return OK;
	if ((err = caller_fresh(call->caller, FRESH_PROOFS, call->now_s)))
		return err;
	return member->role == ROLE_OWNER ? ERR_LAST_OWNER : OK;
}

/* What a member holds now, in words, for the log: "manager" or "member; Shop: viewer". */
static enum err describe(struct db *db, struct call *call, struct member *member, struct buf *out)
{
	enum err err = add_services(db, call, member);

	buf_text(out, role_name(member->role));
	for (size_t i = 0; !err && member->role == ROLE_MEMBER && i < member->service_count; i++) {
		buf_text(out, "; ");
		buf_text(out, member->services[i].name);
		buf_text(out, ": ");
		buf_text(out, service_role_name(member->services[i].role));
	}
	return err ? err : buf_check(out);
}

static enum err put_roles(struct db *db, const struct change *change, const struct membership *now, const struct member *member)
{
	enum role role = change->role == ROLE_NONE ? member->role : change->role;
	struct service_grant *grants = NULL;
	enum err err = OK;

	if (change->asked && (err = grants_read(change->call, role, change->asked, change->count, &grants)))
		return err;
	if (role != member->role)
		err = member_set_role(db, &now->organization, &member->account, member->role, role);
	if (!err && !role_may(role, RIGHT_INVITE))
		err = invitations_cancel_by(db, &now->organization, &member->account);
	if (!err && (grants || role != ROLE_MEMBER))
		err = grants_put(db, &now->organization, &member->account, grants, grants ? change->count : 0);
	return err;
}

static enum err change_it(struct db *db, void *argument)
{
	SCOPED(buf_done) struct buf details = { 0 };
	const struct change *change = argument;
	struct call *call = change->call;
	struct membership now;
	struct member member;
	enum err err;

	if ((err = membership_now(db, call, RIGHT_CHANGE_MEMBERS, &now)) ||
	    (err = member_select(db, &now.organization, &change->account, &member)))
		return err;
	if (!role_may_on(now.role, RIGHT_CHANGE_MEMBERS, member.role))
		return ERR_FORBIDDEN;
	if ((err = may_change_role(change, &member)) || (err = put_roles(db, change, &now, &member)) ||
	    (err = member_select(db, &now.organization, &change->account, change->out)) ||
	    (err = describe(db, call, change->out, &details)))
		return err;
	return organization_log(db, call, &now.organization, AUDIT_MEMBER_CHANGED,
	        (struct about){ &change->account, change->out->email, buf_string(&details) });
}

enum err member_change(struct call *call, const char *account, const char *role, const struct grant_asked *services, size_t count,
                       struct member *out)
{
	struct change change = { .call = call, .asked = services, .count = count, .out = out };
	enum err err = id_parse(account, &change.account);

	if (err)
		return err;
	if (role && (role_read(role, &change.role) || change.role == ROLE_OWNER))
		return blame(call, "role", ERR_INVALID); /* ownership is handed over, not given */
	err = store_change(call->store, change_it, &change);
	return err == ERR_INVALID ? blame(call, "services", err) : err == ERR_LAST_OWNER ? blame(call, "role", err) : err;
}

static enum err remove_it(struct db *db, void *argument)
{
	const struct one *one = argument;
	struct call *call = one->call;
	bool leaves = id_same(&one->account, &call->caller->account.id);
	enum right right = leaves ? RIGHT_SEE : RIGHT_CHANGE_MEMBERS;
	struct membership now;
	struct member member;
	enum err err;

	if ((err = membership_now(db, call, right, &now)) || (err = member_select(db, &now.organization, &one->account, &member)))
		return err;
	if (!leaves && !role_may_on(now.role, right, member.role))
		return ERR_FORBIDDEN;
	if (member.role == ROLE_OWNER)
		return ERR_LAST_OWNER;
	if ((err = organization_log(db, call, &now.organization, leaves ? AUDIT_MEMBER_LEFT : AUDIT_MEMBER_REMOVED,
	             (struct about){ &one->account, member.email, role_name(member.role) })) ||
	    (err = invitations_cancel_by(db, &now.organization, &one->account)) ||
	    (err = sessions_end_over_of(db, &now.organization, &one->account, call->now_s)))
		return err;
	return member_drop(db, &now.organization, &one->account);
}

enum err member_remove(struct call *call, const char *account)
{
	struct one one = { .call = call };
	bool leaves = !id_parse(account, &one.account) && id_same(&one.account, &call->caller->account.id);

	/* a member who may not remove learns nothing of who is there */
	if (!leaves && !role_may(call->membership->role, RIGHT_CHANGE_MEMBERS))
		return ERR_FORBIDDEN;
	enum err err = id_parse(account, &one.account);

	return err ? err : store_change(call->store, remove_it, &one);
}

enum err owner_put(struct db *db, const struct call *call, const struct id *organization, const struct id *account, int64_t most)
{
	struct member member;
	struct id before;
	enum err err;

	if ((err = member_select(db, organization, account, &member)) || (err = organization_owner(db, organization, &before)))
		return err;
	if (id_same(&before, account))
		return OK;
	if ((err = member_set_role(db, organization, &before, ROLE_OWNER, ROLE_MANAGER)) ||
	    (err = member_set_owner(db, organization, account, most)) ||
	    (err = grants_put(db, organization, account, NULL, 0)))
		return err;
	return organization_log(db, call, organization, AUDIT_OWNER_CHANGED, (struct about){ account, member.email, "" });
}

static enum err hand_over(struct db *db, void *argument)
{
	const struct one *one = argument;
	struct membership now;
	enum err err = membership_now(db, one->call, RIGHT_HAND_OVER, &now);

	return err ? err : owner_put(db, one->call, &now.organization, &one->account, OWNED_MAX);
}

enum err owner_hand_over(struct call *call, const char *account)
{
	struct one one = { .call = call };
	enum err err = id_parse(account, &one.account);

	if (err)
		return err;
	if (id_same(&one.account, &call->caller->account.id))
		return blame(call, "account_id", ERR_INVALID);
	err = store_change(call->store, hand_over, &one);
	return err == ERR_ORGANIZATION_LIMIT ? blame(call, "account_id", err) : err;
}
