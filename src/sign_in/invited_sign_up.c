/* A sign-up by invitation: the code proves the mailbox, so that account, membership and session come in one change. */
#include "accounts/password_try.h"
#include "audit/audit.h"
#include "limits/limits.h"
#include "sign_in/open.h"
#include "store/store.h"

#include "base/banned.h"

struct invited_sign_up {
	struct opening opening;
	const char *code;
	struct account account; /* as it will be */
	struct sealed_password password;
	struct invitation invitation;
	bool exists; /* the address has an account already */
};

static void invited_wipe(struct invited_sign_up *sign_up)
{
	opening_wipe(&sign_up->opening);
}

static enum err find_code(struct db *db, struct invited_sign_up *sign_up)
{
	enum err err = invitation_find_code(db, sign_up->opening.call, sign_up->account.email, sign_up->code, &sign_up->invitation);

	return err == ERR_NOT_FOUND ? ERR_CODE_INVALID : err;
}

/* Only who has the right code learns of an account, and it came to that mailbox. */
static enum err find_account(struct db *db, struct invited_sign_up *sign_up)
{
	struct account there;
	enum err err = account_find_email(db, sign_up->account.email, &there);

	sign_up->exists = !err;
	return err == ERR_NOT_FOUND ? OK : err;
}

/* The code first: a wrong one is counted, by network, and costs no hash. */
static enum err look(struct db *db, void *argument)
{
	struct invited_sign_up *sign_up = argument;
	struct call *call = sign_up->opening.call;
	struct limit_of of = { LIMIT_CODE_NETWORK, NULL, false, &call->peer.network };
	enum err err = call->peer.counted ? limit_charge(db, of, call->now_s, &call->held_off, NULL) : OK;

	if (err)
		return err;
	if ((err = find_code(db, sign_up)))
		return db_keep(db, err);
	if (call->peer.counted && (err = limit_refund(db, of, call->now_s)))
		return err;
	return find_account(db, sign_up);
}

/* ERR_WRONG_STATE: meanwhile the address has an account. The membership stands before the session: a demand is met at once. */
static enum err make(struct db *db, void *argument)
{
	static const struct id none = { { 0 } };
	struct invited_sign_up *sign_up = argument;
	struct opening *opening = &sign_up->opening;
	const struct account *account = &sign_up->account;
	struct call *call = opening->call;
	enum err err;

	opening->out->status = SIGN_IN_REFUSED;
	if ((err = find_code(db, sign_up)) || (err = account_add(db, account, &sign_up->password, call->now_s)) ||
	    (err = sign_up_end(db, account->email)) ||
	    (err = audit_add(db, call, AUDIT_SIGNED_UP, &account->id, &account->id, "")) ||
	    (err = invitation_join(db, call, &sign_up->invitation, account, &opening->out->joined)))
		return err;
	return opening_session(db, opening, account, USED_PASSWORD, &none, false);
}

/* As after an ordinary sign-up: the answer is the same, and the mail says what there is. */
static enum err tell_owner(struct call *call, const struct sign_up *form, bool *mailed, struct token *try)
{
	struct sign_up invited = *form;

	invited.invited = true;
	*mailed = true;
	return sign_up_begin(call, &invited, try);
}

enum err sign_up_invited(struct call *call, const struct sign_up *form, const char *invitation, enum transport transport,
                         struct sign_in *out, bool *mailed, struct token *try)
{
	SCOPED(invited_wipe) struct invited_sign_up sign_up = { .code = invitation };
	SCOPED(password_wipe) struct password password = { "" };
	enum err err;

	*mailed = false;
	if ((err = sign_up_read(call, form, &sign_up.account, &password)) ||
	    (err = opening_prepare(&sign_up.opening, call, transport, out)))
		return err;
	if ((err = store_change(call->store, look, &sign_up)))
		return err == ERR_CODE_INVALID ? blame(call, "invitation", err) : err;
	if (sign_up.exists)
		return tell_owner(call, form, mailed, try);

	sign_up.account.created_at = call->now_s;
	if ((err = id_new(&sign_up.account.id)) || (err = password_make(call, &password, &sign_up.account.id, &sign_up.password)))
		return err;
	if ((err = store_change(call->store, make, &sign_up)))
		return err == ERR_WRONG_STATE    ? tell_owner(call, form, mailed, try)
		       : err == ERR_CODE_INVALID ? blame(call, "invitation", err)
		                                 : err;
	opening_done(&sign_up.opening);
	return OK;
}
