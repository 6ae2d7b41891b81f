#include "organizations/export.h"

#include <stdlib.h>

#include "accounts/caller.h"
#include "base/clock.h"
#include "http/csv.h"
#include "organizations/log.h"
#include "organizations/members_sql.h"
#include "organizations/security.h"
#include "second_step/caller_fill.h"
#include "store/store.h"

#include "base/banned.h"

/* A download under way: its own copy of all that it needs, for the request is over long before it ends. */
struct export {
	struct stream stream; /* first: what the answer knows of it */
	struct store *store;
	struct id organization, session;
	int64_t began_at;
	bool begun, bom, of_audit;
	struct member_place member;
	struct audit_filter filter;
	char action[32]; /* filter.action points here */
};

/* One page of it. */
struct export_page {
	struct export *export;
	int64_t now_s;
	struct arena *arena;
	struct buf *out;
	size_t count;
	struct service_grant *grants; /* room for those of one member at a time */
};

static void export_done(struct stream *stream)
{
	free(stream);
}

static void add_header(struct export *export, struct buf *out)
{
	static const char members[] = "email,name,role,services,two_step,joined_at,last_seen_at\r\n";
	static const char audit[] = "id,at,actor,actor_id,action,target,account_id,address,browser,details\r\n";

	if (export->begun)
		return;
	export->begun = true;
	buf_text(out, export->bom ? "\xef\xbb\xbf" : "");
	buf_text(out, export->of_audit ? audit : members);
}

static void cell_time(struct buf *out, int64_t at_s, bool last)
{
	char text[TIME_TEXT];

	csv_cell(out, at_s > 0 ? time_text(at_s, text) : "", last);
}

static void cell_id(struct buf *out, const struct id *id)
{
	char text[ID_TEXT];

	csv_cell(out, id_empty(id) ? "" : id_text(id, text), false);
}

static enum err cell_services(struct db *db, struct export_page *page, const struct member *member)
{
	SCOPED(buf_done) struct buf text = { 0 };
	const struct service_grant *grants = page->grants;
	size_t count = 0;
	enum err err = grants_select(db, &page->export->organization, &member->account, member->role, page->grants, SERVICES_MAX, &count);

	for (size_t i = 0; i < count && !err; i++) {
		buf_text(&text, i ? "; " : "");
		buf_text(&text, grants[i].name);
		buf_text(&text, ": ");
		buf_text(&text, service_role_name(grants[i].role));
	}
	csv_cell(page->out, count ? buf_string(&text) : "", false);
	return err ? err : buf_check(&text);
}

static enum err add_member(struct db *db, struct export_page *page, const struct member *member)
{
	struct buf *out = page->out;
	enum err err;

	csv_cell(out, member->email, false);
	csv_cell(out, member->name, false);
	csv_cell(out, role_name(member->role), false);
	if (member->role == ROLE_MEMBER) {
		if ((err = cell_services(db, page, member)))
			return err;
	} else {
		csv_cell(out, "all: manager", false);
	}
	csv_cell(out, member->two_step ? "on" : "off", false);
	cell_time(out, member->joined_at, false);
	cell_time(out, member->last_seen_at, true);
	return OK;
}

static enum err add_members(struct db *db, struct export_page *page)
{
	struct export *export = page->export;
	const struct member_rows which = { &export->organization, SORT_EMAIL, NULL, false, export->member };
	struct member *members = arena_alloc(page->arena, EXPORT_ROWS * sizeof(*members));
	bool more;
	enum err err;

	page->grants = arena_alloc(page->arena, SERVICES_MAX * sizeof(*page->grants));
	if (!members || !page->grants)
		return ERR_MEMORY;
	err = members_select(db, &which, members, EXPORT_ROWS, &page->count, &export->member, &more);

	for (size_t i = 0; i < page->count && !err; i++)
		err = add_member(db, page, &members[i]);
	return err;
}

static void add_event(struct buf *out, const struct audit_row *row)
{
	SCOPED(buf_done) struct buf number = { 0 };

	buf_int(&number, row->number);
	out->failed = out->failed || number.failed;
	csv_cell(out, buf_string(&number), false);
	cell_time(out, row->at, false);
	csv_cell(out, row->actor_text, false);
	cell_id(out, &row->actor);
	csv_cell(out, row->action, false);
	csv_cell(out, row->target, false);
	cell_id(out, &row->account);
	csv_cell(out, row->address, false);
	csv_cell(out, row->browser, false);
	csv_cell(out, row->details, true);
	out->failed |= number.failed;
}

