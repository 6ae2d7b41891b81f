#include "second_step/caller_fill.h"

#include "second_step/second_step.h"

#include "base/banned.h"

/* A reset, or a demand in force that this session does not meet: two-step is off, or a remembered device spared it. */
static bool is_restricted(const struct caller *caller)
{
	bool second_step = caller->session.second_step_at && id_same(&caller->session.enrolment, &caller->enrolment);

	if (!caller->two_step)
		return caller->account.setup_required_at || caller->demand.in_force;
	return caller->demand.in_force && !second_step;
}

enum err caller_fill(struct db *db, int64_t now_s, struct caller *caller)
{
	struct enrolment enrolment;
	enum err err;

	if ((err = account_find(db, &caller->session.account, &caller->account)) ||
	    (err = second_step_find(db, &caller->account.id, &enrolment)) ||
	    (err = mandate_of_session(db, &caller->account.id, caller->session.last_seen_at, now_s, &caller->demand)))
		return err;
	caller->enrolment = enrolment.id;
	caller->two_step = !id_empty(&enrolment.id);
	caller->restricted = is_restricted(caller);
	return OK;
}

enum err caller_again(struct db *db, const struct id *session, int64_t now_s, struct caller *out)
{
	enum err err;

	*out = (struct caller){ .restricted = true };
	if ((err = session_find_id(db, session, now_s, &out->session)) || (err = caller_complete(db, now_s, out)))
		return err;
	return out->restricted ? ERR_FORBIDDEN : OK;
}

enum err caller_complete(struct db *db, int64_t now_s, struct caller *caller)
{
	enum err err = caller_fill(db, now_s, caller);

	if (err)
		return err;
	return caller_expires_at(caller) > now_s ? OK : ERR_NOT_FOUND;
}

enum err caller_find(struct db *db, const struct token_digest *token, int64_t now_s, struct caller *out)
{
	enum err err;

	*out = (struct caller){ 0 };
	err = session_find(db, token, now_s, &out->session);
	return err ? err : caller_complete(db, now_s, out);
}
