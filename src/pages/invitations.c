/*
 * Organization Management: the tab Waiting, and inviting.
 */
#include "organizations/invitations.h"

#include "accounts/caller.h"
#include "accounts/password_try.h"
#include "pages/organization.h"
#include "pages/routes.h"
#include "pages/service_roles.h"
#include "base/banned.h"

#define ROWS    50
#define REFUSED "emails.refused" /* blamed on `emails`, in words of its own (page.c) */

static enum err fill(struct call *call, const struct invitation *invitation, struct part_waiting *out)
{
	size_t count = invitation->service_count;
	struct part_grant *grants = arena_alloc(call->arena, (count + 1) * sizeof(*grants));

	if (!grants)
		return ERR_MEMORY;
	for (size_t i = 0; i < count; i++)
		grants[i] = (struct part_grant){ invitation->services[i].name, service_role_word(invitation->services[i].role) };
	*out = (struct part_waiting){ page_id(call, &invitation->id), invitation->email, role_word(invitation->role), grants, count,
		invitation->invited_by, page_time(call, invitation->expires_at), page_day_and_time(call, invitation->expires_at) };
	return out->id ? OK : ERR_MEMORY;
}

static const char *next_place(struct call *call, const char *next)
{
	SCOPED(buf_done) struct buf place = { 0 };

	buf_text(&place, organization_place(call, "/invitations?after="));
	url_component(&place, next);
	return arena_buf(call->arena, &place);
}

static enum err show(struct call *call, enum err err)
{
	const char *after = query_value(call, "after");
	struct part_waiting rows[ROWS];
	struct invitation_list found;
	enum err failed = invitations_look(call, after, ROWS, &found);

