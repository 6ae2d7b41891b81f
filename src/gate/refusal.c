/*
 * Nobody is let in: as a redirect for a browser, as a status for a script, as a small page where nothing else helps. It is
 * shown at the application's host, so it needs nothing of ours but the few words of style within.
 */
#include "gate/gate_state.h"

#include "http/reply.h"
#include "sign_in/way_back.h"

#include "base/banned.h"

#define START_PATH "/.twostep/start"

/* The policy names the digest of the style: a test holds the two together. */
#define STYLE \
	"body{font:1rem/1.6 system-ui,sans-serif;max-width:34rem;" \
	"margin:15vh auto;padding:0 1.25rem;word-break:keep-all}" \
	".go{display:inline-block;padding:.5rem 1rem;border:1px solid;border-radius:.5rem}"
#define POLICY \
	"default-src 'none'; style-src 'sha256-A42tPthh6hIfXl5ncNgiZMwzzu4IfE3exDzwpDkuOSo='; " \
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

/* ---- in words ---- */

static void write_link(struct call *call, const char *attributes, const char *place, enum msg msg)
{
	struct buf *out = &call->out->body;

	buf_printf(out, "<p><a%s href=\"", attributes);
	html_url(out, place);
	buf_text(out, "\">");
	html_text(out, lang_text(call->locale, msg));
	buf_text(out, "</a></p>");
}

/* place: the one step that mends it; NULL: there is none. */
static void write_page(struct call *call, enum err err, const char *place)
{
	struct buf *out = &call->out->body;

	buf_printf(out, "<!doctype html>\n<html lang=\"%s\"><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">"
	                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>", locale_tag(call->locale));
	html_text(out, call->settings->name);
	buf_text(out, "</title><style>" STYLE "</style><main><h1>");
	html_text(out, call->settings->name);
	buf_text(out, "</h1><p>");
	html_text(out, lang_text(call->locale, err_message(err)));
	buf_text(out, "</p>");
	if (call->caller) {
		buf_text(out, "<p>");
		html_text(out, call->caller->account.email);
		buf_text(out, "</p>");
	}
	if (place)
		write_link(call, " class=\"go\"", place, MSG_GATE_GO);
	write_link(call, "", call->settings->public_url, MSG_GATE_HOME);
	buf_text(out, "</main></html>\n");
	call->out->content_type = "text/html; charset=utf-8";
	call->out->csp = POLICY;
}

void gate_refuse_with(struct call *call, enum err err, const char *place)
{
	answer_reset(call->out);
	call->out->status = err_status(err);
	if (request_takes_pages(call->request))
		write_page(call, err, place);
	else
		reply_problem(call->out, call->locale, err);
}

void gate_refuse(struct call *call, enum err err)
{
	gate_refuse_with(call, err, NULL);
}

/* ---- on the way to where it can be mended ---- */

/* Where a browser is asked who it is, or for a proof. NULL: memory. */
static const char *place_to_ask(struct call *call, const struct check *check, enum verdict verdict)
{
	const struct asked *asked = check->asked;
	struct way_back way = { .https = asked->https, .max_age_s = check->max_age_s };
	SCOPED(buf_done) struct buf encoded = { 0 };
	const char *place;

	memcpy(way.host, asked->host, sizeof(way.host));
	way_back_set_uri(&way, asked->uri);
	if (strcmp(asked->host, call->settings->public_host) != 0) {
		const char *sealed = way_back_seal(call, &way), *origin = way_back_origin(call->arena, &way);

		return sealed && origin ? arena_printf(call->arena, "%s" START_PATH "?to=%s", origin, sealed) : NULL;
	}
	if (!(place = way_back_place(call, &way)))
		return NULL;
	if (verdict != VERDICT_NOT_SIGNED_IN)
		return arena_printf(call->arena, "%s%s", call->settings->public_url, place);
	url_component(&encoded, place);
	return encoded.failed ? NULL : arena_printf(call->arena, "%s/login?to=%s", call->settings->public_url, buf_string(&encoded));
}

static bool is_mended_by_proof(enum verdict verdict)
{
	return verdict == VERDICT_RESTRICTED || verdict == VERDICT_NEEDS_SECOND_STEP;
}

/* What a visitor can mend. A script is told so; nginx passes the place on that a 401 names; a browser goes there. */
static void ask(struct call *call, const struct check *check, enum verdict verdict)
{
	const struct asked *asked = check->asked;
	bool leads = asked_by_browser(call->request) || asked->how == AUTH_REQUEST;
	const char *place = NULL;

	if (leads && !(place = place_to_ask(call, check, verdict))) {
		gate_refuse(call, ERR_MEMORY);
		return;
	}
	if (place && asked->how != AUTH_REQUEST) {
		answer_redirect(call->out, asked->safe ? 302 : 303, place);
		return;
	}
	gate_refuse(call, verdict == VERDICT_NOT_SIGNED_IN ? ERR_NOT_SIGNED_IN : ERR_PROOF_DUE);
	if (is_mended_by_proof(verdict))
		answer_header(call->out, "Twostep-Needs", "second_step");
	if (place)
		answer_header(call->out, "Location", place);
}

static bool has_cookie(const struct call *call, const struct asked *asked)
{
	struct view value;

	return cookie_find(call->request, COOKIE_SESSION, call->settings->https, &value) ||
	       cookie_find(call->request, COOKIE_APP, asked->https, &value);
}

/* Nobody is led back to a host that is nobody's; a script that comes with nothing at all is told to sign in there, too. */
static void refuse_host(struct call *call, const struct check *check)
{
	bool blank = !check->site && !asked_by_browser(call->request) && !has_cookie(call, check->asked);

	gate_refuse(call, blank ? ERR_NOT_SIGNED_IN : ERR_NO_HOST);
}

void gate_refuse_check(struct call *call, const struct check *check, enum verdict verdict)
{
	if (verdict == VERDICT_NO_MEMORY)
		gate_refuse(call, ERR_MEMORY);
	else if (verdict == VERDICT_MALFORMED)
		gate_refuse(call, ERR_ASKED);
	else if (!check->site || !check->site->allowed)
		refuse_host(call, check);
	else if (verdict == VERDICT_FORBIDDEN)
		gate_refuse(call, ERR_NO_ROLE);
	else
		ask(call, check, verdict);
}
