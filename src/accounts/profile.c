#include "accounts/profile.h"

#include <stdio.h>

#include "accounts/password_try.h"
#include "audit/audit.h"
#include "mail/letter.h"
#include "sessions/device.h"
#include "store/store.h"

#include "base/banned.h"

struct profile {
	const struct call *call;
	const char *name;     /* NULL: as it is */
	const enum locale *locale;
	struct account *now;
};

static enum err change_profile(struct db *db, void *argument)
{
	const struct profile *profile = argument;
	const struct id *account = &profile->call->caller->account.id;
	enum err err = session_lives(db, &profile->call->caller->session.id);

	if (err || (err = account_find(db, account, profile->now)))
		return err;
	if (profile->name)
		snprintf(profile->now->name, sizeof(profile->now->name), "%s", profile->name);
	if (profile->locale)
		profile->now->locale = *profile->locale;
	if ((err = account_set_profile(db, account, profile->now->name, profile->now->locale)))
		return err;
	return audit_add(db, profile->call, AUDIT_PROFILE_CHANGED, account, account, "");
}

static enum err look_at_profile(struct db *db, void *argument)
{
	const struct profile *profile = argument;

	return account_find(db, &profile->call->caller->account.id, profile->now);
}

enum err profile_change(struct call *call, const char *name, const char *locale, struct account *now)
{
	struct profile profile = { .call = call, .now = now };
	char read[NAME_TEXT];
	enum locale chosen;
	enum err err;

	if (name && (err = blame(call, "name", name_read(name, read))))
		return err;
	if (locale && !locale_from_tag(locale, strlen(locale), &chosen))
		return blame(call, "locale", ERR_INVALID);
	if (!name && !locale)
		return store_read(call->store, look_at_profile, &profile);

	profile.name = name ? read : NULL;
	profile.locale = locale ? &chosen : NULL;
	return store_change(call->store, change_profile, &profile);
}

struct settle {
	const struct call *call;
	const struct password_try *try;
};

static enum err settle_alone(struct db *db, void *argument)
{
	const struct settle *settle = argument;

	return password_try_settle(db, settle->call, settle->try);
}

/* Signed in already, so that a wrong password is no failed sign-in. */
static enum err as_caller(enum err err)
{
	return err == ERR_CREDENTIALS ? ERR_PASSWORD_WRONG : err;
}

enum err password_confirm(struct call *call, const char *password)
{
	SCOPED(password_try_done) struct password_try try = { 0 };
	struct settle settle = { call, &try };
	enum err err = password_try(call, NULL, password, &try);

	if (!err)
		err = store_change(call->store, settle_alone, &settle);
	return as_caller(err);
}

struct exchange {
	const struct call *call;
	const struct password_try *try;
	struct sealed_password made;
};

static enum err exchange_password(struct db *db, void *argument)
{
	const struct exchange *exchange = argument;
	const struct call *call = exchange->call;
	const struct account *account = &exchange->try->account;
	struct letter_facts facts = { .to = account->email, .name = account->name, .locale = account->locale };
	enum err err;

	if ((err = password_try_settle(db, call, exchange->try)) ||
	    (err = account_set_password(db, &account->id, &exchange->made, call->now_s)) ||
	    (err = session_prove_password(db, &call->caller->session.id, call->now_s)) ||
	    (err = session_end_others(db, &account->id, &call->caller->session.id)) ||
	    (err = device_forget_all(db, &account->id)) ||
	    (err = audit_add(db, call, AUDIT_PASSWORD_CHANGED, &account->id, &account->id, "")))
		return err;
	return letter_queue(db, call, LETTER_PASSWORD_CHANGED, &facts);
}

enum err password_change(struct call *call, const char *current, const char *changed)
{
	const struct account *account = &call->caller->account;
	SCOPED(password_wipe) struct password password = { "" };
	SCOPED(password_try_done) struct password_try try = { 0 };
	struct exchange exchange = { .call = call, .try = &try };
	enum err err;

	/* first what costs nothing: a right password is not charged because the new one is weak */
	if ((err = password_read(changed, &password)) ||
	    (err = password_allowed(call->settings, &password, account->name, account->email)))
		return blame(call, "new_password", err);
	if ((err = password_try(call, NULL, current, &try)))
		return as_caller(err) == ERR_PASSWORD_WRONG ? blame(call, "current_password", ERR_PASSWORD_WRONG) : err;
	if ((err = password_make(call, &password, &account->id, &exchange.made)))
		return err;
	call->settle_mail = true;
	return as_caller(store_change(call->store, exchange_password, &exchange));
}
