#include "organizations/services_sql.h"

#include "base/banned.h"

static enum err read_service(const struct db_rows *rows, struct service *out)
{
	enum err err;

	*out = (struct service){ .assertion = db_get_int(rows, 2) != 0, .created_at = db_get_int(rows, 3) };
	if ((err = db_get_id(rows, 0, &out->id)))
		return err;
	return db_copy_text(rows, 1, out->name, sizeof(out->name));
}

enum err services_select(struct db *db, const struct id *organization, const struct service_place *after, struct service *out,
                         size_t room, size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT id, name, assertion, created_at FROM service WHERE organization_id = $1 AND (name, id) > ($2, $3)"
	        " ORDER BY name, id LIMIT $4",
	        db_id(organization), db_text(after->name), db_id(&after->id), db_int((int64_t)room));

	*count = 0;
	while (!err && *count < room && !(err = db_next(&rows)) && !(err = read_service(&rows, &out[*count])))
		*count += 1;
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err service_select(struct db *db, const struct id *organization, const struct id *id, struct service *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT id, name, assertion, created_at FROM service WHERE organization_id = $1 AND id = $2", db_id(organization),
	        db_id(id));

	return err ? err : read_service(&rows, out);
}

static enum err read_owned(const struct db_rows *rows, struct owned_service *out)
{
	enum err err;

	if ((err = read_service(rows, &out->service)) || (err = db_get_id(rows, 4, &out->organization)))
		return err;
	return db_copy_text(rows, 5, out->organization_name, sizeof(out->organization_name));
}

enum err owned_services_select(struct db *db, const char *name, const struct id *organization, struct owned_service *out,
                               size_t room, size_t *count)
{
	static const struct id none;
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows,
	        "SELECT s.id, s.name, s.assertion, s.created_at, o.id, o.name FROM service s"
	        " JOIN organization o ON o.id = s.organization_id WHERE ($1 = 0 OR s.name = $2) AND ($3 = 0 OR o.id = $4)"
	        " ORDER BY s.name, s.id LIMIT $5",
	        db_int(name != NULL), db_text(name ? name : ""), db_int(organization != NULL),
	        db_id(organization ? organization : &none), db_int((int64_t)room));

	*count = 0;
	while (!err && *count < room && !(err = db_next(&rows)) && !(err = read_owned(&rows, &out[*count])))
		*count += 1;
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err service_hosts_select(struct db *db, struct call *call, const struct id *organization, struct service *service)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct service_host found[SERVICE_HOSTS_MAX], *kept;
	size_t count = 0;
	enum err err = db_query(db, &rows, "SELECT host FROM service_host WHERE service_id = $1 ORDER BY host LIMIT $2",
	        db_id(&service->id), db_int(SERVICE_HOSTS_MAX));

	while (!err && count < SERVICE_HOSTS_MAX && !(err = db_next(&rows))) {
		if (!(found[count].host = arena_text(call->arena, db_get_text(&rows, 0))))
			return ERR_MEMORY;
		if (!(err = host_state(db, call->settings, found[count].host, organization, &found[count].state)))
			count++;
	}
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (!(kept = arena_alloc(call->arena, count * sizeof(*kept) + 1)))
		return ERR_MEMORY;
	memcpy(kept, found, count * sizeof(*kept));
	service->hosts = kept;
	service->host_count = count;
	return OK;
}

enum err service_rules_select(struct db *db, struct call *call, struct service *service)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct rule *rules = arena_alloc(call->arena, SERVICE_RULES_MAX * sizeof(*rules));
	size_t count = 0;
	enum err err = db_query(db, &rows,
	        "SELECT path, methods, second_step_max_age_s FROM service_rule WHERE service_id = $1 ORDER BY place LIMIT $2",
	        db_id(&service->id), db_int(SERVICE_RULES_MAX));

	if (!rules)
		return ERR_MEMORY;
	while (!err && count < SERVICE_RULES_MAX && !(err = db_next(&rows)))
		if (!(err = rule_load(call->arena, db_get_text(&rows, 0), db_get_text(&rows, 1), db_get_int(&rows, 2), &rules[count])))
			count++;
	service->rules = rules;
	service->rule_count = count;
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err service_role_select(struct db *db, const struct id *service, const struct membership *membership, enum service_role *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err;

	*out = SERVICE_MANAGER;
	if (membership->role == ROLE_OWNER || membership->role == ROLE_MANAGER)
		return OK;
	*out = SERVICE_ROLE_NONE;
	err = db_one(db, &rows, "SELECT role FROM service_role WHERE service_id = $1 AND account_id = $2", db_id(service),
	        db_id(&membership->account));
	if (!err)
		*out = (enum service_role)db_get_int(&rows, 0);
	return err == ERR_NOT_FOUND ? OK : err;
}

/* Which of the two kept the row out. */
static enum err why_not(struct db *db, const struct id *organization, const char *name)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT 1 FROM service WHERE organization_id = $1 AND name = $2", db_id(organization),
	        db_text(name));

	return err == ERR_NOT_FOUND ? ERR_SERVICE_LIMIT : err ? err : ERR_NAME_TAKEN;
}

