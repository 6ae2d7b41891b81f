#include "accounts/password_reset.h"

#include "accounts/email_code.h"
#include "accounts/password_try.h"
#include "audit/audit.h"
#include "limits/limits.h"
#include "mail/letter.h"
#include "sessions/device.h"
#include "store/store.h"


#include "base/banned.h"

#define STEP_CLEAR_AGAIN_S (24LL * 60 * 60) /* design.md section 6: at most once in 24 h */

struct ask {
	const struct call *call;
	char email[EMAIL_TEXT];
	uint8_t address[DIGEST_BYTES];
	bool has_device;
	struct token_digest device;
	struct email_code code;
};

static void ask_wipe(struct ask *ask)
{
	email_code_wipe(&ask->code);
}

static enum err mail_code(struct db *db, const struct call *call, const struct account *account, const struct email_code *code,
                          bool decoy)
{
	SCOPED(buf_done) struct buf link = { 0 };
	enum err err;

	buf_text(&link, call->settings->public_url);
	buf_text(&link, "/password-reset/complete?email=");
	url_component(&link, account->email);
	buf_text(&link, "&code=");
	url_component(&link, code->text);
	if ((err = buf_check(&link)))
		return err;

	struct letter_facts facts = { .to = account->email, .name = account->name, .locale = account->locale,
		.code = code->text, .link = buf_string(&link), .expires_at = call->now_s + EMAIL_CODE_S, .decoy = decoy };
	return letter_queue(db, call, LETTER_RESET_CODE, &facts);
}

static enum err is_known(struct db *db, const struct ask *ask, const struct account *account, bool *known)
{
	enum err err = ask->has_device ? device_known(db, ask->call->keys, &ask->device, &account->id, ask->call->now_s)
	                                   : ERR_NOT_FOUND;

	*known = !err;
	return err == ERR_NOT_FOUND ? OK : err;
}

/*
 * Whose it is; else an account that nobody has, under half of the address's digest, so that an address without one costs the
 * same questions, the same writes and the same letter.
 */
static enum err find_or_pretend(struct db *db, const struct call *call, const char email[static EMAIL_TEXT],
                                const uint8_t address[static DIGEST_BYTES], struct account *out, bool *exists)
{
	enum err err = account_find_email(db, email, out);

	*exists = !err;
	if (err != ERR_NOT_FOUND)
		return err;
	*out = (struct account){ .locale = call->locale };
	memcpy(out->id.bytes, address, ID_BYTES);
	memcpy(out->email, email, sizeof(out->email));
	return OK;
}

/* An address without account is counted like one that has one; only the mail is missing. */
static enum err ask_code(struct db *db, void *argument)
{
	const struct ask *ask = argument;
	const struct call *call = ask->call;
	struct account account = { 0 };
	bool exists, known = false;
	struct held_off ignored;
	enum err limited, err = find_or_pretend(db, call, ask->email, ask->address, &account, &exists);

	if (err || (err = is_known(db, ask, &account, &known)))
		return err;
	limited = limit_mail(db, MAIL_RESET, ask->address, &call->peer, known, call->now_s, &ignored);
	if (limited)
		return limited == ERR_TOO_MANY ? OK : limited;

	struct email_code_for bound = { CODE_FOR_RESET, account.id, { { 0 } }, account.email };
	if ((err = email_code_put(db, call->keys, &bound, &ask->code, call->now_s)))
		return err;
	return mail_code(db, call, &account, &ask->code, !exists);
}

enum err password_reset_ask(struct call *call, const char *email)
{
	SCOPED(ask_wipe) struct ask ask = { .call = call };
	const char *cookie = cookie_get(call, COOKIE_KNOWN);
	enum err err;

	if (email_read(email, ask.email))
		return OK; /* no such account; the answer is always the same */
	ask.has_device = cookie && !token_parse(cookie, &ask.device);
	if ((err = email_code_new(CODE_FOR_RESET, &ask.code)) || (err = address_digest(call->keys, ask.email, ask.address)))
		return err;
	return store_change(call->store, ask_code, &ask);
}

struct complete {
	struct call *call;
	char email[EMAIL_TEXT];
	uint8_t address[DIGEST_BYTES];
	const char *code;
	struct account account;
	struct sealed_password made;
};

