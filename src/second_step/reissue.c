#include "second_step/reissue.h"

#include "accounts/password_try.h"
#include "accounts/profile.h"
#include "audit/audit.h"
#include "limits/limits.h"
#include "mail/letter.h"
#include "second_step/reissue_sql.h"
#include "store/store.h"

#include "base/banned.h"

struct reissue {
	struct call *call;
	const struct id *shown; /* NULL: no matter */
	bool saved;
	struct recovery_set codes;
	struct reissue_row row;
};

static void reissue_wipe(struct reissue *reissue)
{
	wipe(reissue, sizeof(*reissue));
}

static const struct id *account_of(const struct reissue *reissue)
{
	return &reissue->call->caller->account.id;
}

static const struct id *session_of(const struct reissue *reissue)
{
	return &reissue->call->caller->session.id;
}

/* A demand to prove the second step stands in the route; whether there is one may have changed since. */
static enum err begin(struct db *db, void *argument)
{
	struct reissue *reissue = argument;
	struct enrolment enrolment;
	enum err err = session_lives(db, session_of(reissue));

	if (err || (err = second_step_find(db, account_of(reissue), &enrolment)))
		return err;
	if (id_empty(&enrolment.id))
		return ERR_NOT_ENABLED;
	return reissue_row_put(db, session_of(reissue), account_of(reissue), &reissue->row);
}

enum err reissue_begin(struct call *call, const char *password, struct recovery_set *codes, int64_t *expires_at)
{
	SCOPED(reissue_wipe) struct reissue reissue = { .call = call };
	struct reissue_row *row = &reissue.row;
	enum err err;

	if (!call->caller->two_step)
		return ERR_NOT_ENABLED;
	if ((err = password_confirm(call, password)))
		return err == ERR_PASSWORD_WRONG ? blame(call, "password", err) : err;
	row->expires_at = call->now_s + REISSUE_S;
	if ((err = recovery_set_new(&reissue.codes)) || (err = id_new(&row->set)) ||
	    (err = keyring_seal(call->keys, SEAL_REISSUE_CODES, account_of(&reissue), &row->set, &reissue.codes,
	             sizeof(reissue.codes), row->codes.bytes)) ||
	    (err = store_change(call->store, begin, &reissue)))
		return err;
	*codes = reissue.codes;
	*expires_at = row->expires_at;
	return OK;
}

static enum err find(struct db *db, struct reissue *reissue)
{
	const struct reissue_row *row = &reissue->row;
	enum err err = reissue_row_find(db, session_of(reissue), reissue->call->now_s, &reissue->row);

	return err ? err : keyring_open_seal(reissue->call->keys, SEAL_REISSUE_CODES, account_of(reissue), &row->set,
	        row->codes.bytes, sizeof(row->codes.bytes), &reissue->codes, sizeof(reissue->codes));
}

static enum err look(struct db *db, void *argument)
{
	return find(db, argument);
}

enum err reissue_look(struct call *call, struct id *set, struct recovery_set *codes, int64_t *expires_at)
{
	SCOPED(reissue_wipe) struct reissue reissue = { .call = call };
	enum err err = store_read(call->store, look, &reissue);

	if (err)
		return err;
	if (set)
		*set = reissue.row.set;
	*codes = reissue.codes;
	*expires_at = reissue.row.expires_at;
	return OK;
}

static enum err complete(struct db *db, void *argument)
{
	struct reissue *reissue = argument;
	const struct call *call = reissue->call;
	const struct account *account = &call->caller->account;
	struct letter_facts facts = { .to = account->email, .name = account->name, .locale = account->locale };
	struct enrolment enrolment;
	enum err err;

	if ((err = find(db, reissue)) || (err = second_step_find(db, &account->id, &enrolment)))
		return err;
	if (id_empty(&enrolment.id) || (reissue->shown && !id_same(reissue->shown, &reissue->row.set)))
		return ERR_WRONG_STATE;
	if (!reissue->saved)
		return ERR_NOT_SAVED;
	if ((err = reissue_row_remove(db, session_of(reissue))) ||
	    (err = recovery_rows_replace(db, call->keys, &account->id, &reissue->row.set, &reissue->codes, call->now_s)) ||
	    (err = recovery_limit_clear(db, &account->id)) ||
	    (err = audit_add(db, call, AUDIT_RECOVERY_REISSUED, &account->id, &account->id, "")))
		return err;
	return letter_queue(db, call, LETTER_RECOVERY_REISSUED, &facts);
}

enum err reissue_complete(struct call *call, const struct id *shown, bool saved)
{
	SCOPED(reissue_wipe) struct reissue reissue = { .call = call, .shown = shown, .saved = saved };
	enum err err = store_change(call->store, complete, &reissue);

	if (err)
		return err == ERR_NOT_SAVED ? blame(call, "saved", err) : err;
	call->settle_mail = true;
	return OK;
}

struct standing {
	const struct call *call;
	struct recovery_row row;
};

static enum err find_standing(struct db *db, void *argument)
{
	struct standing *standing = argument;
	enum err err = recovery_row_find(db, &standing->call->caller->account.id, &standing->row);

	return err == ERR_NOT_FOUND ? OK : err;
}

enum err reissue_in_force(struct call *call, const struct id *shown, bool *in_force)
{
	struct standing standing = { .call = call };
	enum err err = store_read(call->store, find_standing, &standing);

	if (!err)
		*in_force = id_same(shown, &standing.row.id);
	return err;
}

enum err reissue_forget(struct db *db, const struct id *session)
{
	enum err err = reissue_row_remove(db, session);

	return err == ERR_WRONG_STATE ? OK : err;
}

static enum err drop(struct db *db, void *argument)
{
	const struct call *call = argument;

	return reissue_forget(db, &call->caller->session.id);
}

enum err reissue_drop(struct call *call)
{
	return store_change(call->store, drop, call);
}
