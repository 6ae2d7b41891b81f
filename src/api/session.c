/*
 * /session: who is signed in here; /sessions: where else (contract 2.1).
 */
#include "api/json_views.h"
#include "api/page.h"
#include "api/routes.h"
#include "sign_in/sign_in.h"
#include "base/banned.h"

static enum err show(struct call *call)
{
	json_session(call->out, NULL, call->caller, NULL);
	return OK;
}

struct confirm_form { const char *password, *method, *code; };
static const struct field confirm_fields[] = {
	FIELD_LONG(confirm_form, password, FIELD_OPTIONAL),
	FIELD(confirm_form, method, FIELD_OPTIONAL),
	FIELD_LONG(confirm_form, code, FIELD_CODE_OPTIONAL),
};
static const struct form confirm_form = FORM(confirm_form, confirm_fields);

/* The field that is missing, NULL where none is: a password, or method and code, or all three. */
static const char *confirm_lacks(const struct confirm_form *form)
{
	if (form->method && !form->code)
		return "code";
	if (form->code && !form->method)
		return "method";
	return form->password || form->code ? NULL : "password";
}

/* Of two proofs the password goes first: a wrong one must not spend a code. The second builds on the first. */
static enum err prove(struct call *call, const struct confirm_form *form, enum second_step_method method,
                      struct caller *now)
{
	enum err err;

	if (form->password) {
		if ((err = confirm_password(call, form->password, now)))
			return err;
		call->caller = now;
	}
	return form->method ? confirm_second_step(call, method, form->code, now) : OK;
}

/* Presence proved again. */
static enum err confirm(struct call *call)
{
	const struct confirm_form *form = call->form;
	struct caller *now = arena_alloc(call->arena, sizeof(*now)); /* what call->caller may point to outlives us */
	enum second_step_method method = STEP_NONE;
	enum err err;

	if (!now)
		return ERR_MEMORY;
	if ((call->wrong = confirm_lacks(form)))
		return ERR_INVALID;
	if ((form->method && (err = second_step_method_read(call, form->method, &method))) ||
	    (err = prove(call, form, method, now)))
		return err;

	json_session(call->out, NULL, now, NULL);
	return OK;
}

static enum err end(struct call *call)
{
	enum err err = sign_out(call);

	if (err)
		return err;

	json_nothing(call->out);
	return OK;
}

static void json_listed(struct call *call, const struct session *session)
{
	json_open(call->out, NULL);
	json_id(call->out, "id", &session->id);
	json_bool(call->out, "current", id_same(&session->id, &call->caller->session.id));
	json_text(call->out, "browser", session->browser);
	json_text(call->out, "address", session->address);
	json_time(call->out, "signed_in_at", session->signed_in_at);
	json_time(call->out, "last_seen_at", session->last_seen_at);
	json_close(call->out);
}

/* The sessions that belong to the page, and its last place where more follow. */
static void json_sessions(struct call *call, const struct page *page, const struct session *sessions, size_t count)
{
	struct place last = { 0 };
	size_t shown = 0, i = 0;

	json_list(call->out, "sessions");
	for (; i < count && shown < page->rows; i++) {
		const struct place place = { sessions[i].last_seen_at, sessions[i].id };

		if (!page_has(page, &place))
			continue;
		json_listed(call, &sessions[i]);
		last = place;
		shown++;
	}
	json_list_close(call->out);
	json_next(call->out, i < count ? &last : NULL);
}

static enum err list(struct call *call)
{
	struct session *sessions = arena_alloc(call->arena, SESSIONS_MAX * sizeof(*sessions));
	struct page page = { 0 };
	size_t count = 0;
	enum err err;

	if (!sessions)
		return ERR_MEMORY;
	if ((err = page_read(call, &page)) ||
	    (err = sessions_look(call, sessions, SESSIONS_MAX, &count)))
		return err;

	json_open(call->out, NULL);
	json_sessions(call, &page, sessions, count);
	json_close(call->out);
	return OK;
}

static enum err end_one(struct call *call)
{
	enum err err = sessions_end(call, call->segment[0]);

	if (err)
		return err;

	json_nothing(call->out);
	return OK;
}

static enum err end_others(struct call *call)
{
	enum err err = sessions_end_others(call);

	if (err)
		return err;

	json_nothing(call->out);
	return OK;
}

const struct route session_routes[] = {
	{ GET, "/api/v1/session", ACCESS_RESTRICTED, FRESH_NOT, NULL, show },
	{ DELETE, "/api/v1/session", ACCESS_RESTRICTED, FRESH_NOT, NULL, end },
	{ POST, "/api/v1/session/confirm", ACCESS_RESTRICTED, FRESH_NOT, &confirm_form, confirm },
	{ GET, "/api/v1/sessions", ACCESS_SIGNED_IN, FRESH_NOT, NULL, list },
	{ DELETE, "/api/v1/sessions", ACCESS_SIGNED_IN, FRESH_NOT, NULL, end_others },
	{ DELETE, "/api/v1/sessions/{id}", ACCESS_SIGNED_IN, FRESH_NOT, NULL, end_one },
	ROUTES_END
};
