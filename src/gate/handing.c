/*
 * handing: the two steps of a hand-over that happen at the application's host: it begins with a nonce there, and ends with
 * that host's own cookie (sign_in/hand_over.h).
 */
#include "gate/gate_state.h"

#include "base/log.h"
#include "sign_in/hand_over.h"

#include "base/banned.h"

/* The host as the proxy tells it. */
static enum err read_origin(const struct call *call, struct asked *out)
{
	return !call->peer.trusted || asked_origin(call->request, out) ? ERR_ASKED : OK;
}

/* The one that this browser has already, so that two windows that begin one after the other both end well; else a new one. */
static enum err nonce_of(struct call *call, const struct asked *asked, struct token *nonce, struct token_digest *digest)
{
	struct view there;

	if (cookie_find(call->request, COOKIE_NONCE, asked->https, &there) && there.length == TOKEN_TEXT - 1) {
		memcpy(nonce->text, there.bytes, there.length);
		nonce->text[there.length] = '\0';
		if (!token_parse(nonce->text, digest))
			return OK;
	}
	return token_new(nonce, digest);
}

/* From the application's host to ours, with what ties the way back to this browser. */
static enum err start(struct call *call)
{
	SCOPED(buf_done) struct buf place = { 0 };
	SCOPED(token_wipe) struct token nonce = { "" };
	struct asked asked;
	struct way_back way;
	const char *to;
	enum err err;

	if ((err = read_origin(call, &asked)))
		return err;
	if (way_back_open(call, query_value(call, "to"), &way) || strcmp(way.host, asked.host) != 0 || way.https != asked.https)
		return ERR_NO_WAY_BACK;
	if ((err = nonce_of(call, &asked, &nonce, &way.nonce)))
		return err;
	way.handed = true;
	if (!(to = way_back_place(call, &way)))
		return ERR_MEMORY;
	url_component(&place, to);
	cookie_set_at(call, COOKIE_NONCE, asked.https, nonce.text, HAND_OVER_NONCE_S);
	to = arena_printf(call->arena, "%s/login?to=%s", call->settings->public_url, buf_string(&place));
	if (!to || place.failed)
		return ERR_MEMORY;
	answer_redirect(call->out, 302, to);
	return OK;
}

/* In the arena; "": there is none. NULL: memory. */
static const char *cookie_text(struct call *call, enum cookie cookie, const struct asked *asked)
{
	struct view there;

	return cookie_find(call->request, cookie, asked->https, &there) ? arena_copy(call->arena, there.bytes, there.length) : "";
}

/*
 * A HEAD is told a place, and changes nothing: its code serves the GET that comes behind it. Where the nonce is gone, as after a sign-in
 * that took longer than it lives, one more round brings who is signed in by now to where they were going. They begin it themselves: a
 * browser that keeps no cookies would go round for ever.
 */
static enum err finish(struct call *call)
{
	SCOPED(token_wipe) struct token token = { "" };
	struct asked asked;
	struct hand_over_try try = { .host = asked.host };
	const char *address = "/";
	enum err err;

	if ((err = read_origin(call, &asked)))
		return err;
	try.code = query_value(call, "code");
	try.nonce = cookie_text(call, COOKIE_NONCE, &asked);
	try.app = cookie_text(call, COOKIE_APP, &asked);
	if (call->arena->failed) /* a code is spent by any try */
		return ERR_MEMORY;
	err = call->request->method == HEAD ? OK : hand_over_finish(call, &try, &address, &token);
	if (err == ERR_NO_NONCE) {
		gate_refuse_with(call, err, address);
		return OK;
	}
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NO_WAY_BACK : err;
	if (*token.text)
		cookie_set_at(call, COOKIE_APP, asked.https, token.text, 0);
	answer_redirect(call->out, 302, address);
	return OK;
}

static const struct route handing_routes[] = {
	{ GET, "/authz/start", ACCESS_ANYBODY, FRESH_NOT, NULL, start },
	{ GET, "/authz/session", ACCESS_ANYBODY, FRESH_NOT, NULL, finish },
	ROUTES_END
};

static const struct route *const tables[] = { handing_routes, NULL };

const struct surface gate_surface = { .prefix = "/authz/", .tables = tables, .refuse = gate_refuse };
