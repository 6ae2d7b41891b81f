/* The way back to an application: what we sealed comes back as it was and stays at its host; nothing else opens. */
#include "fuzz.h"
#include "sign_in/way_back.h"

#define NOW_S  INT64_C(1800000000)
#define HOST   "app.example"
#define ORIGIN "https://" HOST

static struct keyring *keys;

static bool opens(struct call *call, const char *text, struct way_back *out)
{
	return !way_back_open(call, text, out);
}

/* The input is the path and query that somebody asked for, as gate/asked.c lets it through. */
static void goes_and_comes(struct call *call, const uint8_t *bytes, size_t length)
{
	struct way_back way = { .https = true, .host = HOST, .max_age_s = 300, .handed = true }, back;
	char *uri = arena_alloc(call->arena, length + 2);
	const char *origin, *sealed;

	must(uri);
	uri[0] = '/';
	for (size_t i = 0; i < length; i++)
		uri[i + 1] = bytes[i] > ' ' && bytes[i] != 0x7f && !strchr("#\\", bytes[i]) ? (char)bytes[i] : '/';
	way_back_set_uri(&way, (struct view){ uri, length + 1 });
	must(way.uri[0] == '/' && strlen(way.uri) <= WAY_BACK_URI_MAX);
	for (const char *at = way.uri; *at; at++)
		must(*at > ' ' && *at < 0x7f);

	must((sealed = way_back_seal(call, &way)) && (origin = way_back_origin(call->arena, &way)) && !strcmp(origin, ORIGIN));
	must(strlen(sealed) < WAY_BACK_TEXT && opens(call, sealed, &back));
	must(back.https == way.https && back.handed == way.handed && back.max_age_s == way.max_age_s && !strcmp(back.host, way.host) &&
	     !strcmp(back.uri, way.uri) && !memcmp(&back.nonce, &way.nonce, sizeof(way.nonce)));
	call->now_s += WAY_BACK_S;
	must(!opens(call, sealed, &back));
	call->now_s -= WAY_BACK_S;
}

/* One sign of a sealed way that is another opens nothing; which one and to what, the input says. */
static void is_not_changed(struct call *call, uint8_t at, uint8_t to)
{
	static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	struct way_back way = { .https = true, .host = HOST, .uri = "/" }, back;
	const char *sealed = way_back_seal(call, &way);
	char *changed = sealed ? arena_copy(call->arena, sealed, strlen(sealed)) : NULL;

	must(changed != NULL);
	changed[at % strlen(sealed)] = signs[to % 64];
	must(opens(call, changed, &back) == !strcmp(changed, sealed));
	changed[at % strlen(sealed)] = '\0';
	must(!opens(call, changed, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	struct call call = { .arena = &arena, .now_s = NOW_S };
	struct way_back back;

	if (!keys)
		keys = new_keys();
	call.keys = keys;
	must(!opens(&call, arena_copy(&arena, (const char *)bytes, length), &back));
	if (length < 2 || length > 4096)
		return 0;
	is_not_changed(&call, bytes[0], bytes[1]);
	goes_and_comes(&call, bytes + 2, length - 2);
	return 0;
}
