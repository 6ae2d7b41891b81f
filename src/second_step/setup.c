#include "second_step/setup.h"

#include "accounts/email_change.h"
#include "accounts/email_code.h"
#include "accounts/password_try.h"
#include "audit/audit.h"
#include "limits/limits.h"
#include "mail/letter.h"
#include "second_step/reissue.h"
#include "second_step/setup_sql.h"
#include "store/store.h"

#include "base/banned.h"

const char *setup_state_name(enum setup_state state)
{
	static const char *const names[] = {
		[SETUP_NONE] = "none",
		[SETUP_EMAIL_SENT] = "email_sent",
		[SETUP_EMAIL_CONFIRMED] = "email_confirmed",
		[SETUP_CODE_CONFIRMED] = "code_confirmed",
	};

	return names[state];
}

void setup_view_wipe(struct setup_view *view)
{
	wipe(view, sizeof(*view));
}

/* One step of a set-up: what the request brought, what was made for it, the row before and after. */
struct step {
	struct call *call;
	const char *code;
	bool replace, saved;
	const struct id *shown;    /* whose codes were; NULL: no matter */
	struct id new_id;          /* of the set-up, or of the recovery set */
	struct email_code mailed;
	char email[EMAIL_TEXT];    /* that it is mailed to */
	struct totp_secret secret; /* made before the transaction */
	struct recovery_set codes;
	struct setup_row row;
};

static void step_wipe(struct step *step)
{
	wipe(step, sizeof(*step));
}

static const struct id *account_of(const struct step *step)
{
	return &step->call->caller->account.id;
}

static const struct id *session_of(const struct step *step)
{
	return &step->call->caller->session.id;
}

static struct email_code_for code_for(const struct step *step)
{
	return (struct email_code_for){ CODE_FOR_SETUP, step->row.id, *session_of(step), step->email };
}

/* Whoever moved the account away must not set up by the new mailbox what the old one could not undo. */
static enum err find_address(struct db *db, struct step *step)
{
	int64_t begun_at = step->row.expires_at ? step->row.expires_at - SETUP_S : step->call->now_s;

	return email_to_prove(db, &step->call->caller->account, begun_at, step->email);
}

static enum err find_in_state(struct db *db, struct step *step, enum setup_state state)
{
	enum err err = setup_row_find(db, session_of(step), step->call->now_s, &step->row);

	return err ? err : step->row.state == state ? OK : ERR_WRONG_STATE;
}

/* Fills what this session may see of its row. */
static enum err show(const struct step *step, struct setup_view *view)
{
	const struct keyring *keys = step->call->keys;
	const struct setup_row *row = &step->row;
	enum err err = OK;

	view->id = row->id;
	view->state = row->state;
	view->replaces = row->replaces;
	view->expires_at = row->expires_at;
	memcpy(view->email, step->email, sizeof(view->email));
	if (row->state >= SETUP_EMAIL_CONFIRMED)
		err = keyring_open_seal(keys, SEAL_SETUP_SECRET, account_of(step), &row->id, row->secret.bytes,
		        sizeof(row->secret.bytes), view->secret.bytes, sizeof(view->secret.bytes));
	if (!err && row->state == SETUP_CODE_CONFIRMED)
		err = keyring_open_seal(keys, SEAL_SETUP_CODES, account_of(step), &row->id, row->codes.bytes,
		        sizeof(row->codes.bytes), &view->codes, sizeof(view->codes));
	return err;
}

static enum err mail_code(struct db *db, const struct step *step)
{
	const struct account *account = &step->call->caller->account;
	bool earlier = strcmp(step->email, account->email) != 0;
	struct letter_facts facts = { .to = step->email, .name = account->name, .locale = account->locale, .code = step->mailed.text,
		.person = earlier ? account->email : NULL, .expires_at = step->call->now_s + EMAIL_CODE_S };

	return letter_queue(db, step->call, earlier ? LETTER_SETUP_EARLIER : LETTER_SETUP_CODE, &facts);
}

static enum err may_begin(struct db *db, const struct step *step)
{
	struct enrolment enrolment;
	enum err err = second_step_find(db, account_of(step), &enrolment);
	bool on = !err && !id_empty(&enrolment.id);

	if (err || on == step->replace)
		return err;
	return on ? ERR_ALREADY_ENABLED : ERR_NOT_ENABLED;
}

static enum err charge_mail(struct db *db, const struct step *step)
{
	struct call *call = step->call;
	uint8_t address[DIGEST_BYTES];
	enum err err = address_digest(call->keys, step->email, address);

	return err ? err : limit_mail(db, MAIL_SETUP, address, &call->peer, false, call->now_s, &call->held_off);
}

