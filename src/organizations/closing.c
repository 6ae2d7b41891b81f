#include "organizations/closing.h"

#include "accounts/caller.h"
#include "accounts/email_code.h"
#include "accounts/password_try.h"
#include "accounts/profile.h"
#include "accounts/sign_up.h"
#include "limits/limits.h"
#include "mail/letter.h"
#include "mandate/mandate.h"
#include "organizations/invitations.h"
#include "organizations/log.h"
#include "organizations/members.h"
#include "store/store.h"

#include "base/banned.h"

/* Each organisation reads in its log that somebody left, and what they had sent out for it is void. */
static enum err leave_one(struct db *db, const struct call *call, const struct account *account, const struct id *organization)
{
	enum err err = organization_log(db, call, organization, AUDIT_MEMBER_LEFT,
	        (struct about){ &account->id, account->email, "account closed" });

	return err ? err : invitations_cancel_by(db, organization, &account->id);
}

static enum err leave_all(struct db *db, const struct call *call, const struct account *account)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows, "SELECT organization_id FROM membership WHERE account_id = $1", db_id(&account->id));
	struct id organization;

	while (!err && !(err = db_next(&rows)) && !(err = db_get_id(&rows, 0, &organization)))
		err = leave_one(db, call, account, &organization);
	return err == ERR_NOT_FOUND ? OK : err;
}

/* What stands apart from the account's row: codes and tries for its address, demands that it switched, counters. */
static enum err forget_traces(struct db *db, const struct account *account)
{
	enum err err;

	if ((err = email_code_drop(db, CODE_FOR_RESET, &account->id)) || (err = sign_up_end(db, account->email)) ||
	    (err = mandate_setter_moves(db, account->email, "")))
		return err;
	return limits_drop(db, &account->id);
}

static enum err owns_none(struct db *db, const struct id *account)
{
	bool owns = false;
	enum err err = membership_owns(db, account, &owns);

	return err ? err : owns ? ERR_LAST_OWNER : OK;
}

enum err account_close(struct db *db, const struct call *call, const struct account *account)
{
	struct letter_facts facts = { .to = account->email, .name = account->name, .locale = account->locale };
	const struct id *actor = call->caller ? &call->caller->account.id : NULL;
	enum err err;

	if ((err = owns_none(db, &account->id)) || (err = leave_all(db, call, account)) || (err = forget_traces(db, account)) ||
	    (err = audit_add(db, call, AUDIT_ACCOUNT_CLOSED, actor, &account->id, "")) ||
	    (err = letter_queue(db, call, LETTER_ACCOUNT_CLOSED, &facts)))
		return err;
	return account_drop(db, &account->id);
}

static enum err close_own(struct db *db, void *argument)
{
	const struct call *call = argument;
	struct account account;
	enum err err;

	if ((err = session_lives(db, &call->caller->session.id)) ||
	    (err = account_find(db, &call->caller->account.id, &account)))
		return err;
	return account_close(db, call, &account);
}

enum err closing_confirm(struct call *call, const char *password)
{
	enum err err = password_confirm(call, password);

	if (err)
		return err == ERR_PASSWORD_WRONG ? blame(call, "password", err) : err;
	call->settle_mail = true;
	if ((err = store_change(call->store, close_own, call)))
		return err;
	if (!call->bearer)
		cookie_clear(call, COOKIE_SESSION);
	return OK;
}

struct named {
	struct call *call;
	char email[EMAIL_TEXT], heir[EMAIL_TEXT];
	bool has_heir;
};

/* At most OWNED_MAX at once. Gathered first: handing one over changes the rows that are read. */
static enum err owned_by(struct db *db, const struct id *account, struct id out[static OWNED_MAX], size_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_query(db, &rows, "SELECT organization_id FROM membership WHERE account_id = $1 AND role = $2 LIMIT $3",
	        db_id(account), db_int(ROLE_OWNER), db_int(OWNED_MAX));

	*count = 0;
	while (!err && *count < OWNED_MAX && !(err = db_next(&rows)) && !(err = db_get_id(&rows, 0, &out[*count])))
		*count += 1;
	return err == ERR_NOT_FOUND ? OK : err;
}

/* The operator's word counts for more than the limit: an account whose heir owns some already could not be closed by it. */
static enum err hand_some_over(struct db *db, const struct named *named, const struct id *account, const struct id *heir, bool *all)
{
	struct id organization[OWNED_MAX];
	size_t count = 0;
	enum err err = owned_by(db, account, organization, &count);

	for (size_t i = 0; i < count && !err; i++)
		err = owner_put(db, named->call, &organization[i], heir, INT64_MAX);
	*all = !count;
	return err;
}

/* However many there are: data of before the limit held for hand-overs has more of them. */
static enum err hand_all_over(struct db *db, const struct named *named, const struct account *account)
{
	struct account heir;
	bool all = false;
	enum err err = account_find_email(db, named->heir, &heir);

	if (!err && id_same(&heir.id, &account->id))
		return owns_none(db, &heir.id);
	while (!err && !all)
		err = hand_some_over(db, named, &account->id, &heir.id, &all);
	return err;
}

static enum err close_named(struct db *db, void *argument)
{
	const struct named *named = argument;
	struct account account;
	enum err err;

	named->call->wrong = NULL;
	if ((err = account_find_email(db, named->email, &account)))
		return err;
	if (named->has_heir && (err = hand_all_over(db, named, &account)))
		return err == ERR_NOT_FOUND ? blame(named->call, "hand_over", err) : err;
	return account_close(db, named->call, &account);
}

enum err closing_by_operator(struct call *call, const char *email, const char *hand_over)
{
	struct named named = { .call = call, .has_heir = hand_over != NULL };
	enum err err = email_read(email, named.email);

	if (!err && hand_over)
		err = blame(call, "hand_over", email_read(hand_over, named.heir));
	if (err)
		return err;
	call->settle_mail = true;
	return store_change(call->store, close_named, &named);
}
