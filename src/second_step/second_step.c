#include "second_step/second_step.h"

#include "audit/audit.h"
#include "base/log.h"
#include "limits/limits.h"
#include "mail/letter.h"
#include "second_step/second_step_sql.h"
#include "store/store.h"

#include "base/banned.h"

enum err second_step_method_read(struct call *call, const char *text, enum second_step_method *out)
{
	static const struct {
		const char *name;
		enum second_step_method method;
	} methods[] = { { "totp", STEP_TOTP }, { "recovery_code", STEP_RECOVERY_CODE } };

	for (size_t i = 0; i < COUNT(methods); i++)
		if (!strcmp(text, methods[i].name)) {
			*out = methods[i].method;
			return OK;
		}
	call->wrong = "method";
	return ERR_INVALID;
}

static void sealed_secret_wipe(struct sealed_secret *sealed)
{
	wipe(sealed, sizeof(*sealed));
}

static enum err check_totp(struct db *db, const struct call *call, const struct id *account, const char *code)
{
	SCOPED(totp_secret_wipe) struct totp_secret secret = { { 0 } };
	SCOPED(sealed_secret_wipe) struct sealed_secret sealed = { { 0 } };
	struct totp_step now = totp_step_at(call->now_s), step = { 0 };
	struct id enrolment;
	enum err err;

	if ((err = totp_row_secret(db, account, &enrolment, &sealed)) ||
	    (err = keyring_open_seal(call->keys, SEAL_TOTP, account, &enrolment, sealed.bytes, sizeof(sealed.bytes), secret.bytes,
	             sizeof(secret.bytes))) ||
	    (err = totp_find(&secret, code, now, &step)))
		return err;
	return second_step_spend(db, &enrolment, step, now);
}

static enum err check_recovery(struct db *db, const struct call *call, const struct id *account, const char *code)
{
	uint8_t digest[DIGEST_BYTES];
	struct recovery_row set;
	enum err err = recovery_row_find(db, account, &set);

	if (err)
		return err == ERR_NOT_FOUND ? ERR_NOT_ENABLED : err;
	if ((err = recovery_digest(call->keys, account, &set.id, code, digest)))
		return err == ERR_CODE_REFUSED ? ERR_RECOVERY_REFUSED : err;
	return recovery_row_spend(db, &set, digest, call->now_s);
}

static struct limit_of of_recovery(const struct account *account)
{
	return (struct limit_of){ LIMIT_RECOVERY, &account->id, false, NULL };
}

static enum err ask(struct db *db, struct call *call, const struct account *account, enum second_step_method method)
{
	if (method == STEP_TOTP)
		return step_limit_ask(db, &account->id, call->now_s, &call->held_off);
	return limit_ask(db, of_recovery(account), call->now_s, &call->held_off);
}

static enum err charge(struct db *db, struct call *call, const struct account *account, enum second_step_method method,
                       struct wrong_steps *wrong)
{
	if (method == STEP_TOTP)
		return step_limit_charge(db, &account->id, call->now_s, &call->held_off, wrong);
	return limit_charge(db, of_recovery(account), call->now_s, &call->held_off, &wrong->in_a_row);
}

/* Right: the counter is forgotten; a recovery code lifts the app's hold too, for it is no guess. */
static enum err clear(struct db *db, const struct account *account, enum second_step_method method)
{
	return method == STEP_TOTP ? step_limit_right(db, &account->id) : step_limit_clear(db, &account->id);
}

static enum err count_wrong(struct db *db, struct call *call, const struct account *account, enum second_step_method method)
{
	struct letter_facts facts = { .to = account->email, .name = account->name, .locale = account->locale };
	struct wrong_steps wrong = { 0, 0 };
	enum err err;

	if ((err = charge(db, call, account, method, &wrong)) ||
	    (err = audit_add(db, call, AUDIT_SIGN_IN_FAILED, NULL, &account->id, "second_step")) || !step_limit_tells(&wrong))
		return err;
	return letter_queue(db, call, LETTER_WRONG_SECOND_STEPS, &facts);
}

enum err second_step_tell(struct db *db, const struct call *call, const struct account *account, enum second_step_method method,
                          int left)
{
	struct letter_facts facts = { .to = account->email, .name = account->name, .locale = account->locale, .left = left };

	return method == STEP_RECOVERY_CODE ? letter_queue(db, call, LETTER_RECOVERY_USED, &facts) : OK;
}

bool second_step_counts(enum err err)
{
	return err == ERR_CODE_REFUSED || err == ERR_RECOVERY_REFUSED;
}

void second_step_log_wrong(const struct call *call, const struct id *account, enum second_step_method method)
{
	char id[ID_TEXT];

	log_info("sign_in_failed", LOG_TEXT("id", call->id), LOG_TEXT("address", call->peer.address),
	         LOG_TEXT("account", id_text(account, id)), LOG_TEXT("method", method == STEP_TOTP ? "otp" : "recovery"));
}

enum err second_step_check(struct db *db, struct call *call, const struct account *account, enum second_step_method method,
                           const char *code, int *left)
{
	enum err err;

	if ((err = ask(db, call, account, method)))
		return err;
	err = method == STEP_TOTP ? check_totp(db, call, &account->id, code) : check_recovery(db, call, &account->id, code);
	if (second_step_counts(err)) {
		enum err counted = count_wrong(db, call, account, method);
		return counted ? counted : err;
	}
	if (err || (err = clear(db, account, method)) || (err = second_step_left(db, &account->id, left)))
		return err;
	return method == STEP_TOTP ? OK : audit_add(db, call, AUDIT_RECOVERY_USED, &account->id, &account->id, "");
}

struct look {
	const struct call *call;
	struct two_step_status *out;
};

static enum err look(struct db *db, void *argument)
{
	const struct look *look = argument;
	const struct id *account = &look->call->caller->account.id;
	struct two_step_status *out = look->out;
	struct enrolment enrolment;
	enum err err;

	*out = (struct two_step_status){ 0 };
	if ((err = second_step_find(db, account, &enrolment)) ||
	    (err = second_step_left(db, account, &out->recovery_codes_left)) ||
	    (err = device_list(db, account, look->call->now_s, out->devices, DEVICES_MAX, &out->device_count)))
		return err;
	out->enabled = !id_empty(&enrolment.id);
	out->enabled_at = enrolment.enabled_at;
	return setup_state_of(db, &look->call->caller->session.id, look->call->now_s, &out->setup_state, &out->setup_expires_at);
}

enum err two_step_look(struct call *call, struct two_step_status *out)
{
	struct look argument = { call, out };

	return store_read(call->store, look, &argument);
}

struct forget {
	const struct call *call;
	const struct id *device; /* NULL: all */
};

static enum err forget_device(struct db *db, void *argument)
{
	const struct forget *forget = argument;
	const struct id *account = &forget->call->caller->account.id;
	enum err err = session_lives(db, &forget->call->caller->session.id);

	if (!err)
		err = forget->device ? device_forget(db, account, forget->device) : device_forget_all(db, account);
	return err ? err : audit_add(db, forget->call, AUDIT_DEVICE_FORGOTTEN, account, account, "");
}

enum err two_step_forget_device(struct call *call, const char *id)
{
	struct id device;
	struct forget forget = { call, id ? &device : NULL };
	enum err err = id ? id_parse(id, &device) : OK;

	return err ? err : store_change(call->store, forget_device, &forget);
}
