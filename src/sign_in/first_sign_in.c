/* A sign-up's code was right: the account is made and signed in, in one change. */
#include "accounts/email_code.h"
#include "accounts/password_try.h"
#include "audit/audit.h"
#include "sign_in/open.h"
#include "store/store.h"

#include "base/banned.h"

struct verify {
	struct opening opening;
	bool by_id;                 /* the mailed link, opened elsewhere */
	bool looked;                /* and the code was right and counted already */
	struct token_digest token;
	struct id id;
	const char *code;
	struct sign_up_try try;
	struct id account;          /* new */
	struct sealed_password password; /* sealed anew, for its owner */
};

static void verify_wipe(struct verify *verify)
{
	opening_wipe(&verify->opening);
}

static enum err find_try(struct db *db, struct verify *verify)
{
	int64_t now_s = verify->opening.call->now_s;
	enum err err = verify->by_id ? sign_up_find_id(db, &verify->id, now_s, &verify->try)
	                             : sign_up_find(db, &verify->token, now_s, &verify->try);

	return err == ERR_NOT_FOUND ? ERR_CODE_INVALID : err;
}

static enum err check_code(struct db *db, const struct verify *verify)
{
	const struct call *call = verify->opening.call;
	struct email_code_for bound = { CODE_FOR_SIGNUP, verify->try.id, { { 0 } }, verify->try.account.email };

	if (verify->looked)
		return email_code_spend(db, call->keys, &bound, verify->code, call->now_s);
	return email_code_check(db, call->keys, &bound, verify->code, call->now_s);
}

/* The password was sealed for the try; the account's own seal is another one. */
static enum err reseal(struct verify *verify)
{
	SCOPED(hash_text_wipe) struct hash_text hash = { "" };
	const struct keyring *keys = verify->opening.call->keys;
	enum err err = password_unseal(keys, &verify->try.id, &verify->try.password, &hash);

	return err ? err : password_seal(keys, &verify->account, &hash, &verify->password);
}

/* The first try to succeed ends the others for the address; where an account was made meanwhile, the code is worth nothing. */
static enum err make_account(struct db *db, struct verify *verify)
{
	const struct call *call = verify->opening.call;
	struct account *account = &verify->try.account;
	enum err err;

	account->id = verify->account;
	account->created_at = call->now_s;
	if ((err = reseal(verify)) || (err = account_add(db, account, &verify->password, call->now_s)) ||
	    (err = sign_up_end(db, account->email)))
		return err == ERR_WRONG_STATE ? ERR_CODE_INVALID : err;
	return audit_add(db, call, AUDIT_SIGNED_UP, &account->id, &account->id, "");
}

static enum err verify_try(struct db *db, void *argument)
{
	static const struct id none = { { 0 } };
	struct verify *verify = argument;
	enum err err;

	verify->opening.out->status = SIGN_IN_REFUSED;
	if ((err = find_try(db, verify)))
		return err;
	if ((err = check_code(db, verify)))
		return db_keep(db, err);
	if ((err = make_account(db, verify)))
		return err;
	return opening_session(db, &verify->opening, &verify->try.account, USED_PASSWORD, &none, false);
}

static enum err finish(struct verify *verify)
{
	struct call *call = verify->opening.call;
	enum err err;

	if ((err = id_new(&verify->account)) || (err = store_change(call->store, verify_try, verify)))
		return err == ERR_CODE_INVALID ? blame(call, "code", err) : err;
	opening_done(&verify->opening);
	return OK;
}

enum err sign_up_verify(struct call *call, const char *try, const char *code, enum transport transport, struct sign_in *out)
{
	SCOPED(verify_wipe) struct verify verify = { .code = code };
	enum err err = token_parse(try, &verify.token);

	if (err)
		return err == ERR_NOT_FOUND ? blame(call, "code", ERR_CODE_INVALID) : err;
	if ((err = opening_prepare(&verify.opening, call, transport, out)))
		return err;
	return finish(&verify);
}

/* The code first: a wrong one is counted and costs no hash. */
static enum err look_at_try(struct db *db, void *argument)
{
	struct verify *verify = argument;
	enum err err = find_try(db, verify);

	return err ? err : db_keep(db, check_code(db, verify));
}

static enum err check_password(struct call *call, const struct sign_up_try *try, const char *typed)
{
	SCOPED(password_wipe) struct password password = { "" };
	SCOPED(hash_text_wipe) struct hash_text hash = { "" };
	enum err err;

	if ((err = password_read(typed, &password)))
		return err == ERR_MEMORY ? err : ERR_CREDENTIALS;
	if ((err = password_place(call)) || (err = password_unseal(call->keys, &try->id, &try->password, &hash)))
		return err;
	return hash_check(call->hashes, &password, &hash, NULL);
}

enum err sign_up_verify_elsewhere(struct call *call, const char *try_id, const char *code, const char *password,
                                  enum transport transport, struct sign_in *out)
{
	SCOPED(verify_wipe) struct verify verify = { .by_id = true, .code = code };
	enum err err;

	if ((err = opening_prepare(&verify.opening, call, transport, out)))
		return err;
	if (id_parse(try_id, &verify.id))
		return blame(call, "code", ERR_CODE_INVALID);
	if ((err = store_change(call->store, look_at_try, &verify)))
		return err == ERR_CODE_INVALID ? blame(call, "code", err) : err;
	verify.looked = true;
	if ((err = check_password(call, &verify.try, password)))
		return err == ERR_CREDENTIALS ? blame(call, "password", err) : err;
	return finish(&verify);
}
