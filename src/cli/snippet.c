#include "cli/snippet.h"

#include <string.h>

#include "base/base.h"

#include "base/banned.h"

#define HOSTS "@@hosts\n"
#define END   "@@end\n"

static const char *line_end(const char *at)
{
	const char *end = strchr(at, '\n');

	return end ? end + 1 : at + strlen(at);
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool is_name(const char *name, const char *text, size_t length)
{
	return strlen(name) == length && !memcmp(name, text, length);
}

static const char *find_word(const struct snippet_word *words, const char *text, size_t length)
{
	for (; words->name; words++)
		if (is_name(words->name, text, length))
			return words->value;
	return NULL;
}

static const struct snippet_fact *find_fact(const struct snippet_fact *facts, const char *text, size_t length)
{
	for (; facts->name; facts++)
		if (is_name(facts->name, text, length))
			return facts;
	return NULL;
}

/* @WORD@, whose first sign `at` points behind. NULL: nobody knows it. */
static const char *word_value(const struct snippet *snippet, const struct snippet_host *host, const char *at, size_t length)
{
	const char *value = host ? find_word(host->words, at, length) : NULL;

	return value ? value : find_word(snippet->words, at, length);
}

static bool write_words(struct buf *out, const struct snippet *snippet, const struct snippet_host *host, const char *at,
                        const char *end)
{
	while (at < end) {
		const char *mark = memchr(at, '@', (size_t)(end - at)), *close, *value;

		if (!mark) {
			buf_add(out, at, (size_t)(end - at));
			return true;
		}
		buf_add(out, at, (size_t)(mark - at));
		at = mark + 1;
		if (at == end || *at < 'A' || *at > 'Z') { /* the proxy's own, such as a named place of nginx */
			buf_char(out, '@');
			continue;
		}
		if (!(close = memchr(at, '@', (size_t)(end - at))) || !(value = word_value(snippet, host, at, (size_t)(close - at))))
			return false;
		buf_text(out, value);
		at = close + 1;
	}
	return true;
}

static bool write_line(struct buf *out, const struct snippet *snippet, const struct snippet_host *host, const char *at,
                       const char *end)
{
	const struct snippet_fact *fact = NULL;
	const char *bar;

	if (!begins(at, "@@"))
		return write_words(out, snippet, host, at, end);
	if (!(bar = memchr(at, '|', (size_t)(end - at))))
		return false;
	if (host)
		fact = find_fact(host->facts, at + 2, (size_t)(bar - at - 2));
	if (!fact && !(fact = find_fact(snippet->facts, at + 2, (size_t)(bar - at - 2))))
		return false;
	return !fact->holds || write_words(out, snippet, host, bar + 2, end);
}

static bool write_lines(struct buf *out, const struct snippet *snippet, const struct snippet_host *host, const char *at,
                        const char *end)
{
	for (const char *next; at < end; at = next) {
		next = line_end(at);
		if (!write_line(out, snippet, host, at, next))
			return false;
	}
	return true;
}

bool snippet_write(struct buf *out, const char *template, const struct snippet *snippet)
{
	const char *loop, *end;

	for (; (loop = strstr(template, HOSTS)); template = end + strlen(END)) {
		if (!(end = strstr(loop, END)) || !write_lines(out, snippet, NULL, template, loop))
			return false;
		for (size_t i = 0; i < snippet->host_count; i++)
			if (!write_lines(out, snippet, &snippet->hosts[i], loop + strlen(HOSTS), end))
				return false;
	}
	return write_lines(out, snippet, NULL, template, template + strlen(template));
}
