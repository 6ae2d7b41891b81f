/*
 * Organization Management: the tab Audit log, and the same as a file.
 */
#include "accounts/password_try.h"
#include "organizations/export.h"
#include "organizations/security.h"

#include "pages/event_words.h"
#include "pages/organization.h"
#include "pages/routes.h"
#include "base/banned.h"

#define AUDIT_PAGE_ROWS 50
#define DAY_BYTES       10           /* 2026-11-25 */
#define EARLIER         "to.earlier" /* blamed on `to`, in words of its own (page.c) */

/* What can stand in an organisation's log, in the words of the page. */
static const struct {
	enum audit_action action;
	enum msg msg;
} words[] = {
	{ AUDIT_SIGNED_IN, MSG_EVENT_SIGNED_IN },
	{ AUDIT_CONFIRMED, MSG_EVENT_CONFIRMED },
	{ AUDIT_ORGANIZATION_CREATED, MSG_EVENT_ORGANIZATION_CREATED },
	{ AUDIT_ORGANIZATION_RENAMED, MSG_EVENT_ORGANIZATION_RENAMED },
	{ AUDIT_OWNER_CHANGED, MSG_EVENT_OWNER_CHANGED },
	{ AUDIT_MEMBER_JOINED, MSG_EVENT_MEMBER_JOINED },
	{ AUDIT_MEMBER_CHANGED, MSG_EVENT_MEMBER_CHANGED },
	{ AUDIT_MEMBER_REMOVED, MSG_EVENT_MEMBER_REMOVED },
	{ AUDIT_MEMBER_LEFT, MSG_EVENT_MEMBER_LEFT },
	{ AUDIT_INVITED, MSG_EVENT_INVITED },
	{ AUDIT_INVITATION_RESENT, MSG_EVENT_INVITATION_RESENT },
	{ AUDIT_INVITATION_CANCELLED, MSG_EVENT_INVITATION_CANCELLED },
	{ AUDIT_SERVICE_CREATED, MSG_EVENT_SERVICE_CREATED },
	{ AUDIT_SERVICE_CHANGED, MSG_EVENT_SERVICE_CHANGED },
	{ AUDIT_SERVICE_DELETED, MSG_EVENT_SERVICE_DELETED },
	{ AUDIT_HOST_ALLOWED, MSG_EVENT_HOST_ALLOWED },
	{ AUDIT_HOST_FORBIDDEN, MSG_EVENT_HOST_FORBIDDEN },
	{ AUDIT_TWO_STEP_DEMANDED, MSG_EVENT_TWO_STEP_DEMANDED },
	{ AUDIT_TWO_STEP_NOT_DEMANDED, MSG_EVENT_TWO_STEP_NOT_DEMANDED },
	{ AUDIT_SECURITY_CHANGED, MSG_EVENT_SECURITY_CHANGED },
	{ AUDIT_RESTORED, MSG_EVENT_RESTORED },
	{ AUDIT_SECOND_STEP_RESET, MSG_EVENT_SECOND_STEP_RESET },
	{ AUDIT_DOWNLOADED, MSG_EVENT_DOWNLOADED },
};

static enum msg word_of(const char *action)
{
	enum audit_action found = audit_action_find(action);

	for (size_t i = 0; i < COUNT(words); i++)
		if (words[i].action == found)
			return words[i].msg;
	return MSG_EVENT_OTHER;
}

