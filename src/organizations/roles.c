#include "organizations/roles.h"

#include "base/base.h"

#include "base/banned.h"

#define YES true
#define NO  false

static const struct {
	bool owner, manager, member, on_owner;
} rights[RIGHT_COUNT] = {
#define RIGHT(name, owner, manager, member, on_owner) [RIGHT_##name] = { owner, manager, member, on_owner },
#include "organizations/roles.def"
#undef RIGHT
};

static const char *const names[] = { [ROLE_NONE] = "none", [ROLE_MEMBER] = "member", [ROLE_MANAGER] = "manager", [ROLE_OWNER] = "owner" };

static const char *const service_names[] = { [SERVICE_ROLE_NONE] = "none", [SERVICE_VIEWER] = "viewer",
	                                     [SERVICE_OPERATOR] = "operator", [SERVICE_MANAGER] = "manager" };

bool role_may(enum role role, enum right right)
{
	if (right <= RIGHT_NONE || right >= RIGHT_COUNT)
		return false;
	switch (role) {
	case ROLE_OWNER:
		return rights[right].owner;
	case ROLE_MANAGER:
		return rights[right].manager;
	case ROLE_MEMBER:
		return rights[right].member;
	case ROLE_NONE:
		break;
	}
	return false;
}

bool role_may_on(enum role role, enum right right, enum role whom)
{
	return role_may(role, right) && (whom != ROLE_OWNER || role == ROLE_OWNER || rights[right].on_owner);
}

const char *role_name(enum role role)
{
	return names[role];
}

enum err role_read(const char *text, enum role *out)
{
	for (enum role role = ROLE_MEMBER; role <= ROLE_OWNER; role++)
		if (!strcmp(text, names[role])) {
			*out = role;
			return OK;
		}
	return ERR_INVALID;
}

const char *service_role_name(enum service_role role)
{
	return service_names[role];
}

enum err service_role_read(const char *text, enum service_role *out)
{
	for (enum service_role role = SERVICE_VIEWER; role <= SERVICE_OPERATOR; role++)
		if (!strcmp(text, service_names[role])) {
			*out = role;
			return OK;
		}
	return ERR_INVALID;
}
