/*
 * services_sql: rows of services, their hosts and rules.
 */
#ifndef TWOSTEP_ORGANIZATIONS_SERVICES_SQL_H
#define TWOSTEP_ORGANIZATIONS_SERVICES_SQL_H

#include "organizations/services.h"

/* id, name, assertion, created_at; by name, those behind this one (name empty: from the first). */
struct service_place {
	char name[NAME_TEXT];
	struct id id;
};
MUST_USE enum err services_select(struct db *db, const struct id *organization, const struct service_place *after,
                                  struct service *out, size_t room, size_t *count);
MUST_USE enum err service_select(struct db *db, const struct id *organization, const struct id *id, struct service *out);

/* Of the whole installation: name and organization may be NULL. Without hosts and rules. */
MUST_USE enum err owned_services_select(struct db *db, const char *name, const struct id *organization, struct owned_service *out,
                                        size_t room, size_t *count);

/* Into the arena. */
MUST_USE enum err service_hosts_select(struct db *db, struct call *call, const struct id *organization, struct service *service);
MUST_USE enum err service_rules_select(struct db *db, struct call *call, struct service *service);
MUST_USE enum err service_role_select(struct db *db, const struct id *service, const struct membership *membership,
                                      enum service_role *out);

/* ERR_NAME_TAKEN, ERR_SERVICE_LIMIT */
MUST_USE enum err service_add(struct db *db, const struct id *organization, const struct service *service);

/* ERR_NAME_TAKEN, ERR_NOT_FOUND */
MUST_USE enum err service_update(struct db *db, const struct id *organization, const struct service *service);
MUST_USE enum err service_drop(struct db *db, const struct id *organization, const struct id *id);

/* Could a new service of the organisation have them? ERR_HOST_TAKEN: *taken it could not */
MUST_USE enum err service_hosts_free(struct db *db, const struct id *organization, const char *const *hosts, size_t count,
                                     const char **taken);

/*
 * In the place of all that were there.
 * ERR_SERVICE_LIMIT  more than ORGANIZATION_HOSTS_MAX, ORGANIZATION_RULES_MAX with those of its other services
 * ERR_HOST_TAKEN     another service has *taken, or another organisation was given it
 */
MUST_USE enum err service_hosts_put(struct db *db, const struct id *organization, const struct id *service, const char *const *hosts,
                                    size_t count, const char **taken);
MUST_USE enum err service_rules_put(struct db *db, const struct id *organization, const struct id *service,
                                    const struct rule *rules, size_t count);

#endif
