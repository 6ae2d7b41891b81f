#include "api/page.h"

#include <stdio.h>

#include "base/banned.h"

#define PLACE_TEXT (20 + 1 + ID_TEXT) /* a moment, a dot, an id and NUL */

/* Plain decimal digits up to `end`: no sign, no space, nothing that does not fit. */
static bool number_read(const char *text, char end, int64_t *out, const char **rest)
{
	const size_t digits = strspn(text, "0123456789");
	int64_t number = 0;

	if (digits < 1 || digits > 18 || text[digits] != end)
		return false;
	for (size_t i = 0; i < digits; i++)
		number = number * 10 + (text[i] - '0');
	*out = number;
	*rest = text + digits;
	return true;
}

static bool place_read(const char *text, struct place *out)
{
	const char *rest;

	return number_read(text, '.', &out->at_s, &rest) && !id_parse(rest + 1, &out->id);
}

static enum err wrong(struct call *call, const char *field)
{
	call->wrong = field;
	return ERR_INVALID;
}

enum err page_rows_read(struct call *call, size_t *out)
{
	const char *limit;
	size_t rows = 0;
	enum err err = query_read(call, "limit", &limit);

	if (err)
		return err;
	if (!limit)
		rows = PAGE_ROWS;
	else if (limit[strspn(limit, "0123456789")])
		return wrong(call, "limit");
	for (; limit && *limit && rows < PAGE_ROWS_MAX; limit++)
		rows = rows * 10 + (size_t)(*limit - '0');
	if (!rows)
		return wrong(call, "limit");
	*out = rows < PAGE_ROWS_MAX ? rows : PAGE_ROWS_MAX;
	return OK;
}

enum err page_after_read(struct call *call, size_t *rows, const char **after)
{
	enum err err = page_rows_read(call, rows);

	return err ? err : query_read(call, "after", after);
}

enum err page_read(struct call *call, struct page *out)
{
	struct page page = { .begun = false };
	const char *after;
	enum err err = page_after_read(call, &page.rows, &after);

	if (err)
		return err;
	if ((page.begun = after != NULL) && !place_read(after, &page.after))
		return wrong(call, "after");
	*out = page;
	return OK;
}

bool page_has(const struct page *page, const struct place *place)
{
	const struct place *after = &page->after;

	if (!page->begun || place->at_s < after->at_s)
		return true;
	return place->at_s == after->at_s && memcmp(place->id.bytes, after->id.bytes, ID_BYTES) > 0;
}

void json_next(struct answer *out, const struct place *last)
{
	char text[PLACE_TEXT], id[ID_TEXT];

	if (!last) {
		json_none(out, "next");
		return;
	}
	snprintf(text, sizeof(text), "%" PRId64 ".%s", last->at_s, id_text(&last->id, id));
	json_text(out, "next", text);
}
