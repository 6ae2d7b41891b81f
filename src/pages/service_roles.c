#include "pages/service_roles.h"

#include "accounts/caller.h"
#include "accounts/password_try.h"
#include "pages/organization.h"
#include "base/banned.h"

#define PREFIX "service."

static enum service_role role_in(const struct service_grant *grants, size_t count, const struct id *service)
{
	for (size_t i = 0; i < count; i++)
		if (id_same(&grants[i].service, service))
			return grants[i].role;
	return SERVICE_ROLE_NONE;
}

static enum service_role role_posted(struct call *call, const char *id)
{
	const char *name = arena_printf(call->arena, PREFIX "%s", id), *value = name ? form_value(call, name) : NULL;
	enum service_role role = SERVICE_ROLE_NONE;

	return value && !service_role_read(value, &role) ? role : SERVICE_ROLE_NONE;
}

enum err service_roles_show(struct call *call, const struct service_grant *grants, size_t count,
                            const struct part_service_choice **out, size_t *out_count)
{
	const char *own = page_id(call, &call->caller->account.id);
	bool posted = call->request->method == POST;
	struct part_service_choice *rows;
	struct member self;
	enum err err;

	if (!own)
		return ERR_MEMORY;
	if ((err = member_look(call, own, &self)))
		return err;
	if (!(rows = arena_alloc(call->arena, (self.service_count + 1) * sizeof(*rows))))
		return ERR_MEMORY;
	for (size_t i = 0; i < self.service_count; i++) {
		const struct service_grant *service = &self.services[i];
		const char *id = page_id(call, &service->service);
		enum service_role role = SERVICE_ROLE_NONE;

		if (!id)
			return ERR_MEMORY;
		role = posted ? role_posted(call, id) : role_in(grants, count, &service->service);
		rows[i] = (struct part_service_choice){ id, service->name, role == SERVICE_VIEWER, role == SERVICE_OPERATOR };
	}
	*out = rows;
	*out_count = self.service_count;
	return OK;
}

struct gathering {
	struct call *call;
	struct grant_asked *asked;
	size_t count;
	bool full;
};

static void gather(void *to, const char *name, const char *value)
{
	struct gathering *gathering = to;
	struct arena *arena = gathering->call->arena;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 || !*value)
		return;
	if (gathering->count == SERVICES_MAX) {
		gathering->full = true;
		return;
	}
	gathering->asked[gathering->count++] = (struct grant_asked){ arena_text(arena, name + strlen(PREFIX)), arena_text(arena, value) };
}

enum err service_roles_read(struct call *call, struct grant_asked **out, size_t *count)
{
	struct gathering gathering = { .call = call, .asked = arena_alloc(call->arena, SERVICES_MAX * sizeof(*gathering.asked)) };
	enum err err;

	if (!gathering.asked)
		return ERR_MEMORY;
	if ((err = form_each(call, gather, &gathering)))
		return err;
	if (gathering.full)
		return blame(call, "services", ERR_INVALID);
	for (size_t i = 0; i < gathering.count; i++)
		if (!gathering.asked[i].id || !gathering.asked[i].role)
			return ERR_MEMORY;
	*out = gathering.asked;
	*count = gathering.count;
	return OK;
}
