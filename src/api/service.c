/*
 * /organizations/{o}/services (contract 2.3).
 */
#include "api/json_views.h"
#include "api/page.h"
#include "api/routes.h"
#include "organizations/services.h"
#include "base/banned.h"

static void json_rule(struct answer *out, const struct rule *rule)
{
	const char *names[RULE_METHODS];
	size_t count = rule_method_names(rule, names);

	json_open(out, NULL);
	json_text(out, "path", rule->path);
	json_texts(out, "methods", names, count);
	json_int(out, "second_step_max_age_s", rule->second_step_max_age_s);
	json_close(out);
}

static void json_service(struct answer *out, const struct service *service)
{
	json_open(out, NULL);
	json_id(out, "id", &service->id);
	json_text(out, "name", service->name);
	json_list(out, "hosts");
	for (size_t i = 0; i < service->host_count; i++) {
		json_open(out, NULL);
		json_text(out, "host", service->hosts[i].host);
		json_text(out, "state", host_state_name(service->hosts[i].state));
		json_close(out);
	}
	json_list_close(out);
	json_list(out, "rules");
	for (size_t i = 0; i < service->rule_count; i++)
		json_rule(out, &service->rules[i]);
	json_list_close(out);
	json_bool(out, "assertion", service->assertion);
	json_text(out, "role", service->role == SERVICE_ROLE_NONE ? NULL : service_role_name(service->role));
	json_close(out);
}

static enum err list(struct call *call)
{
	struct service_list found;
	const char *after;
	size_t rows;
	enum err err;

	if ((err = page_after_read(call, &rows, &after)) || (err = services_look(call, after, rows, &found)))
		return err;
	json_open(call->out, NULL);
	json_list(call->out, "services");
	for (size_t i = 0; i < found.count; i++)
		json_service(call->out, &found.services[i]);
	json_list_close(call->out);
	json_text(call->out, "next", found.next);
	json_close(call->out);
	return OK;
}

static enum err show(struct call *call)
{
	struct service service;
	enum err err = service_look(call, call->segment[1], &service);

	if (err)
		return err;
	json_service(call->out, &service);
	return OK;
}

static const struct field rule_fields[] = {
	FIELD(rule_asked, path, FIELD_TEXT),
	FIELD(rule_asked, methods, FIELD_TEXTS),
	FIELD(rule_asked, second_step_max_age_s, FIELD_NUMBER),
};
static const struct form rule_form = FORM(rule_asked, rule_fields);

struct service_form {
	const char *name;
	struct texts hosts;
	struct list rules;
	struct switched assertion;
};
static const struct field service_fields[] = {
	FIELD_LONG(service_form, name, FIELD_OPTIONAL),
	FIELD(service_form, hosts, FIELD_TEXTS),
	FIELD_OF(service_form, rules, FIELD_LIST, &rule_form),
	FIELD(service_form, assertion, FIELD_SWITCH),
};
static const struct form service_form = FORM(service_form, service_fields);

static struct service_change asked(const struct service_form *form)
{
	return (struct service_change){ form->name, form->hosts, form->rules, form->assertion };
}

static enum err create(struct call *call)
{
	const struct service_change wanted = asked(call->form);
	struct service service;
	enum err err = service_create(call, &wanted, &service);

	if (err)
		return err;
	call->out->status = 201;
	json_service(call->out, &service);
	return OK;
}

static enum err change(struct call *call)
{
	const struct service_change wanted = asked(call->form);
	struct service service;
	enum err err = service_change(call, call->segment[1], &wanted, &service);

	if (err)
		return err;
	json_service(call->out, &service);
	return OK;
}

static enum err delete_it(struct call *call)
{
	enum err err = service_delete(call, call->segment[1]);

	if (err)
		return err;
	json_nothing(call->out);
	return OK;
}

struct test_form { const char *method, *path; };
static const struct field test_fields[] = {
	FIELD(test_form, method, FIELD_TEXT),
	FIELD(test_form, path, FIELD_TEXT),
};
static const struct form test_form = FORM(test_form, test_fields);

static enum err test(struct call *call)
{
	const struct test_form *form = call->form;
	struct service service;
	int64_t max_age_s = 0;
	bool *fits;
	enum err err = service_test(call, call->segment[1], form->method, form->path, &service, &fits, &max_age_s);

	if (err)
		return err;
	json_open(call->out, NULL);
	if (max_age_s)
		json_int(call->out, "second_step_max_age_s", max_age_s);
	else
		json_none(call->out, "second_step_max_age_s");
	json_list(call->out, "rules");
	for (size_t i = 0; i < service.rule_count; i++)
		if (fits[i])
			json_rule(call->out, &service.rules[i]);
	json_list_close(call->out);
	json_close(call->out);
	return OK;
}

const struct route service_routes[] = {
	{ GET, "/api/v1/organizations/{o}/services", ACCESS_RIGHT(RIGHT_SEE), FRESH_NOT, NULL, list },
	{ POST, "/api/v1/organizations/{o}/services", ACCESS_RIGHT(RIGHT_CHANGE_SERVICES), FRESH_PROOFS, &service_form, create },
	{ GET, "/api/v1/organizations/{o}/services/{s}", ACCESS_RIGHT(RIGHT_SEE), FRESH_NOT, NULL, show },
	{ PATCH, "/api/v1/organizations/{o}/services/{s}", ACCESS_RIGHT(RIGHT_CHANGE_SERVICES), FRESH_PROOFS, &service_form, change },
	{ DELETE, "/api/v1/organizations/{o}/services/{s}", ACCESS_RIGHT(RIGHT_CHANGE_SERVICES), FRESH_PROOFS, NULL, delete_it },
	{ POST, "/api/v1/organizations/{o}/services/{s}/test", ACCESS_RIGHT(RIGHT_SEE), FRESH_NOT, &test_form, test },
	ROUTES_END
};