static enum err begin(struct db *db, void *argument)
{
	struct step *step = argument;
	struct call *call = step->call;
	enum err err;

	step->row = (struct setup_row){ .id = step->new_id, .state = SETUP_EMAIL_SENT, .replaces = step->replace,
		.expires_at = call->now_s + SETUP_S };
	if ((err = session_lives(db, session_of(step))) || (err = may_begin(db, step)) || (err = find_address(db, step)) ||
	    (err = charge_mail(db, step)) || (err = setup_row_put(db, session_of(step), account_of(step), &step->row)))
		return err;

	struct email_code_for bound = code_for(step);
	if ((err = email_code_put(db, call->keys, &bound, &step->mailed, call->now_s)))
		return err;
	return mail_code(db, step);
}

enum err setup_begin(struct call *call, bool replace, struct setup_view *view)
{
	SCOPED(step_wipe) struct step step = { .call = call, .replace = replace };
	enum err err;

	if ((err = id_new(&step.new_id)) || (err = email_code_new(CODE_FOR_SETUP, &step.mailed)) ||
	    (err = store_change(call->store, begin, &step)))
		return err;
	call->settle_mail = true;
	return show(&step, view);
}

static enum err look(struct db *db, void *argument)
{
	struct step *step = argument;
	enum err err = setup_row_find(db, session_of(step), step->call->now_s, &step->row);

	return err && err != ERR_WRONG_STATE ? err : find_address(db, step);
}

enum err setup_look(struct call *call, struct setup_view *view)
{
	SCOPED(step_wipe) struct step step = { .call = call };
	enum err err = store_read(call->store, look, &step);

	return err ? err : show(&step, view);
}

static enum err confirm_email(struct db *db, void *argument)
{
	struct step *step = argument;
	struct call *call = step->call;
	enum err err;

	if ((err = find_in_state(db, step, SETUP_EMAIL_SENT)) || (err = find_address(db, step)))
		return err;

	struct email_code_for bound = code_for(step);
	if ((err = email_code_check(db, call->keys, &bound, step->code, call->now_s)))
		return db_keep(db, err);
	if ((err = email_code_drop(db, CODE_FOR_SETUP, &step->row.id)) ||
	    (err = keyring_seal(call->keys, SEAL_SETUP_SECRET, account_of(step), &step->row.id, step->secret.bytes,
	             sizeof(step->secret.bytes), step->row.secret.bytes)) ||
	    (err = setup_row_email_confirmed(db, &step->row)))
		return err;
	step->row.state = SETUP_EMAIL_CONFIRMED;
	return OK;
}

enum err setup_confirm_email(struct call *call, const char *code, struct setup_view *view)
{
	SCOPED(step_wipe) struct step step = { .call = call, .code = code };
	enum err err;

	if ((err = totp_secret_new(&step.secret)) || (err = store_change(call->store, confirm_email, &step)))
		return err == ERR_CODE_INVALID ? blame(call, "code", err) : err;
	return show(&step, view);
}

/* A code that fits another minute tells the person how far the clock of the phone is off; it is refused all the same. */
static enum err find_step(struct step *step, const struct totp_secret *secret)
{
	struct totp_step now = totp_step_at(step->call->now_s);
	enum err err = totp_find(secret, step->code, now, &step->row.step);

	if (err != ERR_CODE_REFUSED)
		return err;
	err = totp_drift(secret, step->code, now, &step->call->clock_off_s);
	return err == ERR_CODE_REFUSED ? ERR_APP_CODE : err ? err : ERR_CODE_CLOCK;
}

static enum err confirm_code(struct db *db, void *argument)
{
	SCOPED(totp_secret_wipe) struct totp_secret secret = { { 0 } };
	struct step *step = argument;
	const struct keyring *keys = step->call->keys;
	struct setup_row *row = &step->row;
	enum err err;

	if ((err = find_in_state(db, step, SETUP_EMAIL_CONFIRMED)) ||
	    (err = keyring_open_seal(keys, SEAL_SETUP_SECRET, account_of(step), &row->id, row->secret.bytes,
	             sizeof(row->secret.bytes), secret.bytes, sizeof(secret.bytes))) ||
	    (err = find_step(step, &secret)) ||
	    (err = keyring_seal(keys, SEAL_SETUP_CODES, account_of(step), &row->id, &step->codes, sizeof(step->codes),
	             row->codes.bytes)) ||
	    (err = setup_row_code_confirmed(db, row)))
		return err;
	row->state = SETUP_CODE_CONFIRMED;
	return OK;
}

