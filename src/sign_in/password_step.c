#include "accounts/password_try.h"
#include "sign_in/open.h"
#include "sign_in/sign_in_sql.h"
#include "store/store.h"

#include "base/banned.h"

struct first {
	struct opening opening;
	struct password_try try;
};

static void first_wipe(struct first *first)
{
	opening_wipe(&first->opening);
	password_try_done(&first->try);
}

/*
 * A remembered device spares the second step, never the password, and satisfies no demand; a token that asks for no cookie
 * has no device.
 */
static enum err is_remembered(struct db *db, const struct first *first, bool *remembered)
{
	const struct opening *opening = &first->opening;
	struct demand demand;
	enum err err = mandate_of(db, &first->try.account.id, opening->call->now_s, &demand);
	bool may = !err && opening->has_device && opening->out->transport == TRANSPORT_COOKIE && !demand.in_force;

	if (err)
		return err;
	err = may ? device_use(db, opening->call->keys, &opening->device_sent, &first->try.account.id, opening->call->now_s)
	          : ERR_NOT_FOUND;

	*remembered = !err;
	return err == ERR_NOT_FOUND ? OK : err;
}

static enum err owe_second_step(struct db *db, struct first *first)
{
	struct sign_in *out = first->opening.out;
	int left = 0;
	enum err err = second_step_left(db, &first->try.account.id, &left);

	if (err)
		return err;
	out->status = SIGN_IN_SECOND_STEP;
	out->has_recovery = left > 0;
	out->login_expires_at = first->opening.call->now_s + LOGIN_S;
	return login_add(db, &first->opening.login, &first->try.account, out->transport, out->login_expires_at);
}

static enum err accept_password(struct db *db, void *argument)
{
	static const struct id none = { { 0 } };
	struct first *first = argument;
	struct opening *opening = &first->opening;
	struct enrolment enrolment;
	bool remembered = false;
	enum err err;

	opening->out->status = SIGN_IN_REFUSED;
	if ((err = password_try_settle(db, opening->call, &first->try)) ||
	    (err = account_find(db, &first->try.account.id, &first->try.account)) ||
	    (err = second_step_find(db, &first->try.account.id, &enrolment)) || (err = is_remembered(db, first, &remembered)))
		return err == ERR_NOT_FOUND ? ERR_CREDENTIALS : err;
	if (!id_empty(&enrolment.id) && !remembered)
		return owe_second_step(db, first);
	return opening_session(db, opening, &first->try.account, USED_PASSWORD, &none, remembered);
}

enum err sign_in_password(struct call *call, const char *email, const char *password, enum transport transport, struct sign_in *out)
{
	SCOPED(first_wipe) struct first first = { .try = { .stranger = false } };
	char address[EMAIL_TEXT] = ""; /* what is no address has no account, and costs the same */
	enum err err;

	(void)!email_read(email, address);
	if ((err = opening_prepare(&first.opening, call, transport, out)) || (err = password_try(call, address, password, &first.try)) ||
	    (err = store_change(call->store, accept_password, &first)))
		return err;
	opening_done(&first.opening);
	return OK;
}
