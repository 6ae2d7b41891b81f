#include "organizations/invitations.h"

#include <stdio.h>
#include <stdlib.h>

#include "accounts/caller.h"
#include "accounts/email_code.h"
#include "accounts/password_try.h"
#include "limits/limits.h"
#include "mail/letter.h"
#include "organizations/cursor.h"
#include "organizations/invitations_sql.h"
#include "organizations/log.h"
#include "store/store.h"

#include "base/banned.h"

/* A mail on its way into the database. */
struct sending {
	struct call *call;
	struct invitation *out;
	const struct service_grant *grants;
	size_t grant_count;
	struct id id;
	char email[EMAIL_TEXT];
	enum role role;
	struct email_code code;
	uint8_t digest[DIGEST_BYTES], address[DIGEST_BYTES];
};

static void sending_wipe(struct sending *sending)
{
	email_code_wipe(&sending->code);
}

/* Manager is given by who is present. */
static enum err may_give(const struct call *call, enum role role)
{
	return role == ROLE_MANAGER ? caller_fresh(call->caller, FRESH_PROOFS, call->now_s) : OK;
}

static enum err digest_code(struct sending *sending, const char *email)
{
	const struct keyring *keys = sending->call->keys;
	const struct email_code_for bound = { .purpose = CODE_FOR_INVITATION, .email = email };
	enum err err = email_code_digest(keys, &bound, sending->code.text, sending->digest);

	return err ? err : address_digest(keys, email, sending->address);
}

/* In the language of whom we know, else of who invites. */
static enum err language_of(struct db *db, const struct call *call, const char *email, enum locale *out)
{
	struct account account;
	enum err err = account_find_email(db, email, &account);

	*out = err ? call->caller->account.locale : account.locale;
	return err == ERR_NOT_FOUND ? OK : err;
}

static enum err mail_code(struct db *db, const struct sending *sending)
{
	SCOPED(buf_done) struct buf link = { 0 };
	SCOPED(buf_done) struct buf person = { 0 };
	const struct call *call = sending->call;
	const struct invitation *to = sending->out;
	struct letter_facts facts = { .to = to->email, .code = sending->code.text, .organization = to->organization_name,
		.expires_at = to->expires_at };
	enum err err;

	buf_text(&link, call->settings->public_url);
	buf_text(&link, "/invitations/accept?code=");
	url_component(&link, sending->code.text);
	buf_text(&person, call->caller->account.name);
	buf_text(&person, " (");
	buf_text(&person, to->invited_by);
	buf_text(&person, ")");
	if ((err = buf_check(&link)) || (err = buf_check(&person)) || (err = language_of(db, call, to->email, &facts.locale)))
		return err;
	facts.link = buf_string(&link);
	facts.person = buf_string(&person);
	facts.role = lang_text(facts.locale,
	        to->role == ROLE_MANAGER ? MSG_MAIL_INVITATION_ROLE_MANAGER : MSG_MAIL_INVITATION_ROLE_MEMBER);
	return letter_queue(db, call, LETTER_INVITATION, &facts);
}

static enum err add_services(struct db *db, struct call *call, struct invitation *invitation)
{
	struct service_grant found[SERVICES_MAX], *kept;
	enum err err = invitation_grants(db, &invitation->id, found, SERVICES_MAX, &invitation->service_count);

	if (err || !invitation->service_count)
		return err;
	if (!(kept = arena_alloc(call->arena, invitation->service_count * sizeof(*kept))))
		return ERR_MEMORY;
	memcpy(kept, found, invitation->service_count * sizeof(*kept));
	invitation->services = kept;
	return OK;
}

static enum err add_roles(struct db *db, const struct sending *sending)
{
	enum err err = OK;

	for (size_t i = 0; i < sending->grant_count && !err; i++)
		err = invitation_add_role(db, sending->out, &sending->grants[i]);
	return err ? err : add_services(db, sending->call, sending->out);
}

/* Counted with the new one in it, so that of twenty at once none is one too many. */
static enum err has_room(struct db *db, const struct call *call, const struct id *organization)
{
	int64_t most = call->settings->members_max, members = 0, invitations = 0;
	enum err err;

	if (!most)
		return OK;
	if ((err = membership_count(db, organization, call->now_s, &members, &invitations)))
		return err;
	return members + invitations <= most ? OK : ERR_INVITATION_LIMIT;
}

static enum err charge(struct db *db, const struct sending *sending)
{
	struct call *call = sending->call;
	struct limit_of of = { LIMIT_INVITER, &call->caller->account.id, false, NULL };

