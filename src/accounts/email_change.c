#include "accounts/email_change.h"

#include <stdio.h>

#include "accounts/email_change_sql.h"
#include "accounts/email_code.h"
#include "accounts/password_try.h"
#include "accounts/sign_up.h"
#include "audit/audit.h"
#include "limits/limits.h"
#include "mail/letter.h"
#include "mandate/mandate.h"
#include "sessions/device.h"
#include "store/store.h"

#include "base/banned.h"

#define LINK_TEXT    512 /* the public URL, a path and a token */
#define DETAILS_TEXT (2 * EMAIL_TEXT + 8)

/* A move on its way into or through the database. */
struct moving {
	struct call *call;
	struct move move;
	struct email_code mailed;
	uint8_t address[DIGEST_BYTES];
	const char *code; /* as typed */
	struct token undo;
	struct token_digest undo_digest;
	struct account *now;
};

static void moving_wipe(struct moving *moving)
{
	email_code_wipe(&moving->mailed);
	token_wipe(&moving->undo);
}

static struct email_code_for code_for(const struct moving *moving)
{
	return (struct email_code_for){ CODE_FOR_EMAIL_CHANGE, moving->move.id, moving->call->caller->session.id, moving->move.email };
}

/* To the new address: digits, or to its owner that somebody wanted it. */
static enum err mail_new_address(struct db *db, const struct moving *moving)
{
	const struct call *call = moving->call;
	const struct account *account = &call->caller->account;
	struct letter_facts facts = { .to = moving->move.email, .name = account->name, .locale = account->locale,
		.code = moving->mailed.text, .expires_at = call->now_s + EMAIL_CODE_S };
	struct account owner;
	enum err err = account_find_email(db, moving->move.email, &owner);

	if (err == ERR_NOT_FOUND)
		return letter_queue(db, call, LETTER_EMAIL_CODE, &facts);
	if (err)
		return err;
	facts = (struct letter_facts){ .to = owner.email, .name = owner.name, .locale = owner.locale };
	return letter_queue(db, call, LETTER_EMAIL_WANTED, &facts);
}

static enum err begin(struct db *db, void *argument)
{
	struct moving *moving = argument;
	struct call *call = moving->call;
	struct email_code_for bound = code_for(moving);
	enum err err;

	if ((err = session_lives(db, &call->caller->session.id)) ||
	    (err = limit_mail(db, MAIL_EMAIL_CHANGE, moving->address, &call->peer, false, call->now_s, &call->held_off)) ||
	    (err = move_put(db, call, &moving->move, call->now_s + EMAIL_CODE_S)) ||
	    (err = email_code_put(db, call->keys, &bound, &moving->mailed, call->now_s)))
		return err;
	return mail_new_address(db, moving);
}

enum err email_change_begin(struct call *call, const char *typed, char email[static EMAIL_TEXT])
{
	SCOPED(moving_wipe) struct moving moving = { .call = call };
	enum err err;

	if ((err = blame(call, "email", email_read(typed, moving.move.email))))
		return err;
	if (!strcmp(moving.move.email, call->caller->account.email))
		return blame(call, "email", ERR_EMAIL_OWN);
	if ((err = id_new(&moving.move.id)) || (err = email_code_new(CODE_FOR_EMAIL_CHANGE, &moving.mailed)) ||
	    (err = address_digest(call->keys, moving.move.email, moving.address)) || (err = store_change(call->store, begin, &moving)))
		return err;
	call->settle_mail = true;
	memcpy(email, moving.move.email, EMAIL_TEXT);
	return OK;
}

/* Both addresses are told; the old one can take it back. */
static enum err tell_both(struct db *db, const struct moving *moving, const char *old)
{
	const struct call *call = moving->call;
	const struct account *now = moving->now;
	char link[LINK_TEXT];
	int length = snprintf(link, sizeof(link), "%s/account/email/undo?token=%s", call->settings->public_url, moving->undo.text);
	struct letter_facts facts = { .to = old, .name = now->name, .locale = now->locale, .link = link, .person = now->email };
	enum err err;

