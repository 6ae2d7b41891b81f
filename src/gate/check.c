/*
 * A check in a request thread: what memory does not know is read from the store, decided by the same rule, and kept.
 */
#include "gate/gate_state.h"

#include "base/log.h"
#include "organizations/hosts.h"
#include "organizations/membership.h"
#include "second_step/caller_fill.h"
#include "sign_in/hand_over.h"
#include "store/store.h"

#include "base/banned.h"

struct look {
	struct call *call;
	const struct asked *asked;
	struct token_digest token;
	bool has_token, app;
	uint64_t then; /* memory_now before all that follows was read */
	struct membership membership; /* of find_record, else zeros */
	/* out; memory_keep's in the end */
	struct caller *caller; /* in the arena; NULL: nobody */
	struct site *site;
	struct person *person;
	struct pass *pass;
};

static enum err find_site(struct db *db, struct look *look)
{
	enum err err = site_load(db, look->call->settings, look->asked->host, &look->site);

	return err == ERR_NOT_FOUND ? OK : err;
}

static enum err find_caller(struct db *db, struct look *look)
{
	struct call *call = look->call;
	struct caller *caller = arena_alloc(call->arena, sizeof(*caller));
	enum err err;

	if (!look->has_token)
		return OK;
	if (!caller)
		return ERR_MEMORY;
	err = look->app ? hand_over_caller(db, &look->token, look->asked->host, call->now_s, caller)
	                : caller_find(db, &look->token, call->now_s, caller);
	if (!err && !caller->session.bearer) /* which opens nothing as a cookie */
		look->caller = caller;
	return err == ERR_NOT_FOUND ? OK : err;
}

static enum err find_pass(struct db *db, struct look *look)
{
	const char *host = look->app ? look->asked->host : NULL;
	enum err err;

	if (!look->caller)
		return OK;
	if ((err = person_load(db, look->caller, look->call->now_s, &look->person)) ||
	    (err = pass_load(db, look->caller, look->person, &look->token, host, &look->pass)))
		return err;
	look->person->as_of = memory_as_of(&look->call->gate->memory, look->then, &look->person->account);
	look->pass->person = look->person;
	return OK;
}

/* Of an organisation that the pass has no bit for: does the sign-in stand in its log? */
static enum err find_record(struct db *db, struct look *look)
{
	const struct id *organization = look->site ? &look->site->organization : NULL;
	enum role role;
	enum err err;

	if (!organization || !look->pass || person_organization(look->person, organization, &role) < PASS_RECORDS)
		return OK;
	err = membership_find(db, organization, &look->person->account, &look->caller->session.id, &look->membership);
	return err == ERR_NOT_FOUND ? OK : err;
}

static enum err find_all(struct db *db, void *argument)
{
	struct look *look = argument;
	enum err err;

	if ((err = find_site(db, look)) || (err = find_caller(db, look)) || (err = find_pass(db, look)))
		return err;
	return find_record(db, look);
}

struct visit {
	struct call *call;
	const struct id *organization;
	struct membership membership;
};

/* They are here, and once a session their sign-in stands in the organisation's log. */
static enum err note_visit(struct db *db, void *argument)
{
	struct visit *visit = argument;
	struct call *call = visit->call;
	const struct caller *caller = call->caller;
	enum err err;

	if ((err = session_lives(db, &caller->session.id)) || (err = session_seen(db, &caller->session.id, call->now_s)) ||
	    (err = membership_find(db, visit->organization, &caller->account.id, &caller->session.id, &visit->membership)))
		return err;
	call->membership = &visit->membership;
	return membership_touch(db, call);
}

/* Each organisation beyond PASS_RECORDS by its own membership, which was read. */
static bool seen_of_late(const struct check *check, const struct look *look)
{
	int64_t now_s = look->call->now_s;

	if (now_s - look->caller->session.last_seen_at >= SESSION_SEEN_S)
		return false;
	return check->place < PASS_RECORDS || now_s - look->membership.last_seen_at < MEMBER_SEEN_S;
}

/*
 * Nobody goes through whose sign-in could not be put on record. When they were last here is no reason to turn them away where the
 * store cannot be written; the next check tries again.
 */
static enum err visit(const struct check *check, struct look *look)
{
	struct call *call = look->call;
	struct visit visit = { .call = call, .organization = &check->site->organization };
	bool on_record = verdict_on_record(check) || look->membership.touched, recent = seen_of_late(check, look);
	enum err err = OK;

