#include "organizations/organization.h"

#include "accounts/caller.h"
#include "accounts/password_try.h"
#include "organizations/cursor.h"
#include "organizations/log.h"
#include "organizations/organization_sql.h"
#include "store/store.h"

#include "base/banned.h"

struct making {
	struct call *call;
	const char *owner_email; /* NULL: the caller */
	struct organization *out;
};

static enum err find_owner(struct db *db, const struct making *making, struct account *out)
{
	const struct caller *caller = making->call->caller;
	enum err err;

	if (making->owner_email)
		return account_find_email(db, making->owner_email, out);
	if ((err = session_lives(db, &caller->session.id)))
		return err;
	return account_find(db, &caller->account.id, out);
}

static enum err make(struct db *db, void *argument)
{
	const struct making *making = argument;
	struct call *call = making->call;
	struct organization *out = making->out;
	struct account owner;
	enum err err;

	if ((err = find_owner(db, making, &owner)) || (err = organization_add(db, &out->id, out->name, call->now_s)) ||
	    (err = membership_add(db, &out->id, &owner, ROLE_OWNER, call->now_s)))
		return err;
	return organization_log(db, call, &out->id, AUDIT_ORGANIZATION_CREATED,
	        (struct about){ .account = &owner.id, .target = owner.email, .details = out->name });
}

static enum err create(struct call *call, const char *name, const char *owner_email, struct organization *out)
{
	struct making making = { call, owner_email, out };
	enum err err;

	*out = (struct organization){ .role = ROLE_OWNER, .last_seen_at = call->now_s };
	if ((err = blame(call, "name", name_read(name, out->name))) || (err = id_new(&out->id)))
		return err;
	return store_change(call->store, make, &making);
}

enum err organization_create(struct call *call, const char *name, struct organization *out)
{
	if (call->settings->organizations != ORGANIZATIONS_SIGNED_IN)
		return ERR_FORBIDDEN;
	return create(call, name, NULL, out);
}

enum err organization_create_for(struct call *call, const char *name, const char *owner_email, struct organization *out)
{
	char email[EMAIL_TEXT];
	enum err err = blame(call, "email", email_read(owner_email, email));

	return err ? err : create(call, name, email, out);
}

struct look {
	const struct call *call;
	struct organization *out;
	size_t *count;
};

static enum err look(struct db *db, void *argument)
{
	const struct look *look = argument;

	return organization_list(db, &look->call->caller->account.id, look->out, MEMBERSHIPS_MAX, look->count);
}

enum err organizations_look(struct call *call, struct organization **out, size_t *count)
{
	struct look argument = { call, arena_alloc(call->arena, MEMBERSHIPS_MAX * sizeof(**out)), count };

	if (!argument.out)
		return ERR_MEMORY;
	*out = argument.out;
	return store_read(call->store, look, &argument);
}

struct paging {
	struct call *call;
	struct organization_place after;
	size_t room;
	struct organization_page *out;
};

static enum err look_by_name(struct db *db, void *argument)
{
	const struct paging *paging = argument;

	return organization_list_by_name(db, &paging->call->caller->account.id, &paging->after, paging->out->organizations,
	        paging->room, &paging->out->count);
}

/* One more than asked for tells whether there are more. */
enum err organizations_page(struct call *call, const char *after, size_t rows, struct organization_page *out)
{
	struct organization_page page = { .organizations = arena_alloc(call->arena, (rows + 1) * sizeof(*page.organizations)) };
	struct paging paging = { .call = call, .room = rows + 1, .out = &page };
	enum err err;

	if (after && (cursor_read(after, paging.after.name, sizeof(paging.after.name), &paging.after.id) || !*paging.after.name))
		return blame(call, "after", ERR_INVALID);
	if (!page.organizations)
		return ERR_MEMORY;
	if ((err = store_read(call->store, look_by_name, &paging)))
		return err;
	if (page.count > rows) {
		page.count = rows;
		if (!(page.next = cursor_write(call->arena, page.organizations[rows - 1].name, &page.organizations[rows - 1].id)))
			return ERR_MEMORY;
	}
	*out = page;
	return OK;
}

struct change {
	struct call *call;
	const char *name;
};

static enum err rename_it(struct db *db, void *argument)
{
	const struct change *change = argument;
	struct membership now;
	enum err err;

	if ((err = membership_now(db, change->call, RIGHT_RENAME, &now)) ||
	    (err = organization_set_name(db, &now.organization, change->name)))
		return err;
	return organization_log(db, change->call, &now.organization, AUDIT_ORGANIZATION_RENAMED,
	        (struct about){ .target = change->name, .details = now.name });
}

enum err organization_rename(struct call *call, const char *name, struct organization *out)
{
	struct change change = { call, out->name };
	enum err err;

	*out = (struct organization){ .id = call->membership->organization, .role = call->membership->role,
		.last_seen_at = call->membership->last_seen_at };
	if ((err = blame(call, "name", name_read(name, out->name))))
		return err;
	return store_change(call->store, rename_it, &change);
}

static enum err drop(struct db *db, void *argument)
{
	const struct change *change = argument;
	struct membership now;
	enum err err;

	if ((err = membership_now(db, change->call, RIGHT_DELETE, &now)))
		return err;
	if (change->name && strcmp(change->name, now.name) != 0)
		return ERR_NAME;
	if ((err = organization_log(db, change->call, &now.organization, AUDIT_ORGANIZATION_DELETED,
	             (struct about){ .target = now.name })) ||
	    (err = sessions_end_over(db, &now.organization, change->call->now_s)))
		return err;
	return organization_drop(db, &now.organization);
}

enum err organization_delete(struct call *call, const char *name)
{
	struct change change = { call, name };
	enum err err = store_change(call->store, drop, &change);

	return err == ERR_NAME ? blame(call, "name", err) : err;
}

struct resolving {
	const char *text;
	struct id found[2];
};

static enum err resolve(struct db *db, void *argument)
{
	struct resolving *resolving = argument;
	size_t count = 0;
	enum err err = id_parse(resolving->text, &resolving->found[0]);

	if (!err) /* and no name: else who takes the id of a deleted one for a name gets what is meant for that */
		return organization_exists(db, &resolving->found[0]);
	if ((err = organization_named(db, resolving->text, resolving->found, &count)))
		return err;
	return count == 1 ? OK : count ? ERR_WRONG_STATE : ERR_NOT_FOUND;
}

enum err organization_resolve(struct call *call, const char *text, char id[static ID_TEXT])
{
	struct resolving resolving = { .text = text };
	enum err err = store_read(call->store, resolve, &resolving);

	if (!err)
		id_text(&resolving.found[0], id);
	return err;
}

struct counting {
	const struct id *after;
	struct counted_organization *out;
	size_t rows, *count;
};

static enum err count_all(struct db *db, void *argument)
{
	const struct counting *counting = argument;

	return organizations_count(db, counting->after, counting->out, counting->rows, counting->count);
}

enum err organizations_counted(struct call *call, const struct id *after, size_t rows, struct counted_organization **out,
                               size_t *count)
{
	struct counting counting = { after, arena_alloc(call->arena, rows * sizeof(**out)), rows, count };

	if (!counting.out)
		return ERR_MEMORY;
	*out = counting.out;
	return store_read(call->store, count_all, &counting);
}
