/*
 * One service: its hosts and rules, who holds which role on it, and what a request to it would need.
 */
#include "accounts/password_try.h"
#include "base/text.h"
#include "organizations/services.h"
#include "pages/organization.h"
#include "pages/routes.h"
#include "pages/template.h"
#include "base/banned.h"

#define RULES_BYTES_MAX (SERVICE_RULES_MAX * 320) /* as they are typed */
#define ALL_METHODS     "*"

static const char *service_place(struct call *call, const char *rest)
{
	const char *place = arena_printf(call->arena, "/services/%s%s", call->segment[1], rest);

	return place ? organization_place(call, place) : NULL;
}

/* ---- what is shown ---- */

static const char *hosts_text(struct call *call, const struct service *service)
{
	SCOPED(buf_done) struct buf text = { 0 };

	for (size_t i = 0; i < service->host_count; i++) {
		buf_text(&text, service->hosts[i].host);
		buf_char(&text, '\n');
	}
	return arena_buf(call->arena, &text);
}

/* One a line: METHODS PATH SECONDS. */
static const char *rules_text(struct call *call, const struct service *service)
{
	SCOPED(buf_done) struct buf text = { 0 };
	char methods[RULE_METHODS_TEXT];

	for (size_t i = 0; i < service->rule_count; i++) {
		const struct rule *rule = &service->rules[i];

		buf_text(&text, rule->methods ? rule_methods_text(rule, methods) : ALL_METHODS);
		buf_printf(&text, " %s %" PRId64 "\n", rule->path, rule->second_step_max_age_s);
	}
	return arena_buf(call->arena, &text);
}

/* One that waits comes with what the operator types. */
static enum err fill_host(struct call *call, const struct service_host *host, struct part_service_host *out)
{
	const char *const words[] = { host->host, page_id(call, &call->membership->organization) };

	*out = (struct part_service_host){ host->host, host->state == HOST_ALLOWED, NULL };
	if (out->allowed)
		return OK;
	out->command = words[1] ? page_command(call, "twostep host allow", words, COUNT(words)) : NULL;
	return out->command ? OK : ERR_MEMORY;
}

static enum err fill_hosts(struct call *call, const struct service *service, struct page_service *page)
{
	struct part_service_host *rows = arena_alloc(call->arena, (service->host_count + 1) * sizeof(*rows));

	if (!rows)
		return ERR_MEMORY;
	for (size_t i = 0; i < service->host_count; i++) {
		if (fill_host(call, &service->hosts[i], &rows[i]))
			return ERR_MEMORY;
		page->waits = page->waits || !rows[i].allowed;
	}
	page->known = rows;
	page->known_count = service->host_count;
	return OK;
}

/* fits NULL: all of them. */
static enum err fill_rules(struct call *call, const struct service *service, const bool *fits, const struct part_rule **out,
                           size_t *count)
{
	struct part_rule *rows = arena_alloc(call->arena, (service->rule_count + 1) * sizeof(*rows));
	char methods[RULE_METHODS_TEXT];

	if (!rows)
		return ERR_MEMORY;
	for (size_t i = 0; i < service->rule_count; i++) {
		const struct rule *rule = &service->rules[i];

		if (!fits || fits[i])
			rows[(*count)++] = (struct part_rule){ arena_text(call->arena, rule_methods_text(rule, methods)), rule->path,
				rule->second_step_max_age_s };
	}
	*out = rows;
	return OK;
}

static enum err fill_holders(struct call *call, struct page_service *page)
{
	const char *after = query_value(call, "after");
	struct part_holder *rows;
	struct member_list found;
	enum err err = service_holders_look(call, call->segment[1], after, MEMBERS_ROWS, &found);

	if (err)
		return err;
	if (!(rows = arena_alloc(call->arena, (found.count + 1) * sizeof(*rows))))
		return ERR_MEMORY;
	for (size_t i = 0; i < found.count; i++) {
		const struct member *member = &found.members[i];

		rows[i] = (struct part_holder){ organization_member_place(call, &member->account), member->name, member->email,
			service_role_word(member->services[0].role) };
	}
	page->holders = rows;
	page->holders_count = found.count;
	page->first = after ? service_place(call, "") : NULL;
	page->next = found.next ? service_place(call, arena_printf(call->arena, "?after=%s", found.next)) : NULL;
	return OK;
}

