/*
 * Account management: the tab Sessions.
 */
#include "pages/routes.h"
#include "base/banned.h"

static void fill(struct call *call, const struct session *session, struct part_session *out)
{
	char id[ID_TEXT];

	out->id = arena_text(call->arena, id_text(&session->id, id));
	out->current = id_same(&session->id, &call->caller->session.id);
	out->browser = page_browser(call, session->browser);
	out->address = session->address;
	out->seen = page_time(call, session->last_seen_at);
	out->seen_short = page_day_and_time(call, session->last_seen_at);
	out->begun = page_time(call, session->signed_in_at);
	out->begun_short = page_day_and_time(call, session->signed_in_at);
}

static enum err look(struct call *call)
{
	struct session *list = arena_alloc(call->arena, SESSIONS_MAX * sizeof(*list));
	struct part_session *shown = arena_alloc(call->arena, SESSIONS_MAX * sizeof(*shown));
	size_t count = 0;
	enum err err;

	if (!list || !shown)
		return ERR_MEMORY;
	if ((err = sessions_look(call, list, SESSIONS_MAX, &count)))
		return err;
	for (size_t i = 0; i < count; i++)
		fill(call, &list[i], &shown[i]);
	const struct page_sessions page = {
		.frame = page_frame(call, NULL, OK),
		.sessions = shown, .sessions_count = count,
		.others = count > 1,
	};
	if (!page.frame)
		return ERR_MEMORY;
	page_sessions(&call->out->body, call->locale, &page);
	return page_sent(call, OK);
}

/* One that has ended meanwhile is what was wanted. */
static enum err end_one(struct call *call)
{
	enum err err = sessions_end(call, call->segment[0]);

	return err && err != ERR_NOT_FOUND ? err : page_to_with(call, "/account/sessions", NOTICE_SESSION_ENDED);
}

static enum err end_others(struct call *call)
{
	enum err err = sessions_end_others(call);

	return err ? err : page_to_with(call, "/account/sessions", NOTICE_OTHERS_ENDED);
}

const struct route sessions_pages[] = {
	{ GET, "/account/sessions", ACCESS_SIGNED_IN, FRESH_NOT, NULL, look },
	{ POST, "/account/sessions/{id}/end", ACCESS_SIGNED_IN, FRESH_NOT, NULL, end_one },
	{ POST, "/account/sessions/end-others", ACCESS_SIGNED_IN, FRESH_NOT, NULL, end_others },
	ROUTES_END
};
