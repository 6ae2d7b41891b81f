/*
 * Account management: the tab 2-Step Verification.
 */
#include "accounts/caller.h"
#include "pages/routes.h"
#include "second_step/second_step.h"
#include "base/banned.h"

static void fill(struct call *call, const struct device *device, struct part_device *out)
{
	char id[ID_TEXT];

	out->id = arena_text(call->arena, id_text(&device->id, id));
	out->browser = page_browser(call, device->browser);
	out->address = device->address;
	out->used = page_time(call, device->last_used_at);
	out->used_short = page_day_and_time(call, device->last_used_at);
}

static enum err look(struct call *call)
{
	struct two_step_status *status = arena_alloc(call->arena, sizeof(*status));
	struct part_device devices[DEVICES_MAX];
	enum err err;

	if (!status)
		return ERR_MEMORY;
	if ((err = two_step_look(call, status)))
		return err;
	for (size_t i = 0; i < status->device_count; i++)
		fill(call, &status->devices[i], &devices[i]);
	struct page_two_step page = {
		.frame = page_frame(call, NULL, OK),
		.enabled = status->enabled,
		.restricted = call->caller->restricted,
		.under_way = status->setup_state != SETUP_NONE,
		.since = page_time(call, status->enabled_at),
		.since_short = page_day_and_time(call, status->enabled_at),
		.codes_left = status->recovery_codes_left,
		.few_left = status->recovery_codes_left <= RECOVERY_WARN_LEFT,
		.devices = devices, .devices_count = status->device_count,
	};
	if (!page.frame)
		return ERR_MEMORY;
	if ((err = demanders_look(call, false, &page.demanders, &page.demanders_count)))
		return err;
	page_two_step(&call->out->body, call->locale, &page);
	return page_sent(call, OK);
}

static enum err forgotten(struct call *call, enum err err)
{
	return err && err != ERR_NOT_FOUND ? err : page_to_with(call, "/account/two-step", NOTICE_FORGOTTEN);
}

static enum err forget_one(struct call *call)
{
	return forgotten(call, two_step_forget_device(call, call->segment[0]));
}

static enum err forget_all(struct call *call)
{
	return forgotten(call, two_step_forget_device(call, NULL));
}

const struct route two_step_pages[] = {
	{ GET, "/account/two-step", ACCESS_RESTRICTED, FRESH_NOT, NULL, look },
	{ POST, "/account/two-step/devices/{id}/forget", ACCESS_SIGNED_IN, FRESH_NOT, NULL, forget_one },
	{ POST, "/account/two-step/devices/forget", ACCESS_SIGNED_IN, FRESH_NOT, NULL, forget_all },
	ROUTES_END
};
