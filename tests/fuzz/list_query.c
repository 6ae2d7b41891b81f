/* What says which part of a list is wanted: limit, after, before, from, to, person. What is taken is written again as it came. */
#include "fuzz.h"
#include "api/page.h"
#include "base/clock.h"
#include "organizations/audit_log.h"
#include "organizations/cursor.h"

static void check_page(struct call *call)
{
	struct page page;
	enum err err = page_read(call, &page);

	must(err == OK || (err == ERR_INVALID && call->wrong));
	call->wrong = NULL;
	if (err)
		return;
	must(page.rows >= 1 && page.rows <= PAGE_ROWS_MAX && page.after.at_s >= 0);
	must(!page.begun || !page_has(&page, &page.after)); /* a place does not come behind itself */
}

static void check_cursor(struct arena *arena, const char *text)
{
	char key[200];
	const char *again;
	struct id id;

	if (!text || cursor_read(text, key, sizeof(key), &id))
		return;
	must(strlen(key) < sizeof(key) && (again = cursor_write(arena, key, &id)) && !strcmp(again, text));
}

/* A moment as time_text writes it, or the day alone. */
static void check_moment(const char *text, int64_t at_s, int64_t day_s, int64_t second_s)
{
	char again[TIME_TEXT];
	bool day = strlen(text) == strlen("2026-11-25");

	time_text(at_s - (day ? day_s : second_s), again);
	must(!strncmp(again, text, day ? strlen(text) : sizeof(again)));
}

/* Somebody with an address is looked up in the store, which is not here. */
static const char *without_address(const char *person)
{
	char email[EMAIL_TEXT];

	return person && !email_read(person, email) ? NULL : person;
}

static void check_audit(struct call *call)
{
	struct audit_query query = { .rows = 1 };
	struct audit_filter filter;
	enum err err = audit_query_read(call, &query);

	query.person = without_address(query.person);
	if (!err)
		err = audit_filter_read(call, &query, &filter);
	must(err == OK || (err == ERR_INVALID && call->wrong));
	if (err)
		return;
	must(filter.before_at >= 0 && filter.before >= 0 && filter.by_person == (query.person != NULL));
	if (query.from)
		check_moment(query.from, filter.from_s, 0, 0);
	if (query.to)
		check_moment(query.to, filter.to_s, 24 * 60 * 60, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	const struct request request = { .method = GET, .query = { (const char *)bytes, length } };
	struct call call = { .request = &request, .arena = &arena };

	check_page(&call);
	check_cursor(&arena, query_value(&call, "after"));
	check_audit(&call);
	return 0;
}