static enum err add_events(struct db *db, struct export_page *page)
{
	struct export *export = page->export;
	struct audit_row *rows = arena_alloc(page->arena, EXPORT_ROWS * sizeof(*rows));
	enum err err = rows ? audit_select(db, &export->organization, &export->filter, rows, EXPORT_ROWS, &page->count) : ERR_MEMORY;

	for (size_t i = 0; i < page->count && !err; i++)
		add_event(page->out, &rows[i]);
	if (!err && page->count)
		audit_filter_after(&export->filter, &rows[page->count - 1]);
	return err;
}

/* Who was signed out, removed, demoted or restricted meanwhile gets no further row; nobody does where downloads are off now. */
static enum err may_go_on(struct db *db, const struct export *export, int64_t now_s)
{
	struct membership membership;
	struct caller caller;
	enum err err;

	if ((err = caller_again(db, &export->session, now_s, &caller)) ||
	    (err = membership_find(db, &export->organization, &caller.account.id, NULL, &membership)) ||
	    (err = security_still_downloads(db, &export->organization, &caller, export->began_at)))
		return err == ERR_NOT_FOUND ? ERR_FORBIDDEN : err;
	return role_may(membership.role, RIGHT_DOWNLOAD) ? OK : ERR_FORBIDDEN;
}

static enum err read_page(struct db *db, void *argument)
{
	struct export_page *page = argument;
	enum err err = may_go_on(db, page->export, page->now_s);

	if (err)
		return err;
	return page->export->of_audit ? add_events(db, page) : add_members(db, page);
}

static enum err export_more(struct stream *stream, int64_t now_s, struct arena *arena, struct buf *out)
{
	struct export *export = (struct export *)stream;
	struct export_page page = { .export = export, .now_s = now_s, .arena = arena, .out = out };
	enum err err;

	add_header(export, out);
	err = store_read(export->store, read_page, &page);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_STORE : err;
	return page.count < EXPORT_ROWS ? ERR_NOT_FOUND : OK;
}

struct logging {
	const struct call *call;
	const char *what;
};

static enum err log_download(struct db *db, void *argument)
{
	const struct logging *logging = argument;
	struct membership now;
	enum err err = membership_now(db, logging->call, RIGHT_DOWNLOAD, &now);

	if (err)
		return err;
	return organization_log(db, logging->call, &now.organization, AUDIT_DOWNLOADED, (struct about){ .target = logging->what });
}

/* "Alpha-members.csv" in filename*, plain ASCII for who does not read that. */
static void name_file(struct call *call, const char *what)
{
	SCOPED(buf_done) struct buf value = { 0 };

	buf_text(&value, "attachment; filename=\"");
	buf_text(&value, what);
	buf_text(&value, "\"; filename*=UTF-8''");
	url_component(&value, call->membership->name);
	buf_text(&value, "-");
	buf_text(&value, what);
	call->out->head.failed = call->out->head.failed || value.failed;
	answer_header(call->out, "Content-Disposition", buf_string(&value));
}

static enum err begin(struct call *call, const char *what, const struct audit_filter *filter, bool bom)
{
	struct logging logging = { call, what };
	struct export *export;
	enum err err;

	if ((err = security_may_download(call)))
		return err;
	if (call->request->method != HEAD && (err = store_change(call->store, log_download, &logging))) /* HEAD takes nothing away */
		return err;
	if (!(export = calloc(1, sizeof(*export))))
		return ERR_MEMORY;
	*export = (struct export){ .stream = { export_more, export_done }, .store = call->store,
		.organization = call->membership->organization, .session = call->caller->session.id, .began_at = call->now_s,
		.bom = bom, .of_audit = filter != NULL };
	if (filter)
		export->filter = *filter;
	if (filter && filter->action) {
		memcpy(export->action, filter->action, strlen(filter->action) + 1); /* a word of ours: audit_filter_read found it */
		export->filter.action = export->action;
	}
	name_file(call, what);
	call->out->content_type = "text/csv; charset=utf-8; header=present";
	call->out->stream = &export->stream;
	return OK;
}

enum err export_members(struct call *call, bool bom)
{
	return begin(call, "members.csv", NULL, bom);
}

enum err export_audit(struct call *call, const struct audit_query *query, bool bom)
{
	struct audit_filter filter;
	enum err err = audit_filter_read(call, query, &filter);

	return err ? err : begin(call, "audit.csv", &filter, bom);
}