	if (length < 0 || (size_t)length >= sizeof(link))
		return ERR_MEMORY;
	if ((err = letter_queue(db, call, LETTER_EMAIL_MOVED_AWAY, &facts)))
		return err;
	facts.to = now->email;
	facts.link = NULL;
	return letter_queue(db, call, LETTER_EMAIL_MOVED_HERE, &facts);
}

/* With what names somebody by it outside of logs. */
static enum err set_address(struct db *db, const struct id *account, const char *from, const char *to)
{
	enum err err = account_set_email(db, account, to);

	return err ? err : mandate_setter_moves(db, from, to);
}

static enum err move_account(struct db *db, struct moving *moving)
{
	const struct call *call = moving->call;
	const struct id *account = &call->caller->account.id;
	struct way_back way = { .account = *account, .expires_at = call->now_s + EMAIL_UNDO_S };
	char details[DETAILS_TEXT];
	enum err err;

	if ((err = account_find(db, account, moving->now)))
		return err;
	memcpy(way.email, moving->now->email, sizeof(way.email));
	snprintf(details, sizeof(details), "%s to %s", way.email, moving->move.email);
	if ((err = set_address(db, account, way.email, moving->move.email)) || (err = moves_drop(db, account)) ||
	    (err = email_code_drop(db, CODE_FOR_RESET, account)) || (err = sign_up_end(db, moving->move.email)) ||
	    (err = way_back_add(db, &moving->undo_digest, &way, call->now_s)) || (err = account_find(db, account, moving->now)) ||
	    (err = audit_add(db, call, AUDIT_EMAIL_CHANGED, account, account, details)))
		return err;
	return tell_both(db, moving, way.email);
}

static enum err verify(struct db *db, void *argument)
{
	struct moving *moving = argument;
	const struct call *call = moving->call;
	const struct id *session = &call->caller->session.id;
	enum err err;

	if ((err = session_lives(db, session)) || (err = move_find(db, session, call->now_s, &moving->move)))
		return err == ERR_NOT_FOUND ? ERR_WRONG_STATE : err;
	struct email_code_for bound = code_for(moving);
	if ((err = email_code_check(db, call->keys, &bound, moving->code, call->now_s)))
		return db_keep(db, err);
	return move_account(db, moving);
}

enum err email_change_verify(struct call *call, const char *code, struct account *now)
{
	SCOPED(moving_wipe) struct moving moving = { .call = call, .code = code, .now = now };
	enum err err;

	if ((err = token_new(&moving.undo, &moving.undo_digest)) || (err = store_change(call->store, verify, &moving)))
		return err == ERR_CODE_INVALID ? blame(call, "code", err) : err;
	call->settle_mail = true;
	return OK;
}

static enum err look(struct db *db, void *argument)
{
	struct moving *moving = argument;
	enum err err = move_find(db, &moving->call->caller->session.id, moving->call->now_s, &moving->move);

	return err == ERR_NOT_FOUND ? OK : err;
}

enum err email_change_look(struct call *call, char email[static EMAIL_TEXT])
{
	struct moving moving = { .call = call };
	enum err err = store_read(call->store, look, &moving);

	if (err)
		return err;
	memcpy(email, moving.move.email, EMAIL_TEXT);
	return OK;
}

static enum err drop(struct db *db, void *argument)
{
	const struct call *call = argument;

	return move_drop(db, &call->caller->session.id);
}

enum err email_change_drop(struct call *call)
{
	return store_change(call->store, drop, call);
}

enum err email_to_prove(struct db *db, const struct account *account, int64_t at_s, char email[static EMAIL_TEXT])
{
	enum err err = way_back_first(db, &account->id, at_s, email);

	if (err != ERR_NOT_FOUND)
		return err;
	memcpy(email, account->email, EMAIL_TEXT);
	return OK;
}

