/*
 * /account/two-step (contract 2.2): how it stands, remembered devices, switching off.
 */
#include "second_step/second_step.h"

#include "api/json_views.h"
#include "api/routes.h"
#include "base/banned.h"

static void json_setup_state(struct answer *out, const struct two_step_status *status)
{
	if (status->setup_state == SETUP_NONE) {
		json_none(out, "setup");
		return;
	}
	json_open(out, "setup");
	json_text(out, "state", setup_state_name(status->setup_state));
	json_time(out, "expires_at", status->setup_expires_at);
	json_close(out);
}

static void json_device(struct answer *out, const struct device *device)
{
	json_open(out, NULL);
	json_id(out, "id", &device->id);
	json_text(out, "browser", device->browser);
	json_text(out, "address", device->address);
	json_time(out, "created_at", device->created_at);
	json_time(out, "last_used_at", device->last_used_at);
	json_time(out, "expires_at", device->expires_at);
	json_close(out);
}

static enum err show(struct call *call)
{
	struct answer *out = call->out;
	struct two_step_status status = { 0 };
	enum err err = two_step_look(call, &status);

	if (err)
		return err;

	json_open(out, NULL);
	json_bool(out, "enabled", status.enabled);
	json_time(out, "enabled_at", status.enabled_at);
	json_int(out, "recovery_codes_left", status.recovery_codes_left);
	if ((err = json_required_by(call, &call->caller->account.id)))
		return err;
	json_setup_state(out, &status);
	json_list(out, "passkeys"); /* the contract's shape; there are none before their own issue */
	json_list_close(out);
	json_list(out, "remembered_devices");
	for (size_t i = 0; i < status.device_count; i++)
		json_device(out, &status.devices[i]);
	json_list_close(out);
	json_close(out);
	return OK;
}

struct disable_form { const char *password, *method, *code; };
static const struct field disable_fields[] = {
	FIELD_LONG(disable_form, password, FIELD_TEXT),
	FIELD(disable_form, method, FIELD_TEXT),
	FIELD_LONG(disable_form, code, FIELD_CODE),
};
static const struct form disable_form = FORM(disable_form, disable_fields);

static enum err disable(struct call *call)
{
	const struct disable_form *form = call->form;
	enum second_step_method method = STEP_NONE;
	enum err err;

	if ((err = second_step_method_read(call, form->method, &method)) ||
	    (err = two_step_disable(call, form->password, method, form->code)))
		return err;

	json_open(call->out, NULL);
	json_bool(call->out, "enabled", false);
	json_close(call->out);
	return OK;
}

static enum err forget(struct call *call, const char *device)
{
	enum err err = two_step_forget_device(call, device);

	if (err)
		return err;

	json_nothing(call->out);
	return OK;
}

static enum err forget_device(struct call *call)
{
	return forget(call, call->segment[0]);
}

static enum err forget_all_devices(struct call *call)
{
	return forget(call, NULL);
}

const struct route two_step_routes[] = {
	{ GET, "/api/v1/account/two-step", ACCESS_RESTRICTED, FRESH_NOT, NULL, show },
	{ POST, "/api/v1/account/two-step/disable", ACCESS_SIGNED_IN, FRESH_NOT, &disable_form, disable },
	{ DELETE, "/api/v1/account/two-step/remembered-devices", ACCESS_SIGNED_IN, FRESH_NOT, NULL, forget_all_devices },
	{ DELETE, "/api/v1/account/two-step/remembered-devices/{id}", ACCESS_SIGNED_IN, FRESH_NOT, NULL, forget_device },
	ROUTES_END
};
