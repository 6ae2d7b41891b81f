#include "pages/confirm.h"

#include "accounts/caller.h"
#include "pages/routes.h"
#include "second_step/second_step.h"
#include "sign_in/guard.h"
#include "sign_in/sign_in.h"
#include "base/banned.h"

#define KEPT_MAX 160 /* the fields of our largest form: a role on each service */

struct confirm_form { const char *confirm_password, *confirm_code, *confirm_method, *confirm_use; };
static const struct field confirm_form_fields[] = {
	FIELD_LONG(confirm_form, confirm_password, FIELD_OPTIONAL),
	FIELD_LONG(confirm_form, confirm_code, FIELD_CODE_OPTIONAL),
	FIELD(confirm_form, confirm_method, FIELD_OPTIONAL),
	FIELD(confirm_form, confirm_use, FIELD_OPTIONAL),
};
static const struct form confirm_form = FORM(confirm_form, confirm_form_fields);

static bool given(const char *value)
{
	return value && *value;
}

static bool is_due(enum err err)
{
	return err == ERR_NEEDS_PASSWORD || err == ERR_NEEDS_SECOND_STEP;
}

static enum err prove_password(struct call *call, const char *password)
{
	struct caller now;
	enum err err = page_needs(call, "confirm_password", password);

	if (err)
		return err;
	if (!(err = confirm_password(call, password, &now)))
		return guard_again(call);
	call->wrong = "confirm_password";
	return err;
}

static enum err prove_code(struct call *call, const struct confirm_form *form)
{
	enum second_step_method method = STEP_NONE;
	struct caller now;
	enum err err;

	if ((err = page_needs(call, "confirm_code", form->confirm_code)) ||
	    (err = second_step_method_read(call, form->confirm_method ? form->confirm_method : "totp", &method)))
		return err;
	if (!(err = confirm_second_step(call, method, form->confirm_code, &now)))
		return guard_again(call);
	call->wrong = "confirm_code";
	return err;
}

/* A field that the page did not have is asked for; one that it had and that was left empty is told. */
enum err confirm_mend(struct call *call, enum err refusal)
{
	const struct confirm_form *form;
	enum err err = refusal;
	bool switches;

	if (!is_due(refusal) || call->request->method != POST)
		return refusal;
	if (form_read_urlencoded(call, &confirm_form))
		return refusal;
	form = call->form;
	switches = given(form->confirm_use);
	if (err == ERR_NEEDS_PASSWORD && (switches ? given(form->confirm_password) : form->confirm_password != NULL))
		err = prove_password(call, form->confirm_password);
	if (err == ERR_NEEDS_SECOND_STEP && form->confirm_code && !switches)
		err = prove_code(call, form);
	return err;
}

bool confirm_concerns(const struct call *call, enum err err)
{
	if (is_due(err))
		return true;
	return call->caller && call->wrong && !strncmp(call->wrong, "confirm_", 8) && !page_cannot_tell(err);
}

/* Nothing to tell where the page is asked for, or shown with the other kind of code. */
enum err confirm_told(struct call *call, enum err err)
{
	return is_due(err) && (call->request->method != POST || given(form_value(call, "confirm_use"))) ? OK : err;
}

/* Which kind of code the visitor is about to type: the button just pressed, the page just shown, or the link followed. */
static bool wants_recovery(struct call *call)
{
	const char *used = NULL;

	if (call->request->method == POST && !given(used = form_value(call, "confirm_use")))
		used = form_value(call, "confirm_method");
	if (!given(used))
		used = query_value(call, "method");
	return used && !strcmp(used, "recovery_code");
}

/* Whatever its age: one was refused, or is too old for what is asked. */
static bool asks_for_code(const struct call *call, enum err err)
{
	return err == ERR_NEEDS_SECOND_STEP || (err && call->wrong && !strcmp(call->wrong, "confirm_code"));
}

const struct part_confirm *confirm_fields(struct call *call, enum freshness freshness, enum err err, const char *other)
{
	struct part_confirm *fields = arena_alloc(call->arena, sizeof(*fields));
	const struct caller *caller = call->caller;
	enum err told = is_due(err) ? OK : err;
	bool old_code = !session_fresh(caller->session.second_step_at, call->now_s);

	if (!fields)
		return NULL;
	fields->password = freshness == FRESH_PROOFS && !session_fresh(caller->session.confirmed_at, call->now_s);
	fields->code = freshness != FRESH_NOT && caller->two_step && (old_code || asks_for_code(call, err));
	fields->recovery = fields->code && wants_recovery(call);
	fields->password_error = page_field_needed(call, told, "confirm_password");
	fields->code_error = page_field_needed(call, told, "confirm_code");
	fields->other = other;
	return fields;
}

/* What is due: of a route that asks for nothing by itself it is what the rule behind it may, or the code of a restricted session. */
static enum freshness due(const struct call *call)
{
	if (call->caller->restricted)
		return FRESH_SECOND_STEP;
	return call->route->freshness == FRESH_NOT ? FRESH_PROOFS : call->route->freshness;
}

struct keeping {
	struct call *call;
	struct part_kept kept[KEPT_MAX];
	size_t count;
	bool failed;
};

static void keep(void *to, const char *name, const char *value)
{
	struct keeping *keeping = to;

	if (!strncmp(name, "confirm_", 8) || strstr(name, "password") || !strcmp(name, "username") || !strcmp(name, MADE_FOR))
		return;
	if (keeping->count == KEPT_MAX) {
		keeping->failed = true;
		return;
	}
	struct part_kept *kept = &keeping->kept[keeping->count++];
	kept->name = arena_text(keeping->call->arena, name);
	kept->value = arena_text(keeping->call->arena, value);
	keeping->failed = keeping->failed || !kept->name || !kept->value;
}

enum err confirm_show(struct call *call, enum err err)
{
	const struct view *path = &call->request->path;
	struct keeping keeping = { .call = call };
	enum err failed = form_each(call, keep, &keeping);
	/* That a proof is due is said by the page itself. */
	enum err told = is_due(err) ? OK : err;
	bool restricted = call->caller->restricted;
	const char *back = restricted ? "/account/two-step" : form_place(call);

	const struct page_confirm page = {
		.frame = page_frame(call, back, told),
		.confirm = confirm_fields(call, due(call), err, NULL),
		.restricted = restricted,
		.email = call->caller->account.email,
		.action = arena_copy(call->arena, path->bytes, path->length),
		.back = back,
		.kept = keeping.kept, .kept_count = keeping.count,
	};
	if (failed || keeping.failed || !page.frame || !page.confirm || !page.action || !page.back)
		return failed ? failed : ERR_MEMORY;
	page_confirm(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}
