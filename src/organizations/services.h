/*
 * services: the applications that an organisation guards: name, hosts, rules.
 * All act in the organisation of call->membership.
 */
#ifndef TWOSTEP_ORGANIZATIONS_SERVICES_H
#define TWOSTEP_ORGANIZATIONS_SERVICES_H

#include "organizations/hosts.h"
#include "organizations/members.h"
#include "organizations/rule.h"

/* Of one service, and of all of an organisation together, so that a list of services stays small. SERVICES_MAX: members.h */
#define SERVICE_HOSTS_MAX      50
#define SERVICE_RULES_MAX      100
#define ORGANIZATION_HOSTS_MAX 500
#define ORGANIZATION_RULES_MAX 1000

struct service_host {
	const char *host;
	enum host_state state;
};

struct service {
	struct id id;
	char name[NAME_TEXT];
	bool assertion;
	int64_t created_at;
	enum service_role role; /* of the caller; SERVICE_ROLE_NONE: a member that was given none */
	const struct service_host *hosts; /* by name */
	size_t host_count;
	const struct rule *rules; /* in their order */
	size_t rule_count;
};

/* What to make, or to change: what was not given stays. Hosts and rules that are given replace all that were there. */
struct service_change {
	const char *name; /* NULL: not given */
	struct texts hosts;
	struct list rules; /* items: struct rule_asked */
	struct switched assertion;
};

/*
 * Those of the organisation, by name, into the arena. after: `next` of the page before, NULL: the first; it stays good when its
 * row is gone. rows: at most; SERVICES_MAX: all. ERR_INVALID blames `after`.
 */
struct service_list {
	struct service *services;
	size_t count;
	const char *next; /* NULL: no more */
};
MUST_USE enum err services_look(struct call *call, const char *after, size_t rows, struct service_list *out);

/* One, with what belongs to it in the arena. id as text: ERR_NOT_FOUND */
MUST_USE enum err service_look(struct call *call, const char *id, struct service *out);

/*
 * *out: as it is then.
 * ERR_NAME, ERR_NAME_TAKEN (blame `name`), ERR_HOST_TAKEN (blames `hosts`: another service has one of them, or the
 * operator gave it to another organisation), ERR_SERVICE_LIMIT (blames `hosts` or `rules` where those are too many),
 * ERR_NOT_FOUND, ERR_HOST_OURS blames hosts, ERR_INVALID hosts (as hostname_claim) or rules.path and so on.
 */
MUST_USE enum err service_create(struct call *call, const struct service_change *asked, struct service *out);
MUST_USE enum err service_change(struct call *call, const char *id, const struct service_change *asked, struct service *out);

/* With its roles; its hosts are free. ERR_NOT_FOUND */
MUST_USE enum err service_delete(struct call *call, const char *id);

/*
 * The operator's, of the whole installation: those of this name (NULL: any), in this organisation (an id or a name; NULL: any), by
 * name, at most `rows`; with their hosts; into the arena. ERR_NOT_FOUND, ERR_WRONG_STATE: the organisation is none, or several.
 */
struct owned_service {
	struct service service;
	struct id organization;
	char organization_name[ORGANIZATION_NAME_TEXT];
};
MUST_USE enum err services_find(struct call *call, const char *name, const char *organization, size_t rows,
                                struct owned_service **out, size_t *count);

/*
 * What a request for `path` would need: *max_age_s as of rules_need; *fits: which rules of out fit, in the arena.
 * ERR_NOT_FOUND, ERR_INVALID blames `method` or `path`.
 */
MUST_USE enum err service_test(struct call *call, const char *id, const char *method, const char *path, struct service *out,
                               bool **fits, int64_t *max_age_s);

#endif
