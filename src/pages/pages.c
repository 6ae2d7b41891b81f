#include "pages/pages.h"

#include "accounts/caller.h"
#include "assets.h"
#include "http/weighted.h"
#include "pages/confirm.h"
#include "pages/routes.h"
#include "sign_in/guard.h"
#include "base/banned.h"

static const struct route *const tables[] = {
	home_pages,      sign_up_pages,  login_pages, password_reset_pages, account_pages, account_email_pages, audit_pages, sessions_pages,
	two_step_pages,  setup_pages,    recovery_codes_pages, disable_pages, demand_pages, continue_pages, organizations_pages,
	organization_pages, members_pages, member_pages, security_pages,
	invitations_pages, services_pages, service_pages, NULL,
};

static bool has_page(const char *pattern, size_t length)
{
	for (const struct route *const *table = tables; *table; table++)
		for (const struct route *route = *table; route->path; route++)
			if (route->method & GET && strlen(route->path) == length && !memcmp(route->path, pattern, length))
				return true;
	return false;
}

/* So many bytes of it are in front of its last slash. */
static size_t without_last_part(const char *path, size_t length)
{
	while (length && path[length - 1] != '/')
		length--;
	return length ? length - 1 : 0;
}

/* Forms that stand on another page than the one of their own address. */
static const struct {
	const char *posted;
	bool above;
	const char *rest;
} elsewhere[] = {
	{ "/organizations/{o}/invitations", false, "/new" },
	{ "/organizations/{o}/security/demand", true, "" },
};

const char *form_place(struct call *call)
{
	const char *pattern = call->route->path, *rest = "";
	struct view path = call->request->path;
	size_t length = strlen(pattern);
	bool above = false;

	for (size_t i = 0; i < COUNT(elsewhere); i++)
		if (!strcmp(elsewhere[i].posted, pattern)) {
			above = elsewhere[i].above;
			rest = elsewhere[i].rest;
		}
	while (length && (above || !has_page(pattern, length))) {
		length = without_last_part(pattern, length);
		path.length = without_last_part(path.bytes, path.length);
		above = false;
	}
	const char *place = length ? arena_printf(call->arena, "%.*s%s", (int)path.length, path.bytes, rest) : "/";
	return !place || page_is_local(place) ? place : "/";
}

/* Where people are sent to sign in, and brought back from. What they sent is not kept: it may be sent again, not by itself. */
static enum err ask_to_sign_in(struct call *call)
{
	const struct view *target = &call->request->target;
	bool looks = call->request->method & (GET | HEAD);
	const char *place = looks ? arena_copy(call->arena, target->bytes, target->length) : form_place(call);

	if (place && !looks)
		place = arena_printf(call->arena, "%s" UNSAVED, place);
	if (page_is_local(place))
		cookie_set(call, COOKIE_RETURN, place, LOGIN_S);
	return page_to_with(call, "/login", looks ? NOTICE_SIGN_IN_FIRST : NOTICE_SIGN_IN_AGAIN);
}

/* An address that has no route is refused before anybody asked who calls and in which language. */
static void look_who_calls(struct call *call)
{
	static const struct route open_to_all = { GET, "", ACCESS_ANYBODY, FRESH_NOT, NULL, NULL };

	call->route = &open_to_all;
	if (guard(call))
		call->caller = NULL;
}

static enum err show_error(struct call *call, enum err err)
{
	if (!call->route)
		look_who_calls(call);
	/* A field to blame has no place in the error page: its name is said by the sentence of the API. */
	call->wrong = err == ERR_INVALID ? call->wrong : NULL;
	const struct page_error page = {
		.frame = page_frame(call, NULL, OK),
		.status = err_status(err),
		.text = page_sentence(call, err),
		.contact = call->settings->contact,
		.request = call->id,
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_error(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

static enum err choose_refusal(struct call *call, enum err err)
{
	if (err == ERR_NOT_SIGNED_IN)
		return ask_to_sign_in(call);
	if (err == ERR_SETUP_REQUIRED)
		return ask_to_set_up(call);
	if (err == ERR_NEEDS_SECOND_STEP && call->caller && call->request->method & (GET | HEAD))
		return ask_for_code(call);
	if (err == ERR_OTHER_ORGANIZATIONS)
		return show_reset(call, err); /* which says who can */
	if (!call->caller || !confirm_concerns(call, err))
		return show_error(call, err);
	if (!strcmp(call->route->path, "/account/two-step/recovery-codes"))
		return show_reissue(call, err);
	if (!strcmp(call->route->path, CLOSE_PATH))
		return show_close(call, err);
	if (call->membership && !strcmp(call->route->path, RESET_PATH)) /* none: a restricted session, of which nothing else is known */
		return show_reset(call, err);
	return confirm_show(call, err);
}

/* Where even the page cannot be written the status alone says it. */
static void refuse(struct call *call, enum err err)
{
	enum err failed = choose_refusal(call, err);

	if (failed) {
		answer_reset(call->out);
		call->out->status = err_status(failed);
	}
}

/*
 * A page that stands open since before somebody else signed in here: what it would change is theirs now. Who only leaves, or signs in,
 * is not asked.
 */
static enum err check_account(struct call *call)
{
	bool changes = call->request->method == POST && !route_is_open(call->route);
	const char *made_for = changes ? form_value(call, MADE_FOR) : NULL;
	char now[ID_TEXT];

	return !made_for || !strcmp(made_for, id_text(&call->caller->account.id, now)) ? OK : ERR_OTHER_ACCOUNT;
}

const struct surface pages_surface = {
	.prefix = "/",
	.tables = tables,
	.json = false,
	.check = check_account,
	.mend = confirm_mend,
	.refuse = refuse,
};

static const struct asset *find_asset(const struct request *request)
{
	for (size_t i = 0; i < ASSETS; i++)
		if (view_same(request->path, assets[i].path))
			return &assets[i];
	return NULL;
}

/* Compressed when it was built, where the browser takes that. Pages are not: what they say of a person must not show in their length. */
static void add_bytes(const struct request *request, const struct asset *asset, struct answer *answer)
{
	bool gzip = asset->gzip_length && takes_gzip(request);

	if (asset->gzip_length)
		answer_header(answer, "Vary", "Accept-Encoding");
	if (gzip)
		answer_header(answer, "Content-Encoding", "gzip");
	buf_add(&answer->body, gzip ? asset->gzip : asset->bytes, gzip ? asset->gzip_length : asset->length);
}

bool pages_fast(const struct request *request, struct answer *answer)
{
	const struct asset *asset = find_asset(request);

	if (!asset)
		return false;
	if (!(request->method & (GET | HEAD))) {
		answer->status = 405;
		answer_header(answer, "Allow", "GET, HEAD");
		return true;
	}
	answer->content_type = asset->type;
	answer->cacheable = true;
	add_bytes(request, asset, answer);
	return true;
}