static bool same(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

/* The same filter at this route, from another place on; in the arena. */
static const char *log_place(struct call *call, const char *route, const struct audit_query *query, const char *before)
{
	SCOPED(buf_done) struct buf place = { 0 };

	organization_place_add(&place, call, route);
	query_add(&place, "person", query->person);
	query_add(&place, "action", query->action);
	query_add(&place, "from", query->from);
	query_add(&place, "to", query->to);
	query_add(&place, "before", before);
	return arena_buf(call->arena, &place);
}

static enum err fill(struct call *call, const struct audit_row *row, struct part_event *out)
{
	out->at = page_time(call, row->at);
	out->at_short = page_day_and_time(call, row->at);
	out->actor = row->actor_text;
	out->operator = id_empty(&row->actor) && same(row->actor_text, "operator");
	out->what = word_of(row->action);
	out->target = row->target;
	out->details = event_words(call, audit_action_find(row->action), row->details);
	out->address = row->address;
	return out->details ? OK : ERR_MEMORY;
}

/* Or could, with a second step: the link leads there. Others: it could not be told. */
static enum err may_download(struct call *call, bool *may)
{
	enum err err = role_may(call->membership->role, RIGHT_DOWNLOAD) ? security_may_download(call) : ERR_DOWNLOAD_OFF;

	*may = !err || err == ERR_NEEDS_SECOND_STEP || err == ERR_OWN_TWO_STEP_FIRST;
	return *may || err == ERR_DOWNLOAD_OFF ? OK : err;
}

static enum err show(struct call *call, const struct audit_query *query, const struct audit_list *found, enum err err)
{
	struct part_event *events = arena_alloc(call->arena, (found->count + 1) * sizeof(*events));
	struct part_audit_choice choices[COUNT(words)];
	const char *earlier = page_field(call, err, EARLIER);
	bool file = false;
	enum err told = err ? OK : may_download(call, &file);

	if (told || !events)
		return told ? told : ERR_MEMORY;
	for (size_t i = 0; i < found->count; i++)
		if (fill(call, &found->rows[i], &events[i]))
			return ERR_MEMORY;
	for (size_t i = 0; i < COUNT(words); i++) {
		const char *word = audit_action_name(words[i].action);
		choices[i] = (struct part_audit_choice){ word, words[i].msg, same(query->action, word) };
	}
	const struct page_audit page = {
		.frame = page_frame(call, NULL, err),
		.events = events, .events_count = found->count,
		.none = !err && !found->count,
		.choices = choices, .choices_count = COUNT(choices),
		.person = query->person,
		.from = query->from,
		.to = query->to,
		.from_error = page_field(call, err, "from"),
		.to_error = earlier ? earlier : page_field(call, err, "to"),
		.first = query->before ? log_place(call, "/audit", query, NULL) : NULL,
		.next = found->next ? log_place(call, "/audit", query, found->next) : NULL,
		.file = file ? log_place(call, "/audit.csv", query, NULL) : NULL,
	};
	if (!page.frame || !page.frame->organization)
		return ERR_MEMORY;
	page_audit(&call->out->body, call->locale, &page);
	return page_sent(call, err);
}

/* Both are read already, and begin with their day. */
static enum err check_days(struct call *call, const struct audit_query *query)
{
	bool both = query->from && query->to;

	return both && strncmp(query->from, query->to, DAY_BYTES) > 0 ? blame(call, EARLIER, ERR_INVALID) : OK;
}

static enum err look(struct call *call)
{
	struct audit_query query = { .rows = AUDIT_PAGE_ROWS };
	struct audit_list found = { .count = 0 };
	enum err err;

	if (!(err = audit_query_read(call, &query)) && !(err = check_days(call, &query)))
		err = audit_look(call, &query, &found);
	if (err && err != ERR_INVALID)
		return err;
	return show(call, &query, &found, err);
}

static enum err send(struct call *call)
{
	struct audit_query query = { .rows = EXPORT_ROWS };
	enum err err = audit_query_read(call, &query);

	if (!err)
		err = export_audit(call, &query, page_wants_bom(call));
	return page_sent_file(call, log_place(call, "/audit", &query, NULL), err);
}

const struct route audit_pages[] = {
	{ GET, "/organizations/{o}/audit", ACCESS_RIGHT(RIGHT_SEE_AUDIT), FRESH_NOT, NULL, look },
	{ GET, "/organizations/{o}/audit.csv", ACCESS_RIGHT(RIGHT_DOWNLOAD), FRESH_NOT, NULL, send },
	ROUTES_END
};
