/*
 * service_roles: the selects of a form that give a role on each service: how they are shown, and what was chosen in them.
 */
#ifndef TWOSTEP_PAGES_SERVICE_ROLES_H
#define TWOSTEP_PAGES_SERVICE_ROLES_H

#include "organizations/members.h"
#include "pages/page.h"

/*
 * A line for each service of call->membership's organisation, for a caller who sees members (and so holds every service), into
 * the arena. What was posted stands in them, else these roles.
 */
MUST_USE enum err service_roles_show(struct call *call, const struct service_grant *grants, size_t count,
                                     const struct part_service_choice **out, size_t *out_count);

/* What was chosen, as texts that the rule reads; into the arena, never NULL. ERR_INVALID blames `services`: too many. */
MUST_USE enum err service_roles_read(struct call *call, struct grant_asked **out, size_t *count);

#endif
