/*
 * /organizations/{o}/security (contract 2.3).
 */
#include "api/json_views.h"
#include "api/routes.h"
#include "organizations/security.h"
#include "base/banned.h"

static void json_security(struct answer *out, const struct security *security)
{
	const struct mandate *mandate = &security->mandate;

	json_open(out, NULL);
	json_bool(out, "two_step_required", mandate->required);
	json_time(out, "grace_ends_at", mandate->required ? mandate->from_at : 0);
	json_int(out, "session_idle_s", mandate->session_idle_s);
	json_open(out, "csv_download");
	json_text(out, "mode", csv_download_name(security->csv));
	json_int(out, "max_age_s", security->csv_max_age_s);
	json_close(out);
	json_int(out, "members", security->members);
	json_int(out, "with_two_step", security->with_two_step);
	json_bool(out, "own_two_step", security->own_two_step);
	json_close(out);
}

static enum err show(struct call *call)
{
	struct security security;
	enum err err = security_look(call, &security);

	if (err)
		return err;
	json_security(call->out, &security);
	return OK;
}

struct csv_form { const char *mode; struct number max_age_s; };
static const struct field csv_fields[] = {
	FIELD(csv_form, mode, FIELD_OPTIONAL),
	FIELD(csv_form, max_age_s, FIELD_NUMBER),
};
static const struct form csv_form = FORM(csv_form, csv_fields);

struct security_form {
	struct switched two_step_required;
	struct number grace_days, session_idle_s;
	const struct csv_form *csv_download;
};
static const struct field security_fields[] = {
	FIELD(security_form, two_step_required, FIELD_SWITCH),
	FIELD(security_form, grace_days, FIELD_NUMBER),
	FIELD(security_form, session_idle_s, FIELD_NUMBER),
	FIELD_OF(security_form, csv_download, FIELD_OBJECT, &csv_form),
};
static const struct form security_form = FORM(security_form, security_fields);

static enum err change(struct call *call)
{
	const struct security_form *form = call->form;
	const struct csv_form none = { .mode = NULL }, *csv = form->csv_download ? form->csv_download : &none;
	const struct security_change wanted = { form->two_step_required, form->grace_days, form->session_idle_s, csv->mode,
		csv->max_age_s };
	struct security security;
	enum err err = security_change(call, &wanted, &security, NULL);

	if (err)
		return err;
	json_security(call->out, &security);
	return OK;
}

const struct route security_routes[] = {
	{ GET, "/api/v1/organizations/{o}/security", ACCESS_RIGHT(RIGHT_SEE_MEMBERS), FRESH_NOT, NULL, show },
	{ PATCH, "/api/v1/organizations/{o}/security", ACCESS_RIGHT(RIGHT_SET_SECURITY), FRESH_PROOFS, &security_form, change },
	ROUTES_END
};