/* What was tried, where a GET asks for it; a wrong method or path is said at its field. */
static enum err try_rules(struct call *call, struct page_service *page)
{
	struct service service;
	bool *fits = NULL;
	enum err err;

	page->method = query_value(call, "method");
	page->path = query_value(call, "path");
	if (call->request->method == POST || !page->method || !page->path)
		return OK;
	if ((err = service_test(call, call->segment[1], page->method, page->path, &service, &fits, &page->needs)))
		return err;
	page->tested = true;
	return fill_rules(call, &service, fits, &page->fitting, &page->fitting_count);
}

/* The first sentence about the rules, whichever part of one is to blame. */
static const char *rules_error(struct call *call, enum err err)
{
	static const char *const parts[] = { "rules", "rules.path", "rules.methods", "rules.second_step_max_age_s" };
	const char *text = NULL;

	for (size_t i = 0; i < COUNT(parts) && !text; i++)
		text = page_field(call, err, parts[i]);
	return text;
}

static enum err fill(struct call *call, const struct service *service, struct page_service *page)
{
	bool posted = call->request->method == POST;
	enum err err;

	page->id = page_id(call, &service->id);
	page->heading = service->name;
	page->role = service_role_word(service->role);
	page->changes = role_may(call->membership->role, RIGHT_CHANGE_SERVICES);
	page->sees = role_may(call->membership->role, RIGHT_SEE_MEMBERS);
	page->name = posted ? form_value(call, "name") : service->name;
	page->hosts = posted ? form_value(call, "hosts") : hosts_text(call, service);
	page->rules = posted ? form_value(call, "rules") : rules_text(call, service);
	page->assertion = posted ? form_value(call, "assertion") != NULL : service->assertion;
	if ((err = fill_hosts(call, service, page)) || (err = fill_rules(call, service, NULL, &page->ruled, &page->ruled_count)))
		return err;
	return page->sees ? fill_holders(call, page) : OK;
}

static enum err show(struct call *call, enum err err)
{
	struct page_service page = { .frame = NULL };
	struct service service;
	enum err failed = service_look(call, call->segment[1], &service);

