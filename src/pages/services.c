/*
 * Organization Management: the tab Services.
 */
#include "organizations/services.h"

#include "pages/organization.h"
#include "pages/routes.h"
#include "base/banned.h"

static enum err fill(struct call *call, const struct service *service, struct part_service_row *out)
{
	const char *rest = arena_printf(call->arena, "/services/%s", page_id(call, &service->id));

	*out = (struct part_service_row){ rest ? organization_place(call, rest) : NULL, service->name, service_role_word(service->role),
		(int64_t)service->host_count, false };
	for (size_t i = 0; i < service->host_count; i++)
		out->waits = out->waits || service->hosts[i].state == HOST_WAITING;
	return out->place ? OK : ERR_MEMORY;
}

static enum err show(struct call *call, const char *name, enum err err)
{
	struct part_service_row rows[SERVICES_MAX];
	struct service_list found = { .count = 0 };
	enum err failed = services_look(call, NULL, SERVICES_MAX, &found);

	for (size_t i = 0; i < found.count && !failed; i++)
		failed = fill(call, &found.services[i], &rows[i]);
	if (failed)
		return failed;
	const struct page_services page = {
		.frame = page_frame(call, organization_place(call, "/services"), err),
		.services = rows, .services_count = found.count,
		.changes = role_may(call->membership->role, RIGHT_CHANGE_SERVICES),
		.leaves = role_may(call->membership->role, RIGHT_LEAVE),
		.name = name,
		.name_error = page_field(call, err, "name"),
	};
	if (!page.frame || !page.frame->organization)
		return ERR_MEMORY;
	page_services(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look(struct call *call)
{
	return show(call, NULL, OK);
}

struct name_form { const char *name; };
static const struct field name_fields[] = { FIELD_LONG(name_form, name, FIELD_OPTIONAL) };
static const struct form name_form = FORM(name_form, name_fields);

static enum err create(struct call *call)
{
	const struct name_form *form = call->form;
	const struct service_change wanted = { .name = form->name };
	struct service made;
	enum err err = page_needs(call, "name", form->name);

	if (!err)
		err = service_create(call, &wanted, &made);
	if (page_refuses(err))
		return err;
	if (err)
		return show(call, form->name, err);
	return page_to_with(call, organization_place(call, arena_printf(call->arena, "/services/%s", page_id(call, &made.id))),
	        NOTICE_SERVICE_CREATED);
}

const struct route services_pages[] = {
	{ GET, "/organizations/{o}/services", ACCESS_RIGHT(RIGHT_SEE), FRESH_NOT, NULL, look },
	{ POST, "/organizations/{o}/services", ACCESS_RIGHT(RIGHT_CHANGE_SERVICES), FRESH_PROOFS, &name_form, create },
	ROUTES_END
};