static struct email_code_for bound_to(const struct complete *complete)
{
	return (struct email_code_for){ CODE_FOR_RESET, complete->account.id, { { 0 } }, complete->account.email };
}

/* Nobody was ever mailed the code of an address without account; what is asked of the store is the same. */
static enum err compare_code(struct db *db, struct complete *complete)
{
	const struct call *call = complete->call;
	bool exists;
	enum err err = find_or_pretend(db, call, complete->email, complete->address, &complete->account, &exists);

	if (err)
		return err;
	struct email_code_for bound = bound_to(complete);
	err = email_code_check(db, call->keys, &bound, complete->code, call->now_s);
	return !err && !exists ? ERR_CODE_INVALID : err;
}

/*
 * Wrong codes are limited by network; a right one costs nothing and still stands, for the new password may yet be refused.
 * Where the network is not counted the charge is written all the same and taken back: else an address whose code is counted
 * would take a write to the disk longer than one that was never asked about.
 */
static enum err check_code(struct db *db, void *argument)
{
	struct complete *complete = argument;
	struct call *call = complete->call;
	struct limit_of of = { LIMIT_CODE_NETWORK, NULL, false, &call->peer.network };
	enum err refund, err = limit_charge(db, of, call->now_s, &call->held_off, NULL);

	if (err)
		return err;
	err = compare_code(db, complete);
	if ((!err || !call->peer.counted) && (refund = limit_refund(db, of, call->now_s)))
		return refund;
	return db_keep(db, err);
}

/* A mailbox alone must not buy guesses: at most once a day, and never the hold. */
static enum err clear_second_steps(struct db *db, const struct complete *complete)
{
	const struct account *account = &complete->account;
	struct limit_of of = { LIMIT_SECOND_STEP, &account->id, false, NULL };
	int64_t now_s = complete->call->now_s, since_s = now_s - account->step_cleared_at;
	int wrong = 0;
	enum err err = limit_count(db, of, &wrong);

	if (err || !wrong || wrong >= LIMIT_HELD_AT)
		return err;
	if (account->step_cleared_at && since_s < STEP_CLEAR_AGAIN_S && since_s > -STEP_CLEAR_AGAIN_S) /* else the clock was ahead */
		return OK;
	if ((err = limit_clear(db, of)))
		return err;
	return account_set_step_cleared(db, &account->id, now_s);
}

static enum err set_password(struct db *db, void *argument)
{
	struct complete *complete = argument;
	const struct call *call = complete->call;
	const struct id *account = &complete->account.id;
	struct email_code_for bound = bound_to(complete);
	struct letter_facts facts = { .to = complete->account.email, .name = complete->account.name,
		.locale = complete->account.locale };
	enum err err;

	if ((err = email_code_spend(db, call->keys, &bound, complete->code, call->now_s)) ||
	    (err = account_set_password(db, account, &complete->made, call->now_s)) ||
	    (err = session_end_all(db, account)) || (err = device_forget_all(db, account)) ||
	    (err = password_tries_forget(db, call, account)) || (err = clear_second_steps(db, complete)) ||
	    (err = audit_add(db, call, AUDIT_PASSWORD_RESET, account, account, "")))
		return err;
	return letter_queue(db, call, LETTER_PASSWORD_RESET, &facts);
}

enum err password_reset_complete(struct call *call, const char *email, const char *code, const char *password)
{
	SCOPED(password_wipe) struct password read = { "" };
	struct complete complete = { .call = call, .code = code };
	enum err err = email_read(email, complete.email) ? ERR_CODE_INVALID : address_digest(call->keys, complete.email, complete.address);

	if (!err)
		err = store_change(call->store, check_code, &complete);
	if (err)
		return err == ERR_CODE_INVALID ? blame(call, "code", err) : err;
	if ((err = password_read(password, &read)) ||
	    (err = password_allowed(call->settings, &read, complete.account.name, complete.account.email)))
		return blame(call, "password", err);
	if ((err = password_make(call, &read, &complete.account.id, &complete.made)))
		return err;
	call->settle_mail = true;
	err = store_change(call->store, set_password, &complete);
	return err == ERR_CODE_INVALID ? blame(call, "code", err) : err;
}
