#include "accounts/password_try.h"
#include "accounts/profile.h"
#include "audit/audit.h"
#include "second_step/caller_fill.h"
#include "sign_in/sign_in.h"
#include "store/store.h"

#include "base/banned.h"

struct confirm {
	struct call *call;
	enum second_step_method method; /* STEP_NONE: the password */
	const char *code;
	struct caller now;
};

static enum err note(struct db *db, struct confirm *confirm, const char *how)
{
	const struct id *account = &confirm->now.account.id;

	return audit_add(db, confirm->call, AUDIT_CONFIRMED, account, account, how);
}

static enum err prove_password(struct db *db, void *argument)
{
	struct confirm *confirm = argument;
	int64_t now_s = confirm->call->now_s;
	enum err err;

	confirm->now = *confirm->call->caller;
	if ((err = session_prove_password(db, &confirm->now.session.id, now_s)))
		return err;
	confirm->now.session.confirmed_at = now_s;
	return note(db, confirm, "password");
}

enum err confirm_password(struct call *call, const char *password, struct caller *now)
{
	struct confirm confirm = { .call = call };
	enum err err;

	if ((err = password_confirm(call, password)))
		return err == ERR_PASSWORD_WRONG ? blame(call, "password", err) : err;
	if ((err = store_change(call->store, prove_password, &confirm)))
		return err;
	*now = confirm.now;
	return OK;
}

static enum err prove_second_step(struct db *db, void *argument)
{
	struct confirm *confirm = argument;
	struct call *call = confirm->call;
	struct session *session = &confirm->now.session;
	int used = confirm->method == STEP_TOTP ? USED_OTP : USED_RECOVERY, left = 0;
	struct enrolment enrolment;
	enum err err;

	confirm->now = *call->caller;
	err = second_step_check(db, call, &confirm->now.account, confirm->method, confirm->code, &left);
	if (second_step_counts(err))
		return db_keep(db, err);
	if (err || (err = second_step_find(db, &confirm->now.account.id, &enrolment)) ||
	    (err = session_prove_second_step(db, &session->id, &enrolment.id, used, call->now_s)))
		return err;
	session->second_step_at = call->now_s;
	session->enrolment = enrolment.id;
	session->methods |= used;
	if ((err = caller_fill(db, call->now_s, &confirm->now)) ||
	    (err = second_step_tell(db, call, &confirm->now.account, confirm->method, left)))
		return err;
	return note(db, confirm, used == USED_OTP ? "totp" : "recovery_code");
}

enum err confirm_second_step(struct call *call, enum second_step_method method, const char *code, struct caller *now)
{
	struct confirm confirm = { .call = call, .method = method, .code = code };
	enum err err = store_change(call->store, prove_second_step, &confirm);

	if (second_step_counts(err))
		second_step_log_wrong(call, &call->caller->account.id, method);
	if (err) {
		call->wrong = err_status(err) == 401 ? "code" : NULL;
		return err;
	}
	call->settle_mail = method == STEP_RECOVERY_CODE;
	*now = confirm.now;
	return OK;
}
