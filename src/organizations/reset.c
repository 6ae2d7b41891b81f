#include "organizations/reset.h"

#include "accounts/caller.h"
#include "accounts/password_try.h"
#include "accounts/profile.h"
#include "base/text.h"
#include "mail/letter.h"
#include "organizations/log.h"
#include "organizations/members_sql.h"
#include "second_step/take_away.h"
#include "store/store.h"

#include "base/banned.h"

struct reset {
	struct call *call;
	struct id account;    /* by a manager */
	const char *email;    /* by the operator; else NULL */
	const char *reason;
};

/*
 * Does somebody belong to an organisation that the caller could not do this in? One that they are alone in and that guards
 * nothing does not count; one that they own counts as not managed, for a manager does not touch an owner.
 */
static enum err belongs_elsewhere(struct db *db, const struct id *member, const struct id *caller, bool *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT 1 FROM membership m WHERE m.account_id = $1"
	        " AND NOT EXISTS (SELECT 1 FROM membership c WHERE c.organization_id = m.organization_id AND c.account_id = $2"
	        " AND (c.role = $4 OR (c.role = $3 AND m.role <> $4)))"
	        " AND (EXISTS (SELECT 1 FROM membership o WHERE o.organization_id = m.organization_id AND o.account_id <> $1)"
	        " OR EXISTS (SELECT 1 FROM service s WHERE s.organization_id = m.organization_id)) LIMIT 1",
	        db_id(member), db_id(caller), db_int(ROLE_MANAGER), db_int(ROLE_OWNER));

	*out = !err;
	return err == ERR_NOT_FOUND ? OK : err;
}

static enum err log_everywhere(struct db *db, const struct reset *reset, const struct account *account)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows, "SELECT organization_id FROM membership WHERE account_id = $1", db_id(&account->id));
	struct id organization;

	while (!err && !(err = db_next(&rows)) && !(err = db_get_id(&rows, 0, &organization)))
		err = organization_log(db, reset->call, &organization, AUDIT_SECOND_STEP_RESET,
		        (struct about){ &account->id, account->email, reset->reason });
	return err == ERR_NOT_FOUND ? OK : err;
}

/* Who did it, as the mail says it. */
static const char *author_of(const struct call *call)
{
	return call->caller ? call->caller->account.email : call->settings->name;
}

static enum err carry_out(struct db *db, const struct reset *reset, const struct account *account)
{
	const struct call *call = reset->call;
	const struct id *actor = call->caller ? &call->caller->account.id : NULL;
	struct letter_facts facts = { .to = account->email, .name = account->name, .locale = account->locale,
		.person = author_of(call), .reason = reset->reason };
	enum err err;

	if ((err = second_step_take_away(db, call, account)) || (err = log_everywhere(db, reset, account)) ||
	    (err = audit_add(db, call, AUDIT_SECOND_STEP_RESET, actor, &account->id, reset->reason)))
		return err;
	return letter_queue(db, call, LETTER_SECOND_STEP_RESET, &facts);
}

static enum err check_member(struct db *db, const struct reset *reset, const struct membership *by)
{
	struct member member;
	bool elsewhere = false;
	enum err err;

	if ((err = member_select(db, &by->organization, &reset->account, &member)) ||
	    (err = belongs_elsewhere(db, &reset->account, &by->account, &elsewhere)))
		return err;
	if (id_same(&reset->account, &by->account) || !role_may_on(by->role, RIGHT_RESET_SECOND_STEP, member.role))
		return ERR_FORBIDDEN;
	return elsewhere ? ERR_OTHER_ORGANIZATIONS : OK;
}

static enum err look(struct db *db, void *argument)
{
	const struct reset *reset = argument;

	return check_member(db, reset, reset->call->membership);
}

static enum err by_manager(struct db *db, void *argument)
{
	const struct reset *reset = argument;
	struct membership now;
	struct account account;
	enum err err;

	if ((err = membership_now(db, reset->call, RIGHT_RESET_SECOND_STEP, &now)) || (err = check_member(db, reset, &now)) ||
	    (err = account_find(db, &reset->account, &account)))
		return err;
	return carry_out(db, reset, &account);
}

static enum err by_operator(struct db *db, void *argument)
{
	const struct reset *reset = argument;
	struct account account;
	enum err err = account_find_email(db, reset->email, &account);

	return err ? err : carry_out(db, reset, &account);
}

/* It goes into a mail and a log: one line for people. */
static enum err check_reason(struct call *call, const char *reason)
{
	bool fits = *reason && text_characters(reason) <= REASON_CHARACTERS_MAX && !text_has_controls(reason) &&
	            strspn(reason, " ") < strlen(reason);

	return fits ? OK : blame(call, "reason", ERR_INVALID);
}

enum err reset_check(struct call *call, const char *account)
{
	struct reset reset = { .call = call };
	enum err err = id_parse(account, &reset.account);

	return err ? err : store_read(call->store, look, &reset);
}

/* The password comes with the request, however fresh the session is: it takes somebody's protection away. */
enum err reset_by_manager(struct call *call, const char *account, const char *password, const char *reason)
{
	struct reset reset = { .call = call, .reason = reason };
	enum err err;

	if ((err = id_parse(account, &reset.account)) || (err = check_reason(call, reason)))
		return err;
	if ((err = password_confirm(call, password)))
		return err == ERR_PASSWORD_WRONG ? blame(call, "password", err) : err;
	call->settle_mail = true;
	return store_change(call->store, by_manager, &reset);
}

enum err reset_by_operator(struct call *call, const char *email, const char *reason)
{
	struct reset reset = { .call = call, .reason = reason };
	char read[EMAIL_TEXT];
	enum err err;

	if ((err = blame(call, "email", email_read(email, read))) || (err = check_reason(call, reason)))
		return err;
	reset.email = read;
	call->settle_mail = true;
	return store_change(call->store, by_operator, &reset);
}
