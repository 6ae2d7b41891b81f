#include "accounts/sign_up.h"

#include <stdio.h>

#include "accounts/email_code.h"
#include "accounts/password_try.h"
#include "accounts/sign_up_sql.h"
#include "limits/limits.h"
#include "mail/letter.h"
#include "store/store.h"

#include "base/banned.h"

/* A try on its way into the database. */
struct begin {
	struct call *call;
	struct sign_up_try try;
	struct token_digest token;
	struct email_code code;
	uint8_t address[DIGEST_BYTES];
};

static void begin_wipe(struct begin *begin)
{
	email_code_wipe(&begin->code);
}

static bool may_sign_up(const struct settings *settings, const char *email)
{
	const char *domain = strrchr(email, '@') + 1;

	if (settings->signup != SIGNUP_DOMAINS)
		return settings->signup == SIGNUP_OPEN;
	for (const char *const *allowed = settings->signup_domains; *allowed; allowed++)
		if (!strcmp(domain, *allowed))
			return true;
	return false;
}

static enum err read_locale(struct call *call, const char *tag, enum locale *out)
{
	*out = call->locale;
	if (tag && !locale_from_tag(tag, strlen(tag), out))
		return blame(call, "locale", ERR_INVALID);
	return OK;
}

enum err sign_up_read(struct call *call, const struct sign_up *form, struct account *account, struct password *password)
{
	enum err err;

	if ((err = blame(call, "email", email_read(form->email, account->email))) ||
	    (err = blame(call, "name", name_read(form->name, account->name))) ||
	    (err = read_locale(call, form->locale, &account->locale)) ||
	    (err = blame(call, "password", password_read(form->password, password))) ||
	    (err = blame(call, "password", password_allowed(call->settings, password, account->name, account->email))))
		return err;
	return OK;
}

/* Room for the public URL, a path, an id and a code. */
#define LINK_TEXT 512

static enum err mail_code(struct db *db, const struct call *call, const struct sign_up_try *try, const struct email_code *code)
{
	char link[LINK_TEXT], id[ID_TEXT];
	int length = snprintf(link, sizeof(link), "%s/signup/verify?try=%s&code=%s", call->settings->public_url,
	        id_text(&try->id, id), code->text);
	if (length < 0 || (size_t)length >= sizeof(link))
		return ERR_MEMORY;

	struct letter_facts facts = { .to = try->account.email, .name = try->account.name, .locale = try->account.locale,
		.code = code->text, .link = link, .expires_at = call->now_s + EMAIL_CODE_S };
	enum err err = letter_queue(db, call, LETTER_SIGNUP_CODE, &facts);
	wipe(link, sizeof(link));
	return err;
}

/* The address has an account: its owner is told, in their language, and no code is worth anything. */
static enum err mail_owner(struct db *db, const struct call *call, const struct account *owner)
{
	struct letter_facts facts = { .to = owner->email, .name = owner->name, .locale = owner->locale };

	return letter_queue(db, call, LETTER_SIGNUP_EXISTS, &facts);
}

static enum err put_code_and_mail(struct db *db, struct begin *begin)
{
	struct call *call = begin->call;
	struct email_code_for bound = { CODE_FOR_SIGNUP, begin->try.id, { { 0 } }, begin->try.account.email };
	struct account owner;
	enum err err;

	if ((err = email_code_put(db, call->keys, &bound, &begin->code, call->now_s)))
		return err;
	err = account_find_email(db, begin->try.account.email, &owner);
	if (err == ERR_NOT_FOUND)
		return mail_code(db, call, &begin->try, &begin->code);

	return err ? err : mail_owner(db, call, &owner);
}

/* A try that no mail may go out for could never be finished, so that nothing of it is kept; the answer is the same. */
static enum err begin_try(struct db *db, void *argument)
{
	struct begin *begin = argument;
	struct held_off ignored;
	enum err err = limit_mail(db, MAIL_SIGNUP, begin->address, &begin->call->peer, false, begin->call->now_s, &ignored);

	if (err == ERR_TOO_MANY)
		return OK;
	if (err || (err = sign_up_add(db, &begin->try, &begin->token, begin->call->now_s + SIGN_UP_S)))
		return err;
	return put_code_and_mail(db, begin);
}

enum err sign_up_begin(struct call *call, const struct sign_up *form, struct token *try)
{
	SCOPED(begin_wipe) struct begin begin = { .call = call };
	SCOPED(password_wipe) struct password password = { "" };
	enum err err;

	if ((err = sign_up_read(call, form, &begin.try.account, &password)))
		return err;
	if (!form->invited && !may_sign_up(call->settings, begin.try.account.email))
		return ERR_SIGNUP_CLOSED;
	if ((err = id_new(&begin.try.id)) || (err = password_make(call, &password, &begin.try.id, &begin.try.password)) ||
	    (err = token_new(try, &begin.token)) || (err = email_code_new(CODE_FOR_SIGNUP, &begin.code)) ||
	    (err = address_digest(call->keys, begin.try.account.email, begin.address)))
		return err;

	return store_change(call->store, begin_try, &begin);
}

static enum err resend_code(struct db *db, void *argument)
{
	struct begin *begin = argument;
	struct held_off ignored;
	enum err err = sign_up_find(db, &begin->token, begin->call->now_s, &begin->try);

	if (!err)
		err = address_digest(begin->call->keys, begin->try.account.email, begin->address);
	if (!err)
		err = limit_mail(db, MAIL_SIGNUP, begin->address, &begin->call->peer, false, begin->call->now_s, &ignored);
	if (err == ERR_NOT_FOUND || err == ERR_TOO_MANY)
		return OK;

	return err ? err : put_code_and_mail(db, begin);
}

enum err sign_up_resend(struct call *call, const char *try)
{
	SCOPED(begin_wipe) struct begin begin = { .call = call };
	enum err err = token_parse(try, &begin.token);

	if (err == ERR_NOT_FOUND)
		return OK;
	if (err || (err = email_code_new(CODE_FOR_SIGNUP, &begin.code)))
		return err;
	return store_change(call->store, resend_code, &begin);
}
