/*
 * members: who is in an organisation, with which roles; changing them, removing, leaving, handing over.
 * All act in the organisation of call->membership.
 */
#ifndef TWOSTEP_ORGANIZATIONS_MEMBERS_H
#define TWOSTEP_ORGANIZATIONS_MEMBERS_H

#include "organizations/membership.h"

#define MEMBERS_ROWS     50 /* a page: contract section 2 */
#define MEMBERS_ROWS_MAX 200
#define SERVICES_MAX     100 /* of an organisation */

/* A role on a service. */
struct service_grant {
	struct id service;
	char name[NAME_TEXT];
	enum service_role role;
};

struct member {
	struct id account;
	char email[EMAIL_TEXT], name[NAME_TEXT];
	enum role role;
	const struct service_grant *services; /* owner and managers: every service */
	size_t service_count;
	bool two_step;
	int64_t joined_at, last_seen_at, signed_in_at; /* the last two: 0 never */
};

enum member_sort { SORT_EMAIL, SORT_NAME, SORT_LAST_SEEN }; /* the last: newest first */

enum members_kind { MEMBERS_ALL, MEMBERS_WITHOUT, MEMBERS_WITH }; /* two-step */

struct members_query {
	const char *search;    /* part of an address or name; NULL or "": all */
	enum member_sort sort;
	enum members_kind kind;
	const char *after;     /* `next` of the page before; NULL: the first */
	size_t rows;           /* 1 to MEMBERS_ROWS_MAX */
};

struct member_list {
	struct member *members;
	size_t count;
	const char *next; /* NULL: no more */
};

/* "email", "name", "last_seen"; NULL is "email"; else ERR_INVALID blaming `sort`. */
MUST_USE enum err member_sort_read(struct call *call, const char *text, enum member_sort *out);

/* Into the arena. ERR_INVALID blames `after`. */
MUST_USE enum err members_look(struct call *call, const struct members_query *query, struct member_list *out);

/* One: ERR_NOT_FOUND. */
MUST_USE enum err member_look(struct call *call, const char *account, struct member *out);

/*
 * Those whom a role on this service was given, by address; owner and managers, who hold every one, are not among them. `services`
 * of each: that role alone. after, rows: as of members_query. Nobody for a service that is not there; ERR_NOT_FOUND: no id;
 * ERR_INVALID blames `after`.
 */
MUST_USE enum err service_holders_look(struct call *call, const char *service, const char *after, size_t rows,
                                       struct member_list *out);

/* A role on a service, as somebody asked for it: texts that are still to be read. */
struct grant_asked { const char *id, *role; };

/*
 * role NULL: as it is. services NULL: as they are; else exactly these (a member's; ERR_INVALID blames `services`, also for a
 * role or service that does not exist).
 * ERR_NOT_FOUND, ERR_FORBIDDEN (a manager on the owner), ERR_LAST_OWNER (the owner's role is handed over, not taken),
 * ERR_NEEDS_PASSWORD, ERR_NEEDS_SECOND_STEP (where manager is given or taken), ERR_INVALID blames `role` ("owner" too).
 */
MUST_USE enum err member_change(struct call *call, const char *account, const char *role, const struct grant_asked *services,
                                size_t count, struct member *out);

/* Oneself: leaving (RIGHT_LEAVE); somebody else: RIGHT_CHANGE_MEMBERS. ERR_LAST_OWNER, ERR_NOT_FOUND, ERR_FORBIDDEN */
MUST_USE enum err member_remove(struct call *call, const char *account);

/* The caller becomes manager. ERR_NOT_FOUND; blame `account_id`: ERR_INVALID (oneself), ERR_ORGANIZATION_LIMIT (owns OWNED_MAX) */
MUST_USE enum err owner_hand_over(struct call *call, const char *account);

/* Inside a change; the owner before becomes manager. ERR_NOT_FOUND: no member; ERR_ORGANIZATION_LIMIT: owns `most` or more already. */
MUST_USE enum err owner_put(struct db *db, const struct call *call, const struct id *organization, const struct id *account,
                            int64_t most);

/* Takes what was asked for apart, for a member of this role; for invitations too. Outputs to the arena. Blames `services`. */
MUST_USE enum err grants_read(struct call *call, enum role role, const struct grant_asked *asked, size_t count,
                              struct service_grant **out);

/* Writes the grants of a member: all that stood before are gone. ERR_INVALID: a service of another organisation, or none. */
MUST_USE enum err grants_put(struct db *db, const struct id *organization, const struct id *account,
                             const struct service_grant *grants, size_t count);

#endif
