#include "sign_in/open.h"

#include <stdio.h>

#include "audit/audit.h"
#include "base/log.h"
#include "second_step/caller_fill.h"

#include "base/banned.h"

void opening_wipe(struct opening *opening)
{
	token_wipe(&opening->known);
	token_wipe(&opening->device);
}

void sign_in_wipe(struct sign_in *result)
{
	token_wipe(&result->token);
	token_wipe(&result->login);
}

static bool sent(struct call *call, enum cookie cookie, struct token_digest *out)
{
	const char *value = cookie_get(call, cookie);

	return value && !token_parse(value, out);
}

enum err opening_prepare(struct opening *opening, struct call *call, enum transport transport, struct sign_in *out)
{
	enum err err;

	*out = (struct sign_in){ .status = SIGN_IN_REFUSED, .transport = transport };
	*opening = (struct opening){ .call = call, .out = out };
	opening->has_earlier = sent(call, COOKIE_SESSION, &opening->earlier_sent);
	opening->has_known = sent(call, COOKIE_KNOWN, &opening->known_sent);
	opening->has_device = sent(call, COOKIE_DEVICE, &opening->device_sent);
	if (call->arena->failed) /* a cookie that could not be read is not one that is not there */
		return ERR_MEMORY;
	if ((err = id_new(&opening->session)) || (err = id_new(&opening->device_id)) ||
	    (err = token_new(&out->token, &opening->token)) || (err = token_new(&out->login, &opening->login)) ||
	    (err = token_new(&opening->known, &opening->known_digest)))
		return err;
	return token_new(&opening->device, &opening->device_digest);
}

/* A browser that has signed in is known from then on; one that is known already stays it. */
static enum err know(struct db *db, struct opening *opening, const struct id *account)
{
	int64_t now_s = opening->call->now_s;
	enum err err = opening->has_known ? device_known(db, opening->call->keys, &opening->known_sent, account, now_s) : ERR_NOT_FOUND;

	opening->makes_known = err == ERR_NOT_FOUND && opening->out->transport == TRANSPORT_COOKIE;
	if (opening->makes_known)
		return device_know(db, opening->call->keys, &opening->known_digest, account, now_s);
	return err == ERR_NOT_FOUND ? OK : err;
}

static void fill_session(const struct opening *opening, const struct account *account, int methods, const struct id *enrolment,
                         bool remembered, struct session *out)
{
	const struct call *call = opening->call;
	int64_t now_s = call->now_s;

	*out = (struct session){ .id = opening->session, .account = account->id, .enrolment = *enrolment,
		.bearer = opening->out->transport == TRANSPORT_BEARER, .remembered = remembered, .methods = methods,
		.signed_in_at = now_s, .confirmed_at = now_s, .last_seen_at = now_s, .ends_at = now_s + SESSION_S,
		.second_step_at = id_empty(enrolment) ? 0 : now_s };
	snprintf(out->browser, sizeof(out->browser), "%s", call->browser);
	snprintf(out->address, sizeof(out->address), "%s", call->peer.address);
}

/* What the person is from now on: read in the same change, so that the answer says what is stored. */
static enum err fill_caller(struct db *db, const struct call *call, const struct session *session, struct caller *out)
{
	*out = (struct caller){ .session = *session };
	return caller_fill(db, call->now_s, out);
}

/* Where a new cookie takes its place. A bearer token in a cookie opens nothing, and so ends nothing. */
static enum err end_earlier(struct db *db, const struct opening *opening)
{
	const struct call *call = opening->call;
	bool replaced = opening->has_earlier && opening->out->transport == TRANSPORT_COOKIE; /* of two steps it is the first that said so */
	struct session earlier;
	enum err err = replaced ? session_find(db, &opening->earlier_sent, call->now_s, &earlier) : ERR_NOT_FOUND;

	if (err || earlier.bearer)
		return err == ERR_NOT_FOUND ? OK : err;
	if ((err = session_end(db, &earlier.account, &earlier.id)))
		return err;
	return audit_add(db, call, AUDIT_SESSION_ENDED, &earlier.account, &earlier.account, "signed_in_again");
}

enum err opening_session(struct db *db, struct opening *opening, const struct account *account, int methods,
                         const struct id *enrolment, bool remembered)
{
	struct sign_in *out = opening->out;
	struct session session;
	enum err err;

	fill_session(opening, account, methods, enrolment, remembered, &session);
	if ((err = end_earlier(db, opening)) || (err = session_add(db, &session, &opening->token)) || (err = know(db, opening, &account->id)) ||
	    (err = account_signed_in(db, &account->id, opening->call->now_s)) ||
	    (err = fill_caller(db, opening->call, &session, &out->caller)) ||
	    (err = audit_add(db, opening->call, AUDIT_SIGNED_IN, &account->id, &account->id, remembered ? "remembered_device" : "")))
		return err;
	out->status = out->caller.restricted && !out->caller.two_step ? SIGN_IN_SETUP_REQUIRED : SIGN_IN_DONE;
	return OK;
}

enum err opening_remember(struct db *db, struct opening *opening, const struct id *account, const struct id *enrolment)
{
	const struct call *call = opening->call;
	struct demand demand;
	struct device device = { .id = opening->device_id, .account = *account, .enrolment = *enrolment, .created_at = call->now_s,
		.last_used_at = call->now_s, .expires_at = call->now_s + DEVICE_REMEMBERED_S };
	enum err err;

	if ((err = mandate_of(db, account, call->now_s, &demand)) || demand.in_force)
		return err;
	snprintf(device.browser, sizeof(device.browser), "%s", call->browser);
	snprintf(device.address, sizeof(device.address), "%s", call->peer.address);
	if ((err = device_remember(db, call->keys, &device, &opening->device_digest)))
		return err;
	opening->remembers = true;
	return audit_add(db, call, AUDIT_DEVICE_REMEMBERED, account, account, "");
}

static void log_sign_in(const struct call *call, const struct session *session)
{
	char account[ID_TEXT];

	log_info("signed_in", LOG_TEXT("id", call->id), LOG_TEXT("address", call->peer.address),
	         LOG_TEXT("account", id_text(&session->account, account)), LOG_TEXT("methods", session_opened_by(session)));
}

void opening_done(const struct opening *opening)
{
	const struct sign_in *out = opening->out;
	struct call *call = opening->call;

	if (out->status == SIGN_IN_SECOND_STEP || out->status == SIGN_IN_REFUSED)
		return;
	log_sign_in(call, &out->caller.session);
	if (out->transport != TRANSPORT_COOKIE)
		return;
	cookie_set(call, COOKIE_SESSION, out->token.text, SESSION_S);
	if (opening->makes_known)
		cookie_set(call, COOKIE_KNOWN, opening->known.text, DEVICE_KNOWN_S);
	if (opening->remembers)
		cookie_set(call, COOKIE_DEVICE, opening->device.text, DEVICE_REMEMBERED_S);
}
