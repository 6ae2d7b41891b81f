#include "pages/template.h"

#include <stdio.h>

#include "http/answer.h"
#include "base/banned.h"

static const char *or_empty(const char *value)
{
	return value ? value : "";
}

void template_text(struct buf *out, const char *value)
{
	html_text(out, or_empty(value));
}

void template_attribute(struct buf *out, const char *value)
{
	html_attribute(out, or_empty(value));
}

void template_url(struct buf *out, const char *value)
{
	html_url(out, or_empty(value));
}

void template_url_part(struct buf *out, const char *value)
{
	url_component(out, or_empty(value));
}

typedef void writer(struct buf *out, const char *text);

/* The placeholders are filled as plain text first, so that the whole is escaped once, values included. */
static void write_message(struct buf *out, enum locale locale, enum msg msg, const struct lang_arg *args, size_t count,
                          writer *write)
{
	SCOPED(buf_done) struct buf filled = { 0 };

	if (!count) {
		write(out, lang_text(locale, msg));
		return;
	}
	lang_fill(&filled, locale, msg, args, count);
	if (filled.failed)
		out->failed = true;
	write(out, buf_string(&filled));
}

void template_message(struct buf *out, enum locale locale, enum msg msg, const struct lang_arg *args, size_t count)
{
	write_message(out, locale, msg, args, count, html_text);
}

void template_message_attribute(struct buf *out, enum locale locale, enum msg msg, const struct lang_arg *args, size_t count)
{
	write_message(out, locale, msg, args, count, html_attribute);
}

const char *template_number(char out[static TEMPLATE_NUMBER], int64_t value)
{
	snprintf(out, TEMPLATE_NUMBER, "%" PRId64, value);
	return out;
}
