#include "accounts/password_try.h"
#include "accounts/profile.h"
#include "audit/audit.h"
#include "base/codec.h"
#include "mail/letter.h"
#include "second_step/reissue.h"
#include "second_step/second_step.h"
#include "second_step/second_step_sql.h"
#include "second_step/setup_sql.h"
#include "store/store.h"

#include "base/banned.h"

struct disable {
	struct call *call;
	enum second_step_method method;
	const char *code;
};

/* This session stays, with what its password proved; all that the second step opened, and what was to replace it, ends with it. */
static enum err switch_off(struct db *db, const struct call *call)
{
	const struct account *account = &call->caller->account;
	struct letter_facts facts = { .to = account->email, .name = account->name, .locale = account->locale };
	enum err err;

	if ((err = session_forget_second_step(db, &call->caller->session.id)) || (err = totp_row_remove(db, &account->id)) ||
	    (err = recovery_rows_remove(db, &account->id)) || (err = device_forget_all(db, &account->id)) ||
	    (err = reissue_forget(db, &call->caller->session.id)) || (err = setup_row_drop(db, &call->caller->session.id)) ||
	    (err = session_end_others(db, &account->id, &call->caller->session.id)) ||
	    (err = audit_add(db, call, AUDIT_TWO_STEP_OFF, &account->id, &account->id, "")))
		return err;
	return letter_queue(db, call, LETTER_TWO_STEP_OFF, &facts);
}

static enum err disable(struct db *db, void *argument)
{
	struct disable *disable = argument;
	struct call *call = disable->call;
	struct demand demand;
	int left = 0;
	enum err err = mandate_of(db, &call->caller->account.id, call->now_s, &demand);

	if (err || demand.any)
		return err ? err : ERR_REQUIRED;
	err = second_step_check(db, call, &call->caller->account, disable->method, disable->code, &left);

	if (second_step_counts(err))
		return db_keep(db, err);
	return err ? err : switch_off(db, call);
}

static enum err carry_out(struct disable *argument)
{
	struct call *call = argument->call;
	enum err err = store_change(call->store, disable, argument);

	call->settle_mail = true;
	if (!second_step_counts(err))
		return err;
	second_step_log_wrong(call, &call->caller->account.id, argument->method);
	return blame(call, "code", err);
}

/* Before anything is tried; the change asks again. */
static enum err may_ask(const struct caller *caller)
{
	if (!caller->two_step)
		return ERR_NOT_ENABLED;
	return caller->demand.any ? ERR_REQUIRED : OK;
}

/*
 * What is sealed for account and session. The moment of the confirmation is the session's own, so that a clock that is set brings back
 * nothing that has ended; a password given later, for something else, is another one.
 */
struct begun {
	int64_t confirmed_at, password_version;
	struct id enrolment;
};

#define SEALED_BYTES (sizeof(struct begun) + SEAL_EXTRA_BYTES)

static struct begun begun_now(const struct caller *caller)
{
	return (struct begun){ caller->session.confirmed_at, caller->account.password_version, caller->enrolment };
}

const char *two_step_disable_begin(struct call *call, const struct caller *now)
{
	const struct begun begun = begun_now(now);
	char *text = arena_alloc(call->arena, BASE64URL_TEXT(SEALED_BYTES));
	uint8_t sealed[SEALED_BYTES];

	if (!text || keyring_seal(call->keys, SEAL_DISABLING, &now->account.id, &now->session.id, &begun, sizeof(begun), sealed))
		return NULL;
	base64url_encode(sealed, sizeof(sealed), text);
	return text;
}

enum err two_step_disable_begun(const struct call *call, const char *begun)
{
	const struct caller *caller = call->caller;
	const struct begun now = begun_now(caller);
	struct begun then;
	uint8_t sealed[SEALED_BYTES];

	if (!begun || !base64url_decode(begun, strlen(begun), sealed, sizeof(sealed)) ||
	    keyring_open_seal(call->keys, SEAL_DISABLING, &caller->account.id, &caller->session.id, sealed, sizeof(sealed), &then, sizeof(then)))
		return ERR_NEEDS_PASSWORD;
	if (then.confirmed_at != now.confirmed_at || then.password_version != now.password_version ||
	    !id_same(&then.enrolment, &now.enrolment) || !session_fresh(now.confirmed_at, call->now_s))
		return ERR_NEEDS_PASSWORD;
	return OK;
}

enum err two_step_disable_end(struct call *call, const char *begun, enum second_step_method method, const char *code)
{
	struct disable argument = { call, method, code };
	enum err err;

	if ((err = may_ask(call->caller)) || (err = two_step_disable_begun(call, begun)))
		return err;
	return carry_out(&argument);
}

enum err two_step_disable(struct call *call, const char *password, enum second_step_method method, const char *code)
{
	struct disable argument = { call, method, code };
	enum err err;

	if ((err = may_ask(call->caller)) || (err = password_confirm(call, password)))
		return err == ERR_PASSWORD_WRONG ? blame(call, "password", err) : err;
	return carry_out(&argument);
}
