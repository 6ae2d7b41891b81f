#include "sign_in/open.h"
#include "sign_in/sign_in_sql.h"
#include "store/store.h"

#include "base/banned.h"

struct second {
	struct opening opening;
	struct token_digest login;
	struct account account; /* whose it is */
	enum second_step_method method;
	const char *code;
	bool remember;
};

static void second_wipe(struct second *second)
{
	opening_wipe(&second->opening);
}

static int methods_of(enum second_step_method method)
{
	return USED_PASSWORD | (method == STEP_TOTP ? USED_OTP : USED_RECOVERY);
}

static enum err open_session(struct db *db, struct second *second)
{
	struct opening *opening = &second->opening;
	const struct account *account = &second->account;
	struct enrolment enrolment;
	enum err err;

	if ((err = second_step_find(db, &account->id, &enrolment)) ||
	    (err = opening_session(db, opening, account, methods_of(second->method), &enrolment.id, false)))
		return err;
	if (!second->remember || opening->out->transport != TRANSPORT_COOKIE)
		return OK;
	return opening_remember(db, opening, &account->id, &enrolment.id);
}

/* It counts, against the login and the account alike. */
static enum err count_wrong(struct db *db, const struct second *second, enum err verdict)
{
	enum err err = login_count_wrong(db, &second->login);

	return err ? err : db_keep(db, verdict);
}

/* Login, counter, code and session in one change: a wrong code is counted with its verdict, a right one serves once. */
static enum err accept_code(struct db *db, void *argument)
{
	struct second *second = argument;
	struct opening *opening = &second->opening;
	struct sign_in *out = opening->out;
	struct account *account = &second->account;
	struct login login;
	enum err err;

	out->status = SIGN_IN_REFUSED;
	if ((err = login_find(db, &second->login, opening->call->now_s, &login)) || (err = account_find(db, &login.account, account)))
		return err == ERR_NOT_FOUND ? ERR_LOGIN_EXPIRED : err;
	out->transport = login.transport;
	err = second_step_check(db, opening->call, account, second->method, second->code, &out->recovery_codes_left);
	if (second_step_counts(err))
		return count_wrong(db, second, err);
	if (err == ERR_NOT_ENABLED)
		return ERR_LOGIN_EXPIRED;
	if (err || (err = login_spend(db, &second->login)) ||
	    (err = second_step_tell(db, opening->call, account, second->method, out->recovery_codes_left)))
		return err;
	out->used_recovery = second->method == STEP_RECOVERY_CODE;
	return open_session(db, second);
}

enum err sign_in_second_step(struct call *call, const char *login, enum second_step_method method, const char *code,
                             bool remember_device, struct sign_in *out)
{
	SCOPED(second_wipe) struct second second = { .method = method, .code = code, .remember = remember_device };
	enum err err;

	if ((err = token_parse(login, &second.login)))
		return err == ERR_NOT_FOUND ? ERR_LOGIN_EXPIRED : err;
	if ((err = opening_prepare(&second.opening, call, TRANSPORT_COOKIE, out)) ||
	    (err = store_change(call->store, accept_code, &second))) {
		if (second_step_counts(err))
			second_step_log_wrong(call, &second.account.id, method);
		call->wrong = err_status(err) == 401 ? "code" : NULL;
		return err;
	}
	call->settle_mail = out->used_recovery;
	opening_done(&second.opening);
	return OK;
}

struct peek {
	struct token_digest token;
	int64_t now_s;
	struct login login;
	struct demand demand;
};

static enum err peek_at(struct db *db, void *argument)
{
	struct peek *peek = argument;
	enum err err = login_find(db, &peek->token, peek->now_s, &peek->login);

	return err ? err : mandate_of(db, &peek->login.account, peek->now_s, &peek->demand);
}

enum err sign_in_login_look(struct call *call, const char *login, int64_t *expires_at, bool *remembers)
{
	struct peek peek = { .now_s = call->now_s };
	enum err err = token_parse(login, &peek.token);

	if (err == ERR_NOT_FOUND)
		return ERR_LOGIN_EXPIRED;
	if (err || (err = store_read(call->store, peek_at, &peek)))
		return err;
	*expires_at = peek.login.expires_at;
	*remembers = !peek.demand.in_force;
	return OK;
}