enum err setup_confirm_code(struct call *call, const char *code, struct setup_view *view)
{
	SCOPED(step_wipe) struct step step = { .call = call, .code = code };
	enum err err;

	if ((err = recovery_set_new(&step.codes)) || (err = store_change(call->store, confirm_code, &step)))
		return err == ERR_APP_CODE || err == ERR_CODE_CLOCK ? blame(call, "code", err) : err;
	return show(&step, view);
}

/* The old enrolment goes in the same change; this session leaves it first, for it would go along. */
static enum err drop_old(struct db *db, const struct step *step)
{
	enum err err = session_forget_second_step(db, session_of(step));

	return err ? err : totp_row_remove(db, account_of(step));
}

/* Secret and codes become the account's; the code that was typed counts as spent. */
static enum err enrol(struct db *db, struct step *step, const struct setup_view *view)
{
	const struct keyring *keys = step->call->keys;
	const struct id *account = account_of(step), *enrolment = &step->row.id;
	struct sealed_secret sealed;
	enum err err;

	if ((err = keyring_seal(keys, SEAL_TOTP, account, enrolment, view->secret.bytes, sizeof(view->secret.bytes), sealed.bytes)) ||
	    (err = totp_row_add(db, account, enrolment, &sealed, step->call->now_s)) ||
	    (err = second_step_spend(db, enrolment, step->row.step, totp_step_at(step->call->now_s))))
		return err;
	return recovery_rows_replace(db, keys, account, &step->new_id, &view->codes, step->call->now_s);
}

/* What follows for the account: others out, this session has given its second step, counters of the old secret forgotten. */
static enum err settle(struct db *db, const struct step *step)
{
	const struct call *call = step->call;
	const struct id *account = account_of(step), *session = session_of(step);
	enum err err;

	if ((err = session_end_others(db, account, session)) || (err = device_forget_all(db, account)) ||
	    (err = session_prove_second_step(db, session, &step->row.id, USED_OTP, call->now_s)) ||
	    (err = account_set_up_done(db, account)) || (err = step_limit_clear(db, account)) || (err = reissue_forget(db, session)))
		return err;
	return setup_row_remove(db, &step->row.id);
}

static enum err tell(struct db *db, const struct step *step)
{
	const struct call *call = step->call;
	const struct account *account = &call->caller->account;
	struct letter_facts facts = { .to = account->email, .name = account->name, .locale = account->locale };
	bool replaced = step->row.replaces;
	enum err err = audit_add(db, call, replaced ? AUDIT_NEW_PHONE : AUDIT_TWO_STEP_ON, &account->id, &account->id, "");

	return err ? err : letter_queue(db, call, replaced ? LETTER_NEW_PHONE : LETTER_TWO_STEP_ON, &facts);
}

static enum err complete(struct db *db, void *argument)
{
	SCOPED(setup_view_wipe) struct setup_view view = { .state = SETUP_NONE };
	struct step *step = argument;
	enum err err;

	if ((err = find_in_state(db, step, SETUP_CODE_CONFIRMED)))
		return err;
	if (step->shown && !id_same(step->shown, &step->row.id))
		return ERR_WRONG_STATE;
	if (!step->saved)
		return ERR_NOT_SAVED;
	if ((err = show(step, &view)) || (step->row.replaces && (err = drop_old(db, step))) || (err = enrol(db, step, &view)) ||
	    (err = settle(db, step)))
		return err;
	return tell(db, step);
}

enum err setup_complete(struct call *call, const struct id *shown, bool saved)
{
	SCOPED(step_wipe) struct step step = { .call = call, .shown = shown, .saved = saved };
	enum err err;

	if ((err = id_new(&step.new_id)) || (err = store_change(call->store, complete, &step)))
		return err == ERR_NOT_SAVED ? blame(call, "saved", err) : err;
	call->settle_mail = true;
	return OK;
}

struct standing {
	const struct call *call;
	struct enrolment enrolment;
};

static enum err find_standing(struct db *db, void *argument)
{
	struct standing *standing = argument;

	return second_step_find(db, &standing->call->caller->account.id, &standing->enrolment);
}

/* A set-up gives the enrolment its own id. */
enum err setup_in_force(struct call *call, const struct id *shown, bool *in_force)
{
	struct standing standing = { .call = call };
	enum err err = store_read(call->store, find_standing, &standing);

	if (!err)
		*in_force = id_same(shown, &standing.enrolment.id);
	return err;
}

static enum err drop(struct db *db, void *argument)
{
	const struct call *call = argument;

	return setup_row_drop(db, &call->caller->session.id);
}

enum err setup_drop(struct call *call)
{
	return store_change(call->store, drop, call);
}