	if (failed)
		return failed;
	for (size_t i = 0; i < found.count; i++)
		if ((failed = fill(call, &found.invitations[i], &rows[i])))
			return failed;
	const struct page_invitations page = {
		.frame = page_frame(call, err ? organization_place(call, "/invitations") : NULL, err),
		.waiting = rows, .waiting_count = found.count,
		.first = after ? organization_place(call, "/invitations") : NULL,
		.next = found.next ? next_place(call, found.next) : NULL,
	};
	if (!page.frame || !page.frame->organization)
		return ERR_MEMORY;
	page_invitations(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look(struct call *call)
{
	return show(call, OK);
}

static enum err go_look(struct call *call)
{
	return page_to(call, organization_place(call, "/invitations"));
}

/* One that is gone meanwhile needs no more. */
static enum err settled(struct call *call, enum err err, enum notice notice)
{
	const char *place = organization_place(call, "/invitations");

	if (err == ERR_NOT_FOUND)
		return page_to_with(call, place, NOTICE_INVITATION_GONE);
	if (page_refuses(err))
		return err;
	return err ? show(call, err) : page_to_with(call, place, notice);
}

static enum err resend(struct call *call)
{
	struct invitation sent;

	return settled(call, invitation_resend(call, call->segment[1], &sent), NOTICE_INVITED_AGAIN);
}

static enum err cancel(struct call *call)
{
	return settled(call, invitation_cancel(call, call->segment[1]), NOTICE_INVITATION_CANCELLED);
}

/* ---- inviting ---- */

struct invite_form { struct texts emails; const char *role; };
static const struct field invite_fields[] = {
	FIELD(invite_form, emails, FIELD_TEXTS),
	FIELD(invite_form, role, FIELD_OPTIONAL),
};
static const struct form invite_form = FORM(invite_form, invite_fields);

/* What the last try came to: nothing yet, where there was none. */
struct outcome { size_t sent; struct part_refused *refused; size_t refused_count; const char *emails; };

static enum err show_invite(struct call *call, const struct outcome *outcome, enum err err)
{
	const char *role = call->request->method == POST ? form_value(call, "role") : NULL, *refused = page_field(call, err, REFUSED);
	struct page_invite page = {
		.frame = page_frame(call, organization_place(call, "/invitations/new"), err),
		.sent = (int64_t)outcome->sent,
		.refused = outcome->refused, .refused_count = outcome->refused_count,
		.emails = outcome->emails,
		.emails_error = refused ? refused : page_field(call, err, "emails"),
		.manager = role && !strcmp(role, "manager"),
		.role_error = page_field(call, err, "role"),
		.services_error = page_field(call, err, "services"),
	};
	enum err failed;

	if (!page.frame || !page.frame->organization)
		return ERR_MEMORY;
	if ((failed = service_roles_show(call, NULL, 0, &page.services, &page.services_count)))
		return failed;
	page_invite(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err look_invite(struct call *call)
{
	return show_invite(call, &(struct outcome){ .sent = 0 }, OK);
}

/* Those that were refused, by name and with the reason; they alone stay in the box, for the others are on their way. */
static enum err sort_out(struct call *call, const struct invited *invited, size_t count, struct outcome *out)
{
	SCOPED(buf_done) struct buf kept = { 0 };

	if (!(out->refused = arena_alloc(call->arena, (count + 1) * sizeof(*out->refused))))
		return ERR_MEMORY;
	for (size_t i = 0; i < count; i++) {
		if (!invited[i].err) {
			out->sent++;
			continue;
		}
		out->refused[out->refused_count++] = (struct part_refused){ invited[i].email, page_sentence(call, invited[i].err),
			invited[i].err == ERR_ALREADY_INVITED };
		buf_text(&kept, invited[i].email);
		buf_char(&kept, '\n');
	}
	out->emails = arena_buf(call->arena, &kept);
	return kept.failed || !out->emails ? ERR_MEMORY : OK;
}

static enum err try_invite(struct call *call, struct invited **invited)
{
	const struct invite_form *form = call->form;
	struct invite wanted = { .emails = form->emails.text, .count = form->emails.count, .field = "emails", .role = form->role };
	bool manager = form->role && !strcmp(form->role, "manager");
	struct grant_asked *grants = NULL;
	enum err err = page_needs(call, "role", form->role);

	if (!err && !manager)
		err = service_roles_read(call, &grants, &wanted.service_count);
	wanted.services = grants;
	return err ? err : invite(call, &wanted, invited);
}

static enum err invite_them(struct call *call)
{
	const struct invite_form *form = call->form;
	struct outcome outcome = { .emails = form_value(call, "emails") };
	struct invited *invited = NULL;
	enum err err = try_invite(call, &invited);

	if (page_refuses(err))
		return err;
	if (err)
		return show_invite(call, &outcome, err);
	if ((err = sort_out(call, invited, form->emails.count, &outcome)))
		return err;
	if (!outcome.refused_count) {
		notice_set(call, NOTICE_INVITED, (int)outcome.sent);
		return page_to(call, organization_place(call, "/invitations"));
	}
	if ((err = show_invite(call, &outcome, blame(call, REFUSED, ERR_INVALID))))
		return err;
	call->out->status = outcome.sent ? 200 : 422;
	return OK;
}

#define WAITING_PATH "/organizations/{o}/invitations"

const struct route invitations_pages[] = {
	{ GET, WAITING_PATH, ACCESS_RIGHT(RIGHT_SEE_MEMBERS), FRESH_NOT, NULL, look },
	{ POST, WAITING_PATH, ACCESS_RIGHT(RIGHT_INVITE), FRESH_NOT, &invite_form, invite_them },
	{ GET, WAITING_PATH "/new", ACCESS_RIGHT(RIGHT_INVITE), FRESH_NOT, NULL, look_invite },
	{ GET, WAITING_PATH "/{i}/resend", ACCESS_RIGHT(RIGHT_INVITE), FRESH_NOT, NULL, go_look },
	{ POST, WAITING_PATH "/{i}/resend", ACCESS_RIGHT(RIGHT_INVITE), FRESH_NOT, NULL, resend },
	{ GET, WAITING_PATH "/{i}/cancel", ACCESS_RIGHT(RIGHT_INVITE), FRESH_NOT, NULL, go_look },
	{ POST, WAITING_PATH "/{i}/cancel", ACCESS_RIGHT(RIGHT_INVITE), FRESH_NOT, NULL, cancel },
	ROUTES_END
};