/* A way back on its way. */
struct undoing {
	struct call *call;
	struct token_digest token;
	struct way_back way;
	struct sealed_password password; /* of nothing that anybody knows */
};

static enum err find_way(struct db *db, void *argument)
{
	struct undoing *undoing = argument;

	return way_back_find(db, &undoing->token, undoing->call->now_s, &undoing->way);
}

/* Whoever moved the account may know its password and sit in its sessions. */
static enum err lock_out(struct db *db, const struct undoing *undoing)
{
	const struct id *account = &undoing->way.account;
	enum err err;

	if ((err = account_set_password(db, account, &undoing->password, undoing->call->now_s)) ||
	    (err = session_end_all(db, account)) || (err = device_forget_all(db, account)) || (err = device_unknow_all(db, account)))
		return err;
	return email_code_drop(db, CODE_FOR_RESET, account);
}

/* A mailed reset is the one way in from here on: a stranger who asked for all that an address gets must not have closed it. */
static enum err let_reset(struct db *db, const struct undoing *undoing)
{
	uint8_t address[DIGEST_BYTES];
	enum err err = address_digest(undoing->call->keys, undoing->way.email, address);

	return err ? err : limit_mail_clear(db, MAIL_RESET, address);
}

/* Both addresses, where the account was at another one. */
static enum err tell_undone(struct db *db, const struct undoing *undoing, const struct account *before)
{
	const char *email = undoing->way.email;
	struct letter_facts facts = { .to = email, .name = before->name, .locale = before->locale, .person = email };
	enum err err = letter_queue(db, undoing->call, LETTER_EMAIL_UNDONE, &facts);

	if (err || !strcmp(before->email, email))
		return err;
	facts.to = before->email;
	return letter_queue(db, undoing->call, LETTER_EMAIL_UNDONE, &facts);
}

static enum err undo(struct db *db, void *argument)
{
	struct undoing *undoing = argument;
	const struct call *call = undoing->call;
	struct account before;
	char details[DETAILS_TEXT];
	enum err err;

	if ((err = way_back_find(db, &undoing->token, call->now_s, &undoing->way)) ||
	    (err = account_find(db, &undoing->way.account, &before)) || (err = way_back_use(db, &undoing->way, call->now_s)) ||
	    (strcmp(before.email, undoing->way.email) && (err = set_address(db, &before.id, before.email, undoing->way.email))) ||
	    (err = lock_out(db, undoing)) || (err = let_reset(db, undoing)))
		return err;
	snprintf(details, sizeof(details), "%s to %s", before.email, undoing->way.email);
	if ((err = audit_add(db, call, AUDIT_EMAIL_CHANGE_UNDONE, NULL, &before.id, details)))
		return err;
	return tell_undone(db, undoing, &before);
}

/* A password that nobody knows costs a hash, as any other does; the change looks again at whose it is. */
static enum err make_unknown_password(struct undoing *undoing)
{
	SCOPED(token_wipe) struct token unknown = { "" };
	SCOPED(password_wipe) struct password password = { "" };
	struct token_digest digest;
	enum err err;

	if ((err = token_new(&unknown, &digest)) || (err = password_read(unknown.text, &password)))
		return err;
	return password_make(undoing->call, &password, &undoing->way.account, &undoing->password);
}

enum err email_change_undo_look(struct call *call, const char *token)
{
	struct undoing undoing = { .call = call };
	enum err err = token_parse(token, &undoing.token);

	return err ? err : store_read(call->store, find_way, &undoing);
}

enum err email_change_undo(struct call *call, const char *token, char email[static EMAIL_TEXT])
{
	struct undoing undoing = { .call = call };
	enum err err;

	if ((err = token_parse(token, &undoing.token)) || (err = store_read(call->store, find_way, &undoing)) ||
	    (err = make_unknown_password(&undoing)) || (err = store_change(call->store, undo, &undoing)))
		return err;
	call->settle_mail = true;
	memcpy(email, undoing.way.email, EMAIL_TEXT);
	return OK;
}