	if (failed || (failed = fill(call, &service, &page)))
		return failed;
	if (!err && page_refuses(err = try_rules(call, &page)))
		return err;
	page.frame = page_frame(call, NULL, err);
	page.name_error = page_field(call, err, "name");
	page.hosts_error = page_field(call, err, "hosts");
	page.rules_error = rules_error(call, err);
	page.method = page.method ? page.method : "GET";
	page.method_error = page_field(call, err, "method");
	page.path_error = page_field(call, err, "path");
	if (!page.frame || !page.frame->organization)
		return ERR_MEMORY;
	page_service(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look(struct call *call)
{
	return show(call, OK);
}

/* ---- what is changed ---- */

struct service_form { const char *name; struct texts hosts; const char *rules; bool assertion; };
static const struct field service_fields[] = {
	FIELD_LONG(service_form, name, FIELD_OPTIONAL),
	FIELD(service_form, hosts, FIELD_TEXTS),
	{ "rules", FIELD_OPTIONAL, offsetof(struct service_form, rules), RULES_BYTES_MAX, NULL },
	FIELD(service_form, assertion, FIELD_BOOL),
};
static const struct form service_form = FORM(service_form, service_fields);

/* Takes the next piece off a text that is cut at these bytes; NULL at its end. In the arena. */
static char *next_piece(struct call *call, const char **text, const char *between)
{
	size_t length;
	char *piece;

	*text += strspn(*text, between);
	if (!(length = strcspn(*text, between)))
		return NULL;
	piece = arena_copy(call->arena, *text, length);
	*text += length;
	return piece;
}

/* In capitals, which names of methods are: people need not type them. */
static enum err read_methods(struct call *call, const char *text, struct texts *out)
{
	const char **methods = arena_alloc(call->arena, FORM_ITEMS_MAX * sizeof(*methods));
	char *method;

	if (!methods)
		return ERR_MEMORY;
	*out = (struct texts){ .given = strcmp(text, ALL_METHODS) != 0, .text = methods };
	while (out->given && (method = next_piece(call, &text, ","))) {
		text_ascii_upper(method);
		methods[out->count] = method;
		if (++out->count == FORM_ITEMS_MAX)
			return blame(call, "rules.methods", ERR_INVALID);
	}
	return OK;
}

/* METHODS PATH SECONDS; without METHODS: all of them. */
static enum err read_rule(struct call *call, const char *line, struct rule_asked *out)
{
	const char *typed = line;
	const char *first = next_piece(call, &line, " \t"), *methods = first && *first != '/' ? first : ALL_METHODS;
	const char *path = first && *first == '/' ? first : next_piece(call, &line, " \t"), *seconds = next_piece(call, &line, " \t");
	enum err err;

	if (!path || !seconds || next_piece(call, &line, " \t"))
		return blame(call, "rules", ERR_INVALID);
	out->path = path;
	out->typed = typed;
	if ((err = read_methods(call, methods, &out->methods)))
		return err;
	return page_number(call, "rules.second_step_max_age_s", seconds, RULE_MAX_AGE_S, &out->second_step_max_age_s);
}

static enum err read_rules(struct call *call, const char *text, struct list *out)
{
	struct rule_asked *rules = arena_alloc(call->arena, (SERVICE_RULES_MAX + 1) * sizeof(*rules));
	const char *line;
	enum err err = OK;

	if (!rules)
		return ERR_MEMORY;
	*out = (struct list){ .given = text != NULL, .items = rules };
	while (!err && text && (line = next_piece(call, &text, "\r\n"))) {
		if (!line[strspn(line, " \t")])
			continue;
		if (out->count > SERVICE_RULES_MAX)
			return blame(call, "rules", ERR_SERVICE_LIMIT);
		if ((err = read_rule(call, line, &rules[out->count++])))
			call->wrong_item = line;
	}
	return err;
}

static enum err change(struct call *call)
{
	const struct service_form *form = call->form;
	struct service_change wanted = { .name = form->name, .hosts = form->hosts, .assertion = { true, form->assertion } };
	struct service service;
	enum err err = page_needs(call, "name", form->name);

	if (!err)
		err = read_rules(call, form->rules, &wanted.rules);
	if (call->arena->failed) /* a piece that is missing looks like the end: rules would be lost */
		err = ERR_MEMORY;
	if (!err)
		err = service_change(call, call->segment[1], &wanted, &service);
	if (page_refuses(err))
		return err;
	return err ? show(call, err) : page_to_with(call, service_place(call, ""), NOTICE_SAVED);
}

static enum err ask_to_delete(struct call *call)
{
	SCOPED(buf_done) struct buf title = { 0 };
	struct service service;
	enum err err = service_look(call, call->segment[1], &service);

	if (err)
		return err;
	const struct lang_arg args[] = { { "name", service.name } };
	lang_fill(&title, call->locale, MSG_SERVICE_DELETE_SURE, args, COUNT(args));
	const struct page_sure page = {
		.frame = page_frame(call, NULL, OK),
		.title = arena_buf(call->arena, &title),
		.text = lang_text(call->locale, MSG_SERVICE_DELETE_LEAD),
		.button = lang_text(call->locale, MSG_SERVICE_DELETE),
		.action = service_place(call, "/delete"),
		.back = service_place(call, ""),
	};
	if (!page.frame || !page.title || !page.action || !page.back)
		return ERR_MEMORY;
	page_sure(&call->out->body, call->locale, &page);
	return page_sent(call, OK);
}

static enum err delete_it(struct call *call)
{
	enum err err = service_delete(call, call->segment[1]);

	return err ? err : page_to_with(call, organization_place(call, "/services"), NOTICE_SERVICE_DELETED);
}

#define SERVICE_PATH "/organizations/{o}/services/{s}"

const struct route service_pages[] = {
	{ GET, SERVICE_PATH, ACCESS_RIGHT(RIGHT_SEE), FRESH_NOT, NULL, look },
	{ POST, SERVICE_PATH, ACCESS_RIGHT(RIGHT_CHANGE_SERVICES), FRESH_PROOFS, &service_form, change },
	{ GET, SERVICE_PATH "/delete", ACCESS_RIGHT(RIGHT_CHANGE_SERVICES), FRESH_NOT, NULL, ask_to_delete },
	{ POST, SERVICE_PATH "/delete", ACCESS_RIGHT(RIGHT_CHANGE_SERVICES), FRESH_PROOFS, NULL, delete_it },
	ROUTES_END
};
