/*
 * /account/two-step/recovery-codes (contract 2.2): new recovery codes, in force once they are said to be saved.
 */
#include "api/json_views.h"
#include "api/routes.h"
#include "second_step/reissue.h"
#include "base/banned.h"

static void json_pending(struct answer *out, const struct recovery_set *codes, int64_t expires_at)
{
	json_open(out, NULL);
	json_text(out, "state", "pending");
	json_recovery_codes(out, codes);
	json_time(out, "expires_at", expires_at);
	json_close(out);
}

struct begin_form { const char *password; };
static const struct field begin_fields[] = { FIELD_LONG(begin_form, password, FIELD_TEXT) };
static const struct form begin_form = FORM(begin_form, begin_fields);

static enum err begin(struct call *call)
{
	const struct begin_form *form = call->form;
	SCOPED(recovery_set_wipe) struct recovery_set codes = { 0 };
	int64_t expires_at = 0;
	enum err err = reissue_begin(call, form->password, &codes, &expires_at);

	if (err)
		return err;

	json_pending(call->out, &codes, expires_at);
	return OK;
}

/* For a client that lost the answer, as a page is reloaded: the session that asked sees them again. */
static enum err look(struct call *call)
{
	SCOPED(recovery_set_wipe) struct recovery_set codes = { 0 };
	int64_t expires_at = 0;
	enum err err = reissue_look(call, NULL, &codes, &expires_at);

	if (err)
		return err;

	json_pending(call->out, &codes, expires_at);
	return OK;
}

struct complete_form { bool saved; };
static const struct field complete_fields[] = { FIELD(complete_form, saved, FIELD_BOOL) };
static const struct form complete_form = FORM(complete_form, complete_fields);

static enum err complete(struct call *call)
{
	const struct complete_form *form = call->form;
	enum err err = reissue_complete(call, NULL, form->saved);

	if (err)
		return err;

	json_open(call->out, NULL);
	json_int(call->out, "recovery_codes_left", RECOVERY_CODES);
	json_close(call->out);
	return OK;
}

static enum err drop(struct call *call)
{
	enum err err = reissue_drop(call);

	if (err)
		return err;

	json_nothing(call->out);
	return OK;
}

const struct route recovery_codes_routes[] = {
	{ POST, "/api/v1/account/two-step/recovery-codes", ACCESS_SIGNED_IN, FRESH_SECOND_STEP, &begin_form, begin },
	{ GET, "/api/v1/account/two-step/recovery-codes", ACCESS_SIGNED_IN, FRESH_NOT, NULL, look },
	{ DELETE, "/api/v1/account/two-step/recovery-codes", ACCESS_SIGNED_IN, FRESH_NOT, NULL, drop },
	{ POST, "/api/v1/account/two-step/recovery-codes/complete", ACCESS_SIGNED_IN, FRESH_NOT, &complete_form, complete },
	ROUTES_END
};
