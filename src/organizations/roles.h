/*
 * roles: what people are in an organisation and on its services, and what that lets them do: one table, roles.def.
 */
#ifndef TWOSTEP_ORGANIZATIONS_ROLES_H
#define TWOSTEP_ORGANIZATIONS_ROLES_H

#include <stdbool.h>

#include "base/err.h"

/* Stored as these numbers. The refusing value first: forgotten memory may nothing. */
enum role { ROLE_NONE, ROLE_MEMBER, ROLE_MANAGER, ROLE_OWNER };

/* On one service. Owner and managers hold SERVICE_MANAGER on every one, nobody else can. */
enum service_role { SERVICE_ROLE_NONE, SERVICE_VIEWER, SERVICE_OPERATOR, SERVICE_MANAGER };

enum right {
	RIGHT_NONE,
#define RIGHT(name, owner, manager, member, on_owner) RIGHT_##name,
#include "organizations/roles.def"
#undef RIGHT
	RIGHT_COUNT
};

bool role_may(enum role role, enum right right);

/* The same towards another person: a manager does not touch the owner. */
bool role_may_on(enum role role, enum right right, enum role whom);

/* "owner", "manager", "member"; static. */
const char *role_name(enum role role);

/* "member", "manager", "owner"; else ERR_INVALID and *out untouched. */
MUST_USE enum err role_read(const char *text, enum role *out);

/* "viewer", "operator", "manager". */
const char *service_role_name(enum service_role role);

/* What may be given to a member: "viewer", "operator"; else ERR_INVALID. */
MUST_USE enum err service_role_read(const char *text, enum service_role *out);

#endif
