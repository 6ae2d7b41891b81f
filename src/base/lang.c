#include "base/lang.h"

#include <strings.h>

#include "base/base.h"
#include "base/buf.h"

#include "base/banned.h"

/* Made by gen/messages.c, in the order of enum locale. */
extern const char *const messages[LOCALE_COUNT][MSG_COUNT];

static const char *const tags[LOCALE_COUNT] = { [LOCALE_EN] = "en", [LOCALE_KO] = "ko" };

const char *locale_tag(enum locale locale)
{
	return tags[(size_t)locale < LOCALE_COUNT ? locale : LOCALE_EN];
}

bool locale_from_tag(const char *tag, size_t length, enum locale *found)
{
	const char *region = memchr(tag, '-', length);
	size_t language = region ? (size_t)(region - tag) : length;

	for (size_t i = 0; i < LOCALE_COUNT; i++)
		if (strlen(tags[i]) == language && !strncasecmp(tag, tags[i], language)) {
			*found = (enum locale)i;
			return true;
		}
	return false;
}

const char *lang_text(enum locale locale, enum msg msg)
{
	if ((size_t)locale >= LOCALE_COUNT)
		locale = LOCALE_EN;
	return (size_t)msg < MSG_COUNT ? messages[locale][msg] : "";
}

static const char *value_of(const char *name, size_t length, const struct lang_arg *args, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(args[i].name) == length && !memcmp(args[i].name, name, length))
			return args[i].value;
	return NULL;
}

/* Values are appended as they are, never looked through for placeholders of their own. */
void lang_fill(struct buf *out, enum locale locale, enum msg msg, const struct lang_arg *args, size_t count)
{
	const char *text = lang_text(locale, msg), *open, *close;

	while ((open = strchr(text, '{')) && (close = strchr(open, '}'))) {
		const char *value = value_of(open + 1, (size_t)(close - open - 1), args, count);
		buf_add(out, text, (size_t)(open - text));
		if (value)
			buf_text(out, value);
		else
			buf_add(out, open, (size_t)(close + 1 - open)); /* visible, so that somebody reports it */
		text = close + 1;
	}
	buf_text(out, text);
}
