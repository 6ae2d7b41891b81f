#include "http/request.h"

#include <strings.h>

#include "base/base.h"

#include "base/banned.h"

bool view_same(struct view view, const char *text)
{
	size_t length = strlen(text);

	return view.length == length && !memcmp(view.bytes, text, length);
}

bool view_ascii_same(struct view view, const char *text)
{
	size_t length = strlen(text);

	return view.length == length && !strncasecmp(view.bytes, text, length);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct view view_trim(struct view view)
{
	while (view.length && is_blank(view.bytes[0])) {
		view.bytes++;
		view.length--;
	}
	while (view.length && is_blank(view.bytes[view.length - 1]))
		view.length--;
	return view;
}

struct view view_take(struct view *text, char mark)
{
	const char *at = text->length ? memchr(text->bytes, mark, text->length) : NULL;
	size_t n = at ? (size_t)(at - text->bytes) : text->length;
	struct view part = { text->bytes, n };

	text->bytes += n + (at ? 1 : 0);
	text->length -= n + (at ? 1 : 0);
	return view_trim(part);
}

const struct view *request_header(const struct request *request, const char *name, bool *several)
{
	const struct view *found = NULL;
	size_t count = 0, length = strlen(name);

	for (size_t i = 0; i < request->header_count; i++)
		if (request->headers[i].name.length == length && !strncasecmp(request->headers[i].name.bytes, name, length)) {
			found = &request->headers[i].value;
			count++;
		}
	if (several)
		*several = count > 1;
	return count == 1 ? found : NULL;
}

static bool contains(struct view text, const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i + length <= text.length; i++)
		if (!strncasecmp(text.bytes + i, word, length))
			return true;
	return false;
}

bool request_takes_pages(const struct request *request)
{
	for (size_t i = 0; i < request->header_count; i++)
		if (view_ascii_same(request->headers[i].name, "Accept") && contains(request->headers[i].value, "text/html"))
			return true;
	return false;
}