	return limit_charge(db, of, call->now_s, &call->held_off, NULL);
}

static enum err charge_mail(struct db *db, const struct sending *sending)
{
	struct call *call = sending->call;

	return limit_mail(db, MAIL_INVITATION, sending->address, &call->peer, false, call->now_s, &call->held_off);
}

static void sign(const struct sending *sending, struct invitation *invitation)
{
	const struct call *call = sending->call;
	const struct account *inviter = &call->caller->account;

	invitation->inviter = inviter->id;
	memcpy(invitation->invited_by, inviter->email, sizeof(inviter->email));
	invitation->expires_at = call->now_s + INVITATION_S;
}

static void fill(const struct sending *sending, const struct membership *now)
{
	struct invitation *out = sending->out;

	*out = (struct invitation){ .id = sending->id, .organization = now->organization, .role = sending->role,
		.created_at = sending->call->now_s };
	memcpy(out->organization_name, now->name, sizeof(now->name));
	memcpy(out->email, sending->email, sizeof(sending->email));
	sign(sending, out);
}

static enum err send_it(struct db *db, void *argument)
{
	struct sending *sending = argument;
	struct call *call = sending->call;
	struct invitation *out = sending->out;
	struct membership now;
	enum err err;

	if ((err = membership_now(db, call, RIGHT_INVITE, &now)))
		return err;
	fill(sending, &now);
	if ((err = invitations_lock(db, &now.organization)) || (err = invitation_no_member(db, &now.organization, out->email)) ||
	    (err = invitation_drop_dead(db, &now.organization, out->email, call->now_s)) ||
	    (err = invitation_add(db, out, sending->digest)) || (err = has_room(db, call, &now.organization)) ||
	    (err = charge(db, sending)) || (err = charge_mail(db, sending)) || (err = add_roles(db, sending)) ||
	    (err = organization_log(db, call, &now.organization, AUDIT_INVITED,
	             (struct about){ .target = out->email, .details = role_name(out->role) })))
		return err;
	return mail_code(db, sending);
}

static enum err invite_address(struct call *call, const struct sending *to, const char *typed, struct invitation *out)
{
	SCOPED(sending_wipe) struct sending sending = *to;
	enum err err;

	sending.out = out;
	if ((err = email_read(typed, sending.email)) || (err = id_new(&sending.id)) ||
	    (err = email_code_new(CODE_FOR_INVITATION, &sending.code)) || (err = digest_code(&sending, sending.email)))
		return err;
	return store_change(call->store, send_it, &sending);
}

/* Is it about this address alone? */
static bool refuses_one(enum err err)
{
	static const enum err errors[] = { ERR_EMAIL, ERR_ALREADY_MEMBER, ERR_ALREADY_INVITED, ERR_INVITATION_LIMIT, ERR_TOO_MANY };

	for (size_t i = 0; i < COUNT(errors); i++)
		if (err == errors[i])
			return true;
	return false;
}

static enum err read_form(struct call *call, const struct invite *form, struct sending *to)
{
	struct service_grant *grants = NULL;
	enum err err;

	if (role_read(form->role, &to->role) || to->role == ROLE_OWNER)
		return blame(call, "role", ERR_INVALID);
	if ((err = may_give(call, to->role)))
		return err;
	if (form->count < 1 || form->count > INVITE_EMAILS_MAX)
		return blame(call, form->field, ERR_INVALID);
	if ((err = grants_read(call, to->role, form->services, form->service_count, &grants)))
		return err;
	to->grants = grants;
	to->grant_count = form->service_count;
	return OK;
}

enum err invite(struct call *call, const struct invite *form, struct invited **out)
{
	struct sending to = { .call = call };
	struct invited *all;
	enum err err = read_form(call, form, &to);

	if (err)
		return err;
	if (!(all = arena_alloc(call->arena, form->count * sizeof(*all))))
		return ERR_MEMORY;
	for (size_t i = 0; i < form->count; i++) {
		all[i] = (struct invited){ .email = form->emails[i] };
		err = invite_address(call, &to, form->emails[i], &all[i].invitation);
		if (err && !refuses_one(err))
			return err == ERR_INVALID ? blame(call, "services", err) : err;
		all[i].err = err;
		call->settle_mail |= !err;
	}
	*out = all;
	return OK;
}

enum err invite_one(struct call *call, const struct invite *form, struct invitation *out)
{
	struct invited *made = NULL;
	enum err err = invite(call, form, &made);

	if (err)
		return err;
	if (made->err)
		return blame(call, form->field, made->err);
	*out = made->invitation;
	return OK;
}

