#include "cli/own_call.h"

#include <stdio.h>

#include "base/clock.h"

#include "base/banned.h"

struct call own_call(const struct settings *settings, struct store *store, const struct keyring *keys, struct arena *arena)
{
	struct call call = { .browser = "twostep", .settings = settings, .store = store, .keys = keys, .now_s = clock_now_s(),
		.arena = arena, .locale = settings->locale };

	snprintf(call.peer.address, sizeof(call.peer.address), "-");
	return call;
}
