/*
 * /organizations/{o}/invitations, /invitations (contract 2.3).
 */
#include "organizations/invitations.h"

#include "api/json_views.h"
#include "api/page.h"
#include "api/routes.h"
#include "base/banned.h"

static void json_invitation(struct answer *out, const struct invitation *invitation)
{
	json_open(out, NULL);
	json_id(out, "id", &invitation->id);
	json_text(out, "email", invitation->email);
	json_text(out, "role", role_name(invitation->role));
	json_list(out, "services");
	for (size_t i = 0; i < invitation->service_count; i++) {
		json_open(out, NULL);
		json_id(out, "id", &invitation->services[i].service);
		json_text(out, "role", service_role_name(invitation->services[i].role));
		json_close(out);
	}
	json_list_close(out);
	json_text(out, "invited_by", invitation->invited_by);
	json_time(out, "invited_at", invitation->created_at);
	json_time(out, "expires_at", invitation->expires_at);
	json_close(out);
}

struct invite_form { const char *email, *role; struct texts emails; struct list services; };
static const struct field invite_fields[] = {
	FIELD_LONG(invite_form, email, FIELD_OPTIONAL),
	FIELD(invite_form, role, FIELD_TEXT),
	FIELD(invite_form, emails, FIELD_TEXTS),
	FIELD_OF(invite_form, services, FIELD_LIST, &grant_form),
};
static const struct form invite_form = FORM(invite_form, invite_fields);

/* Each by its name, so that one wrong address spoils nothing of the others. */
static void json_outcomes(struct answer *out, const struct invited *all, size_t count)
{
	json_open(out, NULL);
	json_list(out, "invited");
	for (size_t i = 0; i < count; i++)
		if (!all[i].err)
			json_invitation(out, &all[i].invitation);
	json_list_close(out);
	json_list(out, "refused");
	for (size_t i = 0; i < count; i++) {
		if (!all[i].err)
			continue;
		json_open(out, NULL);
		json_text(out, "email", all[i].email);
		json_text(out, "code", err_word(all[i].err));
		json_close(out);
	}
	json_list_close(out);
	json_close(out);
}

static enum err invite_them(struct call *call)
{
	const struct invite_form *form = call->form;
	bool several = form->emails.given;
	struct invite wanted = { several ? form->emails.text : &form->email, several ? form->emails.count : form->email ? 1 : 0,
		several ? "emails" : "email", form->role, form->services.items, form->services.count };
	struct invited *all;
	struct invitation one;
	enum err err;

	if (several && form->email)
		wanted.count = 0; /* one or the other; refused by the rule, which asks for freshness first */
	if ((err = several ? invite(call, &wanted, &all) : invite_one(call, &wanted, &one)))
		return err;
	call->out->status = 201;
	if (several)
		json_outcomes(call->out, all, wanted.count);
	else
		json_invitation(call->out, &one);
	return OK;
}

static enum err list(struct call *call)
{
	struct invitation_list found;
	const char *after;
	size_t rows;
	enum err err;

	if ((err = page_after_read(call, &rows, &after)) || (err = invitations_look(call, after, rows, &found)))
		return err;
	json_open(call->out, NULL);
	json_list(call->out, "invitations");
	for (size_t i = 0; i < found.count; i++)
		json_invitation(call->out, &found.invitations[i]);
	json_list_close(call->out);
	json_text(call->out, "next", found.next);
	json_close(call->out);
	return OK;
}

static enum err cancel(struct call *call)
{
	enum err err = invitation_cancel(call, call->segment[1]);

	if (err)
		return err;
	json_nothing(call->out);
	return OK;
}

static enum err resend(struct call *call)
{
	struct invitation invitation;
	enum err err = invitation_resend(call, call->segment[1], &invitation);

	if (err)
		return err;
	json_invitation(call->out, &invitation);
	return OK;
}

/* What the invited person sees: who asks, and for what. */
static void json_waiting(struct answer *out, const struct invitation *invitation)
{
	json_open(out, NULL);
	json_id(out, "id", &invitation->id);
	json_open(out, "organization");
	json_id(out, "id", &invitation->organization);
	json_text(out, "name", invitation->organization_name);
	json_close(out);
	json_text(out, "role", role_name(invitation->role));
	json_text(out, "invited_by", invitation->invited_by);
	json_time(out, "expires_at", invitation->expires_at);
	json_close(out);
}

static enum err mine(struct call *call)
{
	struct invitation_list found;
	const char *after;
	size_t rows;
	enum err err;

	if ((err = page_after_read(call, &rows, &after)) || (err = invitations_mine(call, after, rows, &found)))
		return err;
	json_open(call->out, NULL);
	json_list(call->out, "invitations");
	for (size_t i = 0; i < found.count; i++)
		json_waiting(call->out, &found.invitations[i]);
	json_list_close(call->out);
	json_text(call->out, "next", found.next);
	json_close(call->out);
	return OK;
}

static enum err show_joined(struct call *call, const struct joined *joined)
{
	json_open(call->out, NULL);
	json_joined(call->out, joined);
	json_close(call->out);
	return OK;
}

struct accept_form { const char *code; };
static const struct field accept_fields[] = { FIELD_LONG(accept_form, code, FIELD_CODE) };
static const struct form accept_form = FORM(accept_form, accept_fields);

static enum err accept_code(struct call *call)
{
	const struct accept_form *form = call->form;
	struct joined joined;
	enum err err = invitation_accept(call, form->code, &joined);

	return err ? err : show_joined(call, &joined);
}

static enum err accept_id(struct call *call)
{
	struct joined joined;
	enum err err = invitation_accept_id(call, call->segment[0], &joined);

	return err ? err : show_joined(call, &joined);
}

const struct route invitation_routes[] = {
	{ POST, "/api/v1/organizations/{o}/invitations", ACCESS_RIGHT(RIGHT_INVITE), FRESH_NOT, &invite_form, invite_them },
	{ GET, "/api/v1/organizations/{o}/invitations", ACCESS_RIGHT(RIGHT_SEE_MEMBERS), FRESH_NOT, NULL, list },
	{ DELETE, "/api/v1/organizations/{o}/invitations/{i}", ACCESS_RIGHT(RIGHT_INVITE), FRESH_NOT, NULL, cancel },
	{ POST, "/api/v1/organizations/{o}/invitations/{i}/resend", ACCESS_RIGHT(RIGHT_INVITE), FRESH_NOT, NULL, resend },
	{ GET, "/api/v1/invitations", ACCESS_SIGNED_IN, FRESH_NOT, NULL, mine },
	{ POST, "/api/v1/invitations/accept", ACCESS_SIGNED_IN, FRESH_NOT, &accept_form, accept_code },
	{ POST, "/api/v1/invitations/{i}/accept", ACCESS_SIGNED_IN, FRESH_NOT, NULL, accept_id },
	ROUTES_END
};