enum err service_add(struct db *db, const struct id *organization, const struct service *service)
{
	int64_t added = 0;
	enum err err = db_change(db, &added,
	        "INSERT INTO service (id, organization_id, name, assertion, created_at) SELECT $1, $2, $3, $4, $5"
	        " WHERE (SELECT COUNT(*) FROM service WHERE organization_id = $2) < $6 ON CONFLICT DO NOTHING",
	        db_id(&service->id), db_id(organization), db_text(service->name), db_int(service->assertion),
	        db_int(service->created_at), db_int(SERVICES_MAX));

	return err || added == 1 ? err : why_not(db, organization, service->name);
}

enum err service_update(struct db *db, const struct id *organization, const struct service *service)
{
	int64_t changed = 0;
	enum err err = db_change(db, &changed,
	        "UPDATE service SET name = $3, assertion = $4 WHERE organization_id = $1 AND id = $2 AND NOT EXISTS"
	        " (SELECT 1 FROM service o WHERE o.organization_id = $1 AND o.name = $3 AND o.id <> $2)",
	        db_id(organization), db_id(&service->id), db_text(service->name), db_int(service->assertion));

	return err || changed == 1 ? err : ERR_NAME_TAKEN;
}

enum err service_drop(struct db *db, const struct id *organization, const struct id *id)
{
	int64_t removed = 0;
	enum err err = db_change(db, &removed, "DELETE FROM service WHERE organization_id = $1 AND id = $2", db_id(organization),
	        db_id(id));

	return err || removed == 1 ? err : ERR_NOT_FOUND;
}

enum part { HOSTS, RULES }; /* columns of the query below */

/* All that the organisation's services have by now; looked at behind the change, in its transaction. */
static enum err check_count(struct db *db, const struct id *organization, enum part part, int64_t most)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT (SELECT COUNT(*) FROM service s JOIN service_host h ON h.service_id = s.id WHERE s.organization_id = $1),"
	        " (SELECT COUNT(*) FROM service s JOIN service_rule r ON r.service_id = s.id WHERE s.organization_id = $1)",
	        db_id(organization));

	if (err)
		return err;
	return db_get_int(&rows, (int)part) > most ? ERR_SERVICE_LIMIT : OK;
}

static enum err host_put(struct db *db, const struct id *organization, const struct id *service, const char *host)
{
	int64_t added = 0;
	enum err err = db_change(db, &added,
	        "INSERT INTO service_host (host, service_id) SELECT $1, $2"
	        " WHERE NOT EXISTS (SELECT 1 FROM allowed_host WHERE host = $1 AND organization_id <> $3) ON CONFLICT DO NOTHING",
	        db_text(host), db_id(service), db_id(organization));

	return err || added == 1 ? err : ERR_HOST_TAKEN;
}

enum err service_hosts_free(struct db *db, const struct id *organization, const char *const *hosts, size_t count,
                           const char **taken)
{
	for (size_t i = 0; i < count; i++) {
		SCOPED(db_rows_done) struct db_rows rows = { 0 };
		enum err err = db_one(db, &rows,
		        "SELECT 1 FROM service_host WHERE host = $1 UNION ALL"
		        " SELECT 1 FROM allowed_host WHERE host = $1 AND organization_id <> $2 LIMIT 1",
		        db_text(hosts[i]), db_id(organization));

		if (err && err != ERR_NOT_FOUND)
			return err;
		if (!err) {
			*taken = hosts[i];
			return ERR_HOST_TAKEN;
		}
	}
	return OK;
}

enum err service_hosts_put(struct db *db, const struct id *organization, const struct id *service, const char *const *hosts,
                           size_t count, const char **taken)
{
	enum err err = db_change(db, NULL, "DELETE FROM service_host WHERE service_id = $1", db_id(service));

	for (size_t i = 0; i < count && !err; i++)
		if ((err = host_put(db, organization, service, hosts[i])) == ERR_HOST_TAKEN)
			*taken = hosts[i];
	return err ? err : check_count(db, organization, HOSTS, ORGANIZATION_HOSTS_MAX);
}

static enum err rule_put(struct db *db, const struct id *service, size_t place, const struct rule *rule)
{
	char names[RULE_METHODS_TEXT];

	return db_change(db, NULL,
	        "INSERT INTO service_rule (service_id, place, path, methods, second_step_max_age_s) VALUES ($1, $2, $3, $4, $5)",
	        db_id(service), db_int((int64_t)place), db_text(rule->path), db_text(rule_methods_text(rule, names)),
	        db_int(rule->second_step_max_age_s));
}

enum err service_rules_put(struct db *db, const struct id *organization, const struct id *service, const struct rule *rules,
                           size_t count)
{
	enum err err = db_change(db, NULL, "DELETE FROM service_rule WHERE service_id = $1", db_id(service));

	for (size_t i = 0; i < count && !err; i++)
		err = rule_put(db, service, i, &rules[i]);
	return err ? err : check_count(db, organization, RULES, ORGANIZATION_RULES_MAX);
}
