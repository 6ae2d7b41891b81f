/*
 * GET /organizations/{o}/audit (contract 2.3).
 */
#include <stdio.h>

#include "api/page.h"
#include "api/routes.h"
#include "organizations/audit_log.h"
#include "base/banned.h"

static void json_id_or_none(struct answer *out, const char *name, const struct id *id)
{
	if (id_empty(id))
		json_none(out, name);
	else
		json_id(out, name, id);
}

static void json_event(struct answer *out, const struct audit_row *row)
{
	char id[24];

	snprintf(id, sizeof(id), "%" PRId64, row->number);
	json_open(out, NULL);
	json_text(out, "id", id);
	json_time(out, "at", row->at);
	json_text(out, "actor", row->actor_text);
	json_id_or_none(out, "actor_id", &row->actor);
	json_text(out, "action", row->action);
	json_text(out, "target", row->target);
	json_id_or_none(out, "account_id", &row->account);
	json_text(out, "address", row->address);
	json_text(out, "browser", row->browser);
	json_text(out, "details", row->details);
	json_close(out);
}

static enum err list(struct call *call)
{
	struct audit_query query = { .rows = 0 };
	struct audit_list found;
	enum err err;

	if ((err = page_rows_read(call, &query.rows)) || (err = audit_query_read(call, &query)) || (err = audit_look(call, &query, &found)))
		return err;
	json_open(call->out, NULL);
	json_list(call->out, "events");
	for (size_t i = 0; i < found.count; i++)
		json_event(call->out, &found.rows[i]);
	json_list_close(call->out);
	json_text(call->out, "next", found.next);
	json_close(call->out);
	return OK;
}

const struct route audit_routes[] = {
	{ GET, "/api/v1/organizations/{o}/audit", ACCESS_RIGHT(RIGHT_SEE_AUDIT), FRESH_NOT, NULL, list },
	ROUTES_END
};
