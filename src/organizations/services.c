#include "organizations/services.h"

#include "accounts/caller.h"
#include "accounts/password_try.h"
#include "organizations/cursor.h"
#include "organizations/log.h"
#include "organizations/services_sql.h"
#include "store/store.h"

#include "base/banned.h"

/* A service on its way: what was asked for, as read. */
struct task {
	struct call *call;
	struct id id;
	const struct service_change *asked; /* NULL: nothing to change */
	char name[NAME_TEXT];               /* asked for, as read */
	const char **hosts;
	size_t host_count;
	struct rule *rules;
	struct service *out;
};

static enum err fill(struct db *db, struct call *call, struct service *service)
{
	const struct membership *membership = call->membership;
	enum err err;

	if ((err = service_hosts_select(db, call, &membership->organization, service)) ||
	    (err = service_rules_select(db, call, service)))
		return err;
	return service_role_select(db, &service->id, membership, &service->role);
}

struct look {
	struct call *call;
	struct service_place after;
	size_t rows;
	bool more;
	struct service_list *out;
};

/* One more than asked for tells whether there are more. */
static enum err look_at_all(struct db *db, void *argument)
{
	struct look *look = argument;
	struct service_list *out = look->out;
	enum err err = services_select(db, &look->call->membership->organization, &look->after, out->services, look->rows + 1,
	        &out->count);

	look->more = out->count > look->rows;
	out->count -= look->more;
	for (size_t i = 0; i < out->count && !err; i++)
		err = fill(db, look->call, &out->services[i]);
	return err;
}

enum err services_look(struct call *call, const char *after, size_t rows, struct service_list *out)
{
	struct service_list list = { .services = arena_alloc(call->arena, (rows + 1) * sizeof(*list.services)) };
	struct look look = { .call = call, .rows = rows, .out = &list };
	enum err err;

	if (after && (cursor_read(after, look.after.name, sizeof(look.after.name), &look.after.id) || !*look.after.name))
		return blame(call, "after", ERR_INVALID);
	if (!list.services)
		return ERR_MEMORY;
	if ((err = store_read(call->store, look_at_all, &look)))
		return err;
	if (look.more && !(list.next = cursor_write(call->arena, list.services[rows - 1].name, &list.services[rows - 1].id)))
		return ERR_MEMORY;
	*out = list;
	return OK;
}

static enum err look_at_one(struct db *db, void *argument)
{
	const struct task *task = argument;
	enum err err = service_select(db, &task->call->membership->organization, &task->id, task->out);

	return err ? err : fill(db, task->call, task->out);
}

enum err service_look(struct call *call, const char *id, struct service *out)
{
	struct task task = { .call = call, .out = out };
	enum err err = id_parse(id, &task.id);

	return err ? err : store_read(call->store, look_at_one, &task);
}

static bool has_host(const struct task *task, const char *host)
{
	for (size_t i = 0; i < task->host_count; i++)
		if (!strcmp(host, task->hosts[i]))
			return true;
	return false;
}

/* Each in its one spelling, and once however often it was given; our own address is no application's, but where nobody can reach it from outside. */
static enum err read_hosts(struct task *task)
{
	struct call *call = task->call;
	const struct texts *asked = &task->asked->hosts;
	char *host;

	if (asked->count > SERVICE_HOSTS_MAX)
		return blame(call, "hosts", ERR_SERVICE_LIMIT);
	if (!(task->hosts = arena_alloc(call->arena, (asked->count + 1) * sizeof(*task->hosts))))
		return ERR_MEMORY;
	for (size_t i = 0; i < asked->count; i++) {
		if (!(host = arena_alloc(call->arena, HOSTNAME_TEXT)))
			return ERR_MEMORY;
		call->wrong_item = asked->text[i];
		if (hostname_claim(asked->text[i], call->settings->https, host))
			return blame(call, "hosts", ERR_INVALID);
		if (host_is_our_own(call->settings, host))
			return blame(call, "hosts", ERR_HOST_OURS);
		if (!has_host(task, host))
			task->hosts[task->host_count++] = host;
	}
	call->wrong_item = NULL;
	return OK;
}

static enum err read_rules(struct task *task)
{
	const struct list *asked = &task->asked->rules;
	const struct rule_asked *items = asked->items;
	enum err err = OK;

	if (asked->count > SERVICE_RULES_MAX)
		return blame(task->call, "rules", ERR_SERVICE_LIMIT);
	if (!(task->rules = arena_alloc(task->call->arena, (asked->count + 1) * sizeof(*task->rules))))
		return ERR_MEMORY;
	for (size_t i = 0; i < asked->count && !err; i++)
		if ((err = rule_read(task->call, &items[i], &task->rules[i])))
			task->call->wrong_item = items[i].typed ? items[i].typed : items[i].path;
	return err;
}

static enum err read_asked(struct task *task)
{
	const struct service_change *asked = task->asked;
	enum err err = OK;

	if (asked->name)
		err = blame(task->call, "name", name_read(asked->name, task->name));
	if (!err && asked->hosts.given)
		err = read_hosts(task);
	if (!err && asked->rules.given)
		err = read_rules(task);
	return err;
}

static enum err blame_part(struct call *call, const char *field, enum err err)
{
	return err == ERR_HOST_TAKEN || err == ERR_SERVICE_LIMIT ? blame(call, field, err) : err;
}

static enum err put_parts(struct db *db, const struct task *task, const struct service *service)
{
	const struct id *organization = &task->call->membership->organization;
	enum err err = OK;

	if (task->asked->hosts.given)
		err = blame_part(task->call, "hosts",
		        service_hosts_put(db, organization, &service->id, task->hosts, task->host_count, &task->call->wrong_item));
	if (!err && task->asked->rules.given)
		err = blame_part(task->call, "rules",
		        service_rules_put(db, organization, &service->id, task->rules, task->asked->rules.count));
	return err;
}

