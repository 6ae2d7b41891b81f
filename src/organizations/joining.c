/* An invitation is accepted: found, spent, and what it promised is given, in one change. */
#include "accounts/caller.h"
#include "accounts/email_code.h"
#include "audit/audit.h"
#include "limits/limits.h"
#include "organizations/invitations_sql.h"
#include "store/store.h"

#include "base/banned.h"

enum err invitation_find_code(struct db *db, const struct call *call, const char *email, const char *code, struct invitation *out)
{
	const struct email_code_for bound = { .purpose = CODE_FOR_INVITATION, .email = email };
	uint8_t digest[DIGEST_BYTES];
	enum err err = email_code_digest(call->keys, &bound, code, digest);

	if (err)
		return err == ERR_CODE_INVALID ? ERR_NOT_FOUND : err;
	return invitation_find_digest(db, email, digest, call->now_s, out);
}

/* By themselves: at sign-up nobody is signed in yet. */
static enum err log_joined(struct db *db, const struct call *call, const struct invitation *invitation, const struct account *account)
{
	const struct audit_event event = { .action = AUDIT_MEMBER_JOINED, .organization = &invitation->organization,
		.actor = &account->id, .actor_text = account->email, .account = &account->id, .target = account->email,
		.details = role_name(invitation->role) };

	return audit_write(db, call, &event);
}

enum err invitation_join(struct db *db, struct call *call, const struct invitation *invitation, const struct account *account,
                         struct joined *out)
{
	struct service_grant *grants = arena_alloc(call->arena, SERVICES_MAX * sizeof(*grants));
	const struct id *organization = &invitation->organization;
	size_t count = 0;
	enum err err;

	if (!grants)
		return ERR_MEMORY;
	if ((err = invitation_grants(db, &invitation->id, grants, SERVICES_MAX, &count)) ||
	    (err = invitation_drop(db, organization, &invitation->id)) ||
	    (err = membership_add(db, organization, account, invitation->role, call->now_s)) ||
	    (err = grants_put(db, organization, &account->id, grants, count)) ||
	    (err = log_joined(db, call, invitation, account)))
		return err;
	*out = (struct joined){ .organization = *organization, .role = invitation->role };
	memcpy(out->name, invitation->organization_name, sizeof(out->name));
	return OK;
}

struct accept {
	struct call *call;
	const char *code; /* NULL: by its id */
	struct id id;
	struct account account;
	struct invitation invitation;
	struct joined *out;
};

static struct limit_of by_account(const struct accept *accept)
{
	return (struct limit_of){ LIMIT_INVITATION, &accept->call->caller->account.id, false, NULL };
}

static struct limit_of by_network(const struct accept *accept)
{
	return (struct limit_of){ LIMIT_CODE_NETWORK, NULL, false, &accept->call->peer.network };
}

static enum err charge(struct db *db, const struct accept *accept)
{
	struct call *call = accept->call;
	enum err err = limit_charge(db, by_account(accept), call->now_s, &call->held_off, NULL);

	if (err || !call->peer.counted)
		return err;
	return limit_charge(db, by_network(accept), call->now_s, &call->held_off, NULL);
}

static enum err give_back(struct db *db, const struct accept *accept)
{
	enum err err = limit_clear(db, by_account(accept));

	if (err || !accept->call->peer.counted)
		return err;
	return limit_refund(db, by_network(accept), accept->call->now_s);
}

/* A wrong code stays counted; a right one gives its charges back. */
static enum err find_by_code(struct db *db, struct accept *accept)
{
	enum err err = charge(db, accept);

	if (err)
		return err;
	err = invitation_find_code(db, accept->call, accept->account.email, accept->code, &accept->invitation);
	return err ? db_keep(db, err) : give_back(db, accept);
}

static enum err accept_it(struct db *db, void *argument)
{
	struct accept *accept = argument;
	struct call *call = accept->call;
	const struct caller *caller = call->caller;
	enum err err;

	*accept->out = (struct joined){ .role = ROLE_NONE };
	if ((err = session_lives(db, &caller->session.id)) || (err = account_find(db, &caller->account.id, &accept->account)))
		return err;
	err = accept->code ? find_by_code(db, accept)
	                   : invitation_find_for(db, accept->account.email, &accept->id, call->now_s, &accept->invitation);
	return err ? err : invitation_join(db, call, &accept->invitation, &accept->account, accept->out);
}

enum err invitation_accept(struct call *call, const char *code, struct joined *out)
{
	struct accept accept = { .call = call, .code = code, .out = out };

	return store_change(call->store, accept_it, &accept);
}

enum err invitation_accept_id(struct call *call, const char *id, struct joined *out)
{
	struct accept accept = { .call = call, .out = out };
	enum err err = id_parse(id, &accept.id);

	return err ? err : store_change(call->store, accept_it, &accept);
}
