#include "api/api.h"

#include <stddef.h>

#include "api/routes.h"
#include "base/banned.h"

static const struct route *const tables[] = {
	sign_up_routes,
	login_routes,
	session_routes,
	password_reset_routes,
	account_routes,
	two_step_routes,
	setup_routes,
	recovery_codes_routes,
	organization_routes,
	member_routes,
	invitation_routes,
	security_routes,
	service_routes,
	audit_routes,
	export_routes,
	problem_routes,
	NULL,
};

const struct surface api_surface = {
	.prefix = "/api/", /* all of it: what is not there is refused as JSON, too */
	.tables = tables,
	.json = true,
	.mend = NULL,
	.refuse = problem_write,
};