/* As it is now, in words, for the log: hosts and rules. */
static void describe(const struct service *service, struct buf *out)
{
	char names[RULE_METHODS_TEXT];

	buf_text(out, service->host_count ? "hosts:" : "hosts: none");
	for (size_t i = 0; i < service->host_count; i++) {
		buf_text(out, " ");
		buf_text(out, service->hosts[i].host);
	}
	buf_text(out, service->rule_count ? "; rules:" : "; rules: none");
	for (size_t i = 0; i < service->rule_count; i++) {
		buf_text(out, i ? ", " : " ");
		buf_text(out, rule_methods_text(&service->rules[i], names));
		buf_text(out, *names ? " " : "");
		buf_text(out, service->rules[i].path);
		buf_text(out, " ");
		buf_int(out, service->rules[i].second_step_max_age_s);
		buf_text(out, " s");
	}
	buf_text(out, service->assertion ? "; assertion" : "");
}

static enum err finish(struct db *db, const struct task *task, enum audit_action action)
{
	SCOPED(buf_done) struct buf details = { 0 };
	enum err err = fill(db, task->call, task->out);

	if (err)
		return err;
	describe(task->out, &details);
	if ((err = buf_check(&details)))
		return err;
	return organization_log(db, task->call, &task->call->membership->organization, action,
	        (struct about){ .target = task->out->name, .details = buf_string(&details) });
}

/* Who sends the same again is told of the host, which nothing else could be done about, before the name. */
static enum err add(struct db *db, const struct task *task, const struct id *organization)
{
	enum err err = service_add(db, organization, task->out), taken;

	if (err != ERR_NAME_TAKEN || !task->asked->hosts.given)
		return err;
	taken = service_hosts_free(db, organization, task->hosts, task->host_count, &task->call->wrong_item);
	return taken ? blame_part(task->call, "hosts", taken) : err;
}

static enum err create(struct db *db, void *argument)
{
	const struct task *task = argument;
	struct membership now;
	enum err err;

	if ((err = membership_now(db, task->call, RIGHT_CHANGE_SERVICES, &now)) ||
	    (err = add(db, task, &now.organization)) || (err = put_parts(db, task, task->out)))
		return err;
	return finish(db, task, AUDIT_SERVICE_CREATED);
}

static enum err blame_name(struct call *call, enum err err)
{
	return err == ERR_NAME_TAKEN ? blame(call, "name", err) : err;
}

enum err service_create(struct call *call, const struct service_change *asked, struct service *out)
{
	struct task task = { .call = call, .asked = asked, .out = out };
	enum err err;

	*out = (struct service){ .assertion = asked->assertion.on, .created_at = call->now_s };
	if (!asked->name)
		return blame(call, "name", ERR_INVALID);
	if ((err = read_asked(&task)) || (err = id_new(&out->id)))
		return err;
	memcpy(out->name, task.name, sizeof(out->name));
	return blame_name(call, store_change(call->store, create, &task));
}

static enum err change(struct db *db, void *argument)
{
	const struct task *task = argument;
	const struct service_change *asked = task->asked;
	struct membership now;
	enum err err;

	if ((err = membership_now(db, task->call, RIGHT_CHANGE_SERVICES, &now)) ||
	    (err = service_select(db, &now.organization, &task->id, task->out)))
		return err;
	if (asked->name)
		memcpy(task->out->name, task->name, sizeof(task->name));
	if (asked->assertion.given)
		task->out->assertion = asked->assertion.on;
	if ((err = service_update(db, &now.organization, task->out)) || (err = put_parts(db, task, task->out)))
		return err;
	return finish(db, task, AUDIT_SERVICE_CHANGED);
}

enum err service_change(struct call *call, const char *id, const struct service_change *asked, struct service *out)
{
	struct task task = { .call = call, .asked = asked, .out = out };
	enum err err;

	if ((err = id_parse(id, &task.id)) || (err = read_asked(&task)))
		return err;
	return blame_name(call, store_change(call->store, change, &task));
}

static enum err delete_it(struct db *db, void *argument)
{
	const struct task *task = argument;
	struct membership now;
	struct service service;
	enum err err;

	if ((err = membership_now(db, task->call, RIGHT_CHANGE_SERVICES, &now)) ||
	    (err = service_select(db, &now.organization, &task->id, &service)) ||
	    (err = service_drop(db, &now.organization, &task->id)))
		return err;
	return organization_log(db, task->call, &now.organization, AUDIT_SERVICE_DELETED, (struct about){ .target = service.name });
}

enum err service_delete(struct call *call, const char *id)
{
	struct task task = { .call = call };
	enum err err = id_parse(id, &task.id);

	return err ? err : store_change(call->store, delete_it, &task);
}

enum err service_test(struct call *call, const char *id, const char *method, const char *path, struct service *out, bool **fits,
                      int64_t *max_age_s)
{
	static const char get[] = "GET", root[] = "/";
	struct view asked = { path, strlen(path) }, by = { method, strlen(method) };
	int64_t ignored;
	enum err err = service_look(call, id, out);

	if (err)
		return err;
	if (!(*fits = arena_alloc(call->arena, out->rule_count * sizeof(**fits) + 1)))
		return ERR_MEMORY;
	if ((err = rules_need(NULL, 0, by, (struct view){ root, 1 }, NULL, &ignored)))
		return blame(call, "method", err);
	if ((err = rules_need(NULL, 0, (struct view){ get, 3 }, asked, NULL, &ignored)))
		return blame(call, "path", err);
	return rules_need(out->rules, out->rule_count, by, asked, *fits, max_age_s);
}
