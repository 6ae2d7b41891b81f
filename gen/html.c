#include "html.h"

#include <string.h>

static bool among(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(name, *list))
			return true;
	return false;
}

static const char *const void_elements[] = { "area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr", NULL };
static const char *const url_attributes[] = { "href", "src", "action", "formaction", NULL };

/* Attributes that take a value and do nothing with it but show or compare it. aria-* and data-* too. */
static const char *const plain_attributes[] = { "alt", "class", "content", "datetime", "for", "id", "lang", "max", "maxlength",
	"min", "minlength", "name", "placeholder", "title", "value", NULL };

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == ':';
}

static bool append(char name[HTML_NAME], char c)
{
	size_t length = strlen(name);

	if (length + 1 >= HTML_NAME)
		return false;
	name[length] = c;
	name[length + 1] = '\0';
	return true;
}

static const char *close_element(struct html *html)
{
	if (!html->depth || strcmp(html->open[html->depth - 1], html->name))
		return "a closing tag that does not match the open element";
	html->depth--;
	return NULL;
}

/* A tag is complete. */
static const char *end_tag(struct html *html)
{
	html->place = HTML_TEXT;
	if (html->closing)
		return close_element(html);
	if (among(html->name, void_elements))
		return NULL;
	if (html->depth == HTML_DEPTH)
		return "elements nested too deep";
	memcpy(html->open[html->depth++], html->name, HTML_NAME);
	if (!strcmp(html->name, "script") || !strcmp(html->name, "style"))
		html->place = HTML_RAW;
	return NULL;
}

static const char *begin_attribute(struct html *html, char c)
{
	if (html->closing)
		return "an attribute in a closing tag";
	html->attribute[0] = '\0';
	html->place = HTML_ATTRIBUTE;
	if (!is_name(c) || !append(html->attribute, c))
		return "not an attribute's name (lower case, value in double quotes)";
	return NULL;
}

static const char *feed_text(struct html *html, char c)
{
	if (c == '<')
		html->place = HTML_OPEN, html->closing = false, html->name[0] = '\0';
	return NULL;
}

static const char *feed_open(struct html *html, char c)
{
	if (c == '/' && !html->closing) {
		html->closing = true;
		return NULL;
	}
	if (c == '!' && !html->closing) {
		html->place = HTML_DECLARATION, html->tail[0] = '\0';
		return NULL;
	}
	if (c < 'a' || c > 'z')
		return "'<' without a tag's name in lower case (write &lt;)";
	html->place = HTML_TAG_NAME;
	append(html->name, c);
	return NULL;
}

static const char *feed_in_tag(struct html *html, char c)
{
	if (is_space(c))
		return NULL;
	if (c == '>')
		return end_tag(html);
	return begin_attribute(html, c);
}

static const char *feed_tag_name(struct html *html, char c)
{
	if (is_name(c))
		return append(html->name, c) ? NULL : "a tag's name too long";
	html->place = HTML_IN_TAG;
	return feed_in_tag(html, c);
}

static const char *check_attribute(const struct html *html)
{
	if (!strncmp(html->attribute, "on", 2))
		return "an event handler";
	if (!strcmp(html->attribute, "style") || !strcmp(html->attribute, "srcdoc"))
		return "an attribute that the content security policy refuses";
	return NULL;
}

static const char *feed_attribute(struct html *html, char c)
{
	const char *wrong;

	if (is_name(c))
		return append(html->attribute, c) ? NULL : "an attribute's name too long";
	if ((wrong = check_attribute(html)))
		return wrong;
	html->place = HTML_IN_TAG;
	if (c != '=')
		return feed_in_tag(html, c);
	html->place = HTML_VALUE_DUE;
	return NULL;
}

static const char *feed_value_due(struct html *html, char c)
{
	if (c != '"')
		return "an attribute's value without double quotes";
	html->place = HTML_VALUE;
	memset(html->before, 0, sizeof(html->before));
	html->value_length = 0, html->value_filled = false;
	return NULL;
}

static const char *feed_value(struct html *html, char c)
{
	if (c == '"') {
		html->place = HTML_VALUE_END;
		return NULL;
	}
	if (html_in_url(html) && html->value_filled && html->value_length == 0)
		return "something behind a whole URL";
	if (html->value_length < 2)
		html->before[html->value_length] = c;
	html->value_length++;
	return NULL;
}

static const char *feed_value_end(struct html *html, char c)
{
	if (!is_space(c) && c != '>')
		return "no space behind an attribute's value";
	html->place = HTML_IN_TAG;
	return feed_in_tag(html, c);
}

static void note(struct html *html, char c)
{
	size_t length = strlen(html->tail);

	if (length == sizeof(html->tail) - 1)
		memmove(html->tail, html->tail + 1, length--);
	html->tail[length] = c;
	html->tail[length + 1] = '\0';
}