	if (!recent || !on_record)
		err = store_change(call->store, note_visit, &visit);
	call->membership = NULL;
	if (err)
		return err == ERR_STORE && on_record ? OK : err;
	if (check->place < PASS_RECORDS)
		look->pass->on_record |= (uint16_t)(1u << check->place);
	if (!recent)
		atomic_store(&look->pass->last_seen, call->now_s);
	return OK;
}

/* Nor does anybody whose proof could not be, where a rule asked for one: a script gives it to us by itself, and comes back. */
static enum err note_proof(const struct check *check, struct look *look)
{
	const struct site *site = check->site;
	enum err err;

	if (verdict_proof_on_record(check))
		return OK;
	if ((err = host_note_proof(look->call, &site->organization, site->host)))
		return err;
	look->pass->proven = site_proof_mark(site);
	return OK;
}

static const char *const words[] = {
	[VERDICT_UNSURE] = "unsure", [VERDICT_NO_MEMORY] = "unsure", [VERDICT_MALFORMED] = "malformed", [VERDICT_NOT_SIGNED_IN] = "not_signed_in",
	[VERDICT_FORBIDDEN] = "forbidden", [VERDICT_RESTRICTED] = "restricted", [VERDICT_NEEDS_SECOND_STEP] = "needs_second_step",
	[VERDICT_OK] = "ok",
};

static void log_check(const struct call *call, const struct asked *asked, enum verdict verdict)
{
	log_info("check", LOG_TEXT("id", call->id), LOG_TEXT("verdict", words[verdict]), LOG_TEXT("host", asked->host));
}

/* The site may want it said by a signature, too. */
static enum err let_in(struct call *call, const struct check *check)
{
	const char *assertion = NULL;
	enum err err;

	if (check->site->assertion && (err = assertions_make(&call->gate->assertions, call, check, &assertion)))
		return err;
	identity_write(call->out, check, assertion);
	gate_pass_cookies(call->out, call->request, check->asked);
	return OK;
}

/* What ended between the look and the note is answered as the next check will be. */
static enum err visit_still(const struct check *check, struct look *look, enum verdict *verdict)
{
	enum err err = visit(check, look);

	if (err == ERR_NOT_SIGNED_IN)
		*verdict = VERDICT_NOT_SIGNED_IN;
	else if (err == ERR_NOT_FOUND) /* in the organisation */
		*verdict = VERDICT_FORBIDDEN;
	else
		return err;
	return OK;
}

static void decide(struct look *look)
{
	struct call *call = look->call;
	struct check check = { .site = look->site, .pass = look->pass, .asked = look->asked, .now_s = call->now_s };
	enum verdict verdict = verdict_of(&check);
	enum err err = OK;

	call->caller = look->caller;
	if (verdict == VERDICT_UNSURE) /* it ended just now */
		verdict = VERDICT_NOT_SIGNED_IN;
	if (verdict == VERDICT_OK)
		err = visit_still(&check, look, &verdict);
	if (verdict == VERDICT_OK && !err)
		err = note_proof(&check, look);
	if (verdict == VERDICT_NOT_SIGNED_IN)
		call->caller = NULL;
	if (verdict == VERDICT_OK && !err)
		err = let_in(call, &check);
	log_check(call, look->asked, err ? VERDICT_UNSURE : verdict);
	if (err)
		gate_refuse(call, err);
	else if (verdict != VERDICT_OK)
		gate_refuse_check(call, &check, verdict);
}

static void answer(struct call *call)
{
	struct asked asked;
	struct memory *memory = &call->gate->memory;
	struct look look = { .call = call, .asked = &asked, .then = memory_now(memory) };
	enum err err;

	if (asking_of(call->request) == ASKING_NOTHING) {
		gate_refuse(call, ERR_NOT_FOUND);
		return;
	}
	if (!call->peer.trusted || asked_read(call->request, call->settings->https, &asked)) {
		log_info("check", LOG_TEXT("id", call->id), LOG_TEXT("verdict", call->peer.trusted ? "malformed" : "untrusted_proxy"));
		gate_refuse(call, ERR_ASKED);
		return;
	}
	look.has_token = gate_token(call->settings, call->request, &asked, &look.token, &look.app);
	if ((err = store_read(call->store, find_all, &look)))
		gate_refuse(call, err);
	else
		decide(&look);
	memory_keep(memory, look.then, look.site, look.person, look.pass);
}

const struct surface forward_auth_surface = { .prefix = "/authz/forward-auth", .whole = answer };
const struct surface auth_request_surface = { .prefix = "/authz/auth-request", .whole = answer };
const struct surface ext_authz_surface = { .prefix = "/authz/ext-authz", .whole = answer };
