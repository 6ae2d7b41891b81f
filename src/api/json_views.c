#include "api/json_views.h"

#include "base/base.h"
#include "base/banned.h"

void json_account_members(struct answer *out, const struct account *account)
{
	json_id(out, "id", &account->id);
	json_text(out, "email", account->email);
	json_text(out, "name", account->name);
	json_text(out, "locale", locale_tag(account->locale));
}

void json_account(struct answer *out, const char *name, const struct account *account)
{
	json_open(out, name);
	json_account_members(out, account);
	json_close(out);
}

/* RFC 8176, section 2, has pwd and otp; a recovery code has no word there and gets its own (contract 2.1). */
static void json_methods(struct answer *out, int methods)
{
	static const struct { enum method_used bit; const char *word; } words[] = {
		{ USED_PASSWORD, "pwd" },
		{ USED_OTP, "otp" },
		{ USED_RECOVERY, "recovery" },
	};

	json_list(out, "methods");
	for (size_t i = 0; i < COUNT(words); i++)
		if (methods & (int)words[i].bit)
			json_text(out, NULL, words[i].word);
	json_list_close(out);
}

void json_session(struct answer *out, const char *name, const struct caller *caller, const struct token *token)
{
	const struct session *session = &caller->session;

	json_open(out, name);
	json_id(out, "id", &session->id);
	json_account(out, "account", &caller->account);
	json_methods(out, session->methods);
	json_time(out, "signed_in_at", session->signed_in_at);
	json_time(out, "confirmed_at", session->confirmed_at);
	json_time(out, "second_step_at", session->second_step_at);
	json_bool(out, "restricted", caller->restricted);
	json_bool(out, "remembered", session->remembered);
	json_time(out, "expires_at", caller_expires_at(caller));
	if (token)
		json_text(out, "token", token->text);
	json_close(out);
}

void json_demands(struct answer *out, const struct demanding *demanding, size_t count)
{
	json_list(out, "required_by");
	for (size_t i = 0; i < count; i++) {
		json_open(out, NULL);
		json_id(out, "id", &demanding[i].organization);
		json_text(out, "name", demanding[i].name);
		json_time(out, "from", demanding[i].from_at);
		json_close(out);
	}
	json_list_close(out);
}

enum err json_required_by(struct call *call, const struct id *account)
{
	struct demanding *demanding;
	size_t count;
	enum err err = mandates_look(call, account, &demanding, &count);

	if (err)
		return err;
	json_demands(call->out, demanding, count);
	return OK;
}

void json_joined(struct answer *out, const struct joined *joined)
{
	json_open(out, "organization");
	json_id(out, "id", &joined->organization);
	json_text(out, "name", joined->name);
	json_close(out);
	json_text(out, "role", role_name(joined->role));
}

static enum err json_signed_in(struct call *call, const struct sign_in *result)
{
	bool setup_required = result->status == SIGN_IN_SETUP_REQUIRED;
	struct answer *out = call->out;
	enum err err;

	json_open(out, NULL);
	json_text(out, "status", setup_required ? "setup_required" : "signed_in");
	json_session(out, "session", &result->caller, result->transport == TRANSPORT_BEARER ? &result->token : NULL);
	if (setup_required && (err = json_required_by(call, &result->caller.account.id)))
		return err;
	if (result->used_recovery)
		json_int(out, "recovery_codes_left", result->recovery_codes_left);
	if (!id_empty(&result->joined.organization))
		json_joined(out, &result->joined);
	json_close(out);
	return OK;
}

static void json_second_step(struct answer *out, const struct sign_in *result)
{
	static const char *const methods[] = { "totp", "recovery_code" };

	json_open(out, NULL);
	json_text(out, "status", "second_step");
	json_text(out, "login", result->login.text);
	json_texts(out, "methods", methods, result->has_recovery ? COUNT(methods) : 1);
	json_time(out, "expires_at", result->login_expires_at);
	json_close(out);
}

enum err json_sign_in(struct call *call, const struct sign_in *result)
{
	switch (result->status) {
	case SIGN_IN_SECOND_STEP:
		json_second_step(call->out, result);
		return OK;
	case SIGN_IN_SETUP_REQUIRED:
	case SIGN_IN_DONE:
		return json_signed_in(call, result);
	case SIGN_IN_REFUSED:
		break;
	}
	return ERR_CREDENTIALS;
}

void json_recovery_codes(struct answer *out, const struct recovery_set *codes)
{
	const char *texts[RECOVERY_CODES];

	for (size_t i = 0; i < RECOVERY_CODES; i++)
		texts[i] = codes->code[i];
	json_texts(out, "recovery_codes", texts, RECOVERY_CODES);
}

void json_status(struct answer *out, const char *word)
{
	json_open(out, NULL);
	json_text(out, "status", word);
	json_close(out);
}

void json_nothing(struct answer *out)
{
	out->status = 204;
}