static const char *feed_declaration(struct html *html, char c)
{
	note(html, c);
	if (!strcmp(html->tail, "--"))
		html->place = HTML_COMMENT, html->tail[0] = '\0';
	else if (c == '>')
		html->place = HTML_TEXT;
	return NULL;
}

static const char *feed_comment(struct html *html, char c)
{
	note(html, c);
	if (!strcmp(html->tail, "-->"))
		html->place = HTML_TEXT;
	return NULL;
}

/* Our scripts and styles are files: between these tags stands nothing but their end. */
static const char *feed_raw(struct html *html, char c)
{
	if (c == '<')
		return feed_text(html, c);
	return is_space(c) ? NULL : "script or style inside the page";
}

const char *html_feed(struct html *html, char c)
{
	static const char *(*const feeds[])(struct html *, char) = {
		[HTML_TEXT] = feed_text, [HTML_OPEN] = feed_open, [HTML_TAG_NAME] = feed_tag_name, [HTML_IN_TAG] = feed_in_tag,
		[HTML_ATTRIBUTE] = feed_attribute, [HTML_VALUE_DUE] = feed_value_due, [HTML_VALUE] = feed_value,
		[HTML_VALUE_END] = feed_value_end, [HTML_DECLARATION] = feed_declaration, [HTML_COMMENT] = feed_comment,
		[HTML_RAW] = feed_raw,
	};
	return feeds[html->place](html, c);
}

const char *html_pause(struct html *html)
{
	const char *wrong = html->place == HTML_ATTRIBUTE ? check_attribute(html) : NULL;

	if (html->place == HTML_ATTRIBUTE || html->place == HTML_TAG_NAME)
		html->place = HTML_VALUE_END;
	return wrong;
}

/* Behind a value and between attributes are one place: {{if}} may add an attribute. */
static enum html_place settled(const struct html *html)
{
	return html->place == HTML_VALUE_END ? HTML_IN_TAG : html->place;
}

bool html_same(const struct html *a, const struct html *b)
{
	if (settled(a) != settled(b) || a->depth != b->depth)
		return false;
	for (size_t i = 0; i < a->depth; i++)
		if (strcmp(a->open[i], b->open[i]))
			return false;
	if (a->place == HTML_TEXT)
		return true;
	return !strcmp(a->name, b->name) && a->closing == b->closing &&
	       (a->place != HTML_VALUE || !strcmp(a->attribute, b->attribute));
}

bool html_keeps_space(const struct html *html)
{
	if (html->place == HTML_VALUE)
		return true;
	for (size_t i = 0; i < html->depth; i++)
		if (!strcmp(html->open[i], "pre") || !strcmp(html->open[i], "textarea"))
			return true;
	return false;
}

bool html_in_url(const struct html *html)
{
	return html->place == HTML_VALUE && among(html->attribute, url_attributes);
}

static enum html_slot url_slot(const struct html *html, const char **why)
{
	bool path = html->before[0] == '/' && html->before[1] && html->before[1] != '/' && html->before[1] != '\\';

	if (!html->value_length && !html->value_filled)
		return HTML_SLOT_URL;
	if (html->value_length && (path || html->before[0] == '#'))
		return HTML_SLOT_URL_PART;
	*why = "a part of a URL that does not begin with a path of ours";
	return HTML_SLOT_NONE;
}

static enum html_slot value_slot(const struct html *html, const char **why)
{
	static const char *const loads[] = { "link", "script", NULL }, *const commands[] = { "meta", "base", "link", "script", NULL };

	if (html_in_url(html) && among(html->name, loads))
		return HTML_SLOT_ASSET;
	if (among(html->name, commands)) {
		*why = "a value in an attribute of this element";
		return HTML_SLOT_NONE;
	}
	if (html_in_url(html))
		return url_slot(html, why);
	if (among(html->attribute, plain_attributes) || !strncmp(html->attribute, "aria-", 5) ||
	    !strncmp(html->attribute, "data-", 5))
		return HTML_SLOT_ATTRIBUTE;
	*why = "a value in this attribute";
	return HTML_SLOT_NONE;
}

enum html_slot html_slot(const struct html *html, const char **why)
{
	static const char *const refused[] = {
		[HTML_OPEN] = "a value as a tag's name", [HTML_TAG_NAME] = "a value in a tag's name",
		[HTML_IN_TAG] = "a value as an attribute's name", [HTML_ATTRIBUTE] = "a value in an attribute's name",
		[HTML_VALUE_DUE] = "a value outside quotes", [HTML_VALUE_END] = "a value behind an attribute",
		[HTML_DECLARATION] = "a value in a declaration", [HTML_COMMENT] = "a value in a comment",
		[HTML_RAW] = "a value in a script or style",
	};

	if (html->place == HTML_TEXT)
		return HTML_SLOT_TEXT;
	if (html->place == HTML_VALUE)
		return value_slot(html, why);
	*why = refused[html->place];
	return HTML_SLOT_NONE;
}

void html_filled(struct html *html)
{
	html->value_filled = true;
}
