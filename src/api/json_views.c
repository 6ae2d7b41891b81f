#include "api/json_views.h"

#include "base/base.h"
#include "base/banned.h"

void json_account(struct answer *out, const char *name, const struct account *account)
{
	json_open(out, name);
	json_id(out, "id", &account->id);
	json_text(out, "email", account->email);
	json_text(out, "name", account->name);
	json_text(out, "locale", locale_tag(account->locale));
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
	json_time(out, "expires_at", session_expires_at(session));
	if (token)
		json_text(out, "token", token->text);
	json_close(out);
}

/* Nobody can demand it before there are organisations: the list is empty, and its place is here. */
void json_required_by(struct answer *out)
{
	json_list(out, "required_by");
	json_list_close(out);
}

static void json_signed_in(struct answer *out, const struct sign_in *result)
{
	bool setup_required = result->status == SIGN_IN_SETUP_REQUIRED;

	json_open(out, NULL);
	json_text(out, "status", setup_required ? "setup_required" : "signed_in");
	json_session(out, "session", &result->caller, result->transport == TRANSPORT_BEARER ? &result->token : NULL);
	if (setup_required)
		json_required_by(out);
	if (result->used_recovery)
		json_int(out, "recovery_codes_left", result->recovery_codes_left);
	json_close(out);
}

static void json_second_step(struct answer *out, const struct sign_in *result)
{
	static const char *const methods[] = { "totp", "recovery_code" };

	json_open(out, NULL);
	json_text(out, "status", "second_step");
	json_text(out, "login", result->login.text);
	json_texts(out, "methods", methods, COUNT(methods));
	json_time(out, "expires_at", result->login_expires_at);
	json_close(out);
}

enum err json_sign_in(struct answer *out, const struct sign_in *result)
{
	switch (result->status) {
	case SIGN_IN_SECOND_STEP:
		json_second_step(out, result);
		return OK;
	case SIGN_IN_SETUP_REQUIRED:
	case SIGN_IN_DONE:
		json_signed_in(out, result);
		return OK;
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