struct look {
	struct call *call;
	struct invitation_place after;
	size_t room;
	struct invitation *found;
	size_t count;
};

static enum err look(struct db *db, void *argument)
{
	struct look *look = argument;
	struct call *call = look->call;
	enum err err = invitations_select(db, &call->membership->organization, &look->after, call->now_s, look->found, look->room,
	        &look->count);

	for (size_t i = 0; i < look->count && !err; i++)
		err = add_services(db, call, &look->found[i]);
	return err;
}

static enum err read_after(struct call *call, const char *after, struct invitation_place *out)
{
	char key[24], *end = NULL;

	if (!after)
		return OK;
	if (cursor_read(after, key, sizeof(key), &out->id))
		return blame(call, "after", ERR_INVALID);
	out->created_at = strtoll(key, &end, 10);
	return *end || end == key ? blame(call, "after", ERR_INVALID) : OK;
}

static const char *write_after(struct call *call, const struct invitation *last)
{
	char key[24];

	snprintf(key, sizeof(key), "%" PRId64, last->created_at);
	return cursor_write(call->arena, key, &last->id);
}

/* One more than asked for tells whether there are more. */
static enum err look_from(struct call *call, const char *after, size_t rows, store_function *select, struct invitation_list *out)
{
	struct look argument = { .call = call, .room = rows + 1 };
	enum err err = read_after(call, after, &argument.after);

	if (err)
		return err;
	if (!(argument.found = arena_alloc(call->arena, argument.room * sizeof(*argument.found))))
		return ERR_MEMORY;
	if ((err = store_read(call->store, select, &argument)))
		return err;

	*out = (struct invitation_list){ argument.found, argument.count, NULL };
	if (argument.count <= rows)
		return OK;
	out->count = rows;
	out->next = write_after(call, &argument.found[rows - 1]);
	return out->next ? OK : ERR_MEMORY;
}

enum err invitations_look(struct call *call, const char *after, size_t rows, struct invitation_list *out)
{
	return look_from(call, after, rows, look, out);
}

static enum err look_for_me(struct db *db, void *argument)
{
	struct look *look = argument;
	struct call *call = look->call;

	return invitations_select_for(db, call->caller->account.email, &look->after, call->now_s, look->found, look->room,
	        &look->count);
}

enum err invitations_mine(struct call *call, const char *after, size_t rows, struct invitation_list *out)
{
	return look_from(call, after, rows, look_for_me, out);
}

static enum err cancel(struct db *db, void *argument)
{
	struct sending *sending = argument;
	struct call *call = sending->call;
	struct membership now;
	struct invitation invitation;
	enum err err;

	if ((err = membership_now(db, call, RIGHT_INVITE, &now)) ||
	    (err = invitation_find(db, &now.organization, &sending->id, call->now_s, &invitation)) ||
	    (err = invitation_drop(db, &now.organization, &sending->id)))
		return err;
	return organization_log(db, call, &now.organization, AUDIT_INVITATION_CANCELLED, (struct about){ .target = invitation.email });
}

enum err invitation_cancel(struct call *call, const char *id)
{
	struct sending sending = { .call = call };
	enum err err = id_parse(id, &sending.id);

	return err ? err : store_change(call->store, cancel, &sending);
}

static enum err resend(struct db *db, void *argument)
{
	struct sending *sending = argument;
	struct call *call = sending->call;
	struct invitation *out = sending->out;
	struct membership now;
	enum err err;

	if ((err = membership_now(db, call, RIGHT_INVITE, &now)) ||
	    (err = invitation_find(db, &now.organization, &sending->id, call->now_s, out)) || (err = may_give(call, out->role)) ||
	    (err = invitation_no_member(db, &now.organization, out->email)))
		return err;
	sign(sending, out);
	if ((err = digest_code(sending, out->email)) || (err = charge(db, sending)) || (err = charge_mail(db, sending)) ||
	    (err = invitation_renew(db, out, sending->digest)) || (err = add_services(db, call, out)) ||
	    (err = organization_log(db, call, &now.organization, AUDIT_INVITATION_RESENT, (struct about){ .target = out->email })))
		return err;
	return mail_code(db, sending);
}

enum err invitation_resend(struct call *call, const char *id, struct invitation *out)
{
	SCOPED(sending_wipe) struct sending sending = { .call = call, .out = out };
	enum err err;

	if ((err = id_parse(id, &sending.id)) || (err = email_code_new(CODE_FOR_INVITATION, &sending.code)))
		return err;
	call->settle_mail = true;
	return store_change(call->store, resend, &sending);
}
