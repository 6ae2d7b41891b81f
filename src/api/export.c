/*
 * GET /organizations/{o}/members.csv, audit.csv (contract 2.3).
 */
#include "organizations/export.h"

#include "api/routes.h"
#include "base/banned.h"

static bool wants_bom(struct call *call)
{
	const char *bom = query_value(call, "bom");

	return bom && !strcmp(bom, "1");
}

static enum err members(struct call *call)
{
	return export_members(call, wants_bom(call));
}

static enum err audit(struct call *call)
{
	struct audit_query query = { .rows = EXPORT_ROWS };
	enum err err = audit_query_read(call, &query);

	return err ? err : export_audit(call, &query, wants_bom(call));
}

const struct route export_routes[] = {
	{ GET, "/api/v1/organizations/{o}/members.csv", ACCESS_RIGHT(RIGHT_DOWNLOAD), FRESH_NOT, NULL, members },
	{ GET, "/api/v1/organizations/{o}/audit.csv", ACCESS_RIGHT(RIGHT_DOWNLOAD), FRESH_NOT, NULL, audit },
	ROUTES_END
};
