/*
 * /organizations (contract 2.3): made, listed, renamed, deleted.
 */
#include "organizations/organization.h"

#include "api/json_views.h"
#include "api/page.h"
#include "api/routes.h"
#include "base/banned.h"

struct name_form { const char *name; };
static const struct field name_fields[] = { FIELD_LONG(name_form, name, FIELD_TEXT) };
static const struct form name_form = FORM(name_form, name_fields);

static void json_organization(struct answer *out, const struct organization *organization)
{
	json_open(out, NULL);
	json_id(out, "id", &organization->id);
	json_text(out, "name", organization->name);
	json_text(out, "role", role_name(organization->role));
	json_close(out);
}

static enum err create(struct call *call)
{
	const struct name_form *form = call->form;
	struct organization made;
	enum err err = organization_create(call, form->name, &made);

	if (err)
		return err;
	call->out->status = 201;
	json_organization(call->out, &made);
	return OK;
}

static enum err list(struct call *call)
{
	struct answer *out = call->out;
	struct organization_page page;
	const char *after;
	size_t rows;
	enum err err;

	if ((err = page_after_read(call, &rows, &after)) || (err = organizations_page(call, after, rows, &page)))
		return err;
	json_open(out, NULL);
	json_list(out, "organizations");
	for (size_t i = 0; i < page.count; i++)
		json_organization(out, &page.organizations[i]);
	json_list_close(out);
	json_text(out, "next", page.next);
	json_close(out);
	return OK;
}

static enum err show(struct call *call)
{
	struct organization organization = { .id = call->membership->organization, .role = call->membership->role };

	memcpy(organization.name, call->membership->name, sizeof(organization.name));
	json_organization(call->out, &organization);
	return OK;
}

static enum err rename_it(struct call *call)
{
	const struct name_form *form = call->form;
	struct organization renamed;
	enum err err = organization_rename(call, form->name, &renamed);

	if (err)
		return err;
	json_organization(call->out, &renamed);
	return OK;
}

struct delete_form { const char *name; };
static const struct field delete_fields[] = { FIELD_LONG(delete_form, name, FIELD_OPTIONAL) };
static const struct form delete_form = FORM(delete_form, delete_fields);

static enum err delete_it(struct call *call)
{
	const struct delete_form *form = call->form;
	enum err err = organization_delete(call, form->name);

	if (err)
		return err;
	json_nothing(call->out);
	return OK;
}

const struct route organization_routes[] = {
	{ POST, "/api/v1/organizations", ACCESS_SIGNED_IN, FRESH_NOT, &name_form, create },
	{ GET, "/api/v1/organizations", ACCESS_SIGNED_IN, FRESH_NOT, NULL, list },
	{ GET, "/api/v1/organizations/{o}", ACCESS_RIGHT(RIGHT_SEE), FRESH_NOT, NULL, show },
	{ PATCH, "/api/v1/organizations/{o}", ACCESS_RIGHT(RIGHT_RENAME), FRESH_NOT, &name_form, rename_it },
	{ DELETE, "/api/v1/organizations/{o}", ACCESS_RIGHT(RIGHT_DELETE), FRESH_PROOFS, &delete_form, delete_it },
	ROUTES_END
};
