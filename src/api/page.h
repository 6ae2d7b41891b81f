/*
 * page: which part of a list is asked for: `limit` (50 by default, 200 at most) and `after`, the `next` of the page
 * before (contract section 2). Lists are newest first; rows of one second go by id. A place in the list is a moment and
 * an id, so that it stays good when its row is gone. Lists of organizations/ bring `after` and `next` of their own (cursor.h).
 */
#ifndef TWOSTEP_API_PAGE_H
#define TWOSTEP_API_PAGE_H

#include "base/base.h"
#include "base/id.h"
#include "http/call.h"

#define PAGE_ROWS     50
#define PAGE_ROWS_MAX 200

struct place {
	int64_t at_s;
	struct id id;
};

struct page {
	size_t rows;
	bool begun;         /* `after` was given */
	struct place after;
};

/* From the query string. A limit above PAGE_ROWS_MAX counts as that. ERR_INVALID: call->wrong is "limit" or "after". */
MUST_USE enum err page_read(struct call *call, struct page *out);

/* For lists that bring `after` of their own: NULL where it is absent. Blames as page_read. */
MUST_USE enum err page_after_read(struct call *call, size_t *rows, const char **after);

/* `limit` alone, for the list that has another word for `after`. ERR_INVALID: call->wrong is "limit". */
MUST_USE enum err page_rows_read(struct call *call, size_t *rows);

/* Does this place come behind page->after? Always, where there is none. */
bool page_has(const struct page *page, const struct place *place);

/* Under "next": `last` is the last row shown; NULL: no more rows, null. */
void json_next(struct answer *out, const struct place *last);

#endif
