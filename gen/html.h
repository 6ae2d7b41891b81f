/*
 * html: where in HTML a template stands, character by character. Knows the strict subset that our pages are written in:
 * attributes in double quotes, lower-case names, elements closed in order, no inline script, style or event handler.
 * What is outside the subset is an error, so that a place for a value is never guessed.
 */
#ifndef TWOSTEP_GEN_HTML_H
#define TWOSTEP_GEN_HTML_H

#include <stdbool.h>
#include <stddef.h>

enum html_place {
	HTML_TEXT,       /* between tags, and inside title and textarea */
	HTML_OPEN,       /* behind '<' */
	HTML_TAG_NAME,
	HTML_IN_TAG,     /* between attributes */
	HTML_ATTRIBUTE,  /* inside the name of one */
	HTML_VALUE_DUE,  /* behind '=' */
	HTML_VALUE,      /* between double quotes */
	HTML_VALUE_END,  /* behind the closing quote */
	HTML_DECLARATION,/* <!doctype …> */
	HTML_COMMENT,
	HTML_RAW         /* inside script and style */
};

#define HTML_NAME  32
#define HTML_DEPTH 64

struct html {
	enum html_place place;
	char name[HTML_NAME];      /* of the tag that is open or being read */
	char attribute[HTML_NAME]; /* whose value it is */
	bool closing;              /* </… */
	char before[3];            /* the first characters of the value so far, fixed ones alone */
	size_t value_length;       /* fixed characters of the value so far */
	bool value_filled;         /* a value stands in it already */
	char open[HTML_DEPTH][HTML_NAME];
	size_t depth;
	char tail[4];              /* what came last, to see the end of a comment */
};

/* NULL, or what is wrong. */
const char *html_feed(struct html *html, char c);

/* A construct of the language begins or ends here: a name that was being read is complete. NULL, or what is wrong. */
const char *html_pause(struct html *html);

/* A construct of the language must leave the place as it found it. */
bool html_same(const struct html *a, const struct html *b);

/* White space is kept as it is: inside pre and textarea, and in values. */
bool html_keeps_space(const struct html *html);

enum html_slot {
	HTML_SLOT_NONE,      /* no value may stand here: *why says so */
	HTML_SLOT_TEXT,
	HTML_SLOT_ATTRIBUTE,
	HTML_SLOT_ASSET,     /* href of link, src of script: files of ours alone */
	HTML_SLOT_URL,       /* the whole value of href, src, action or formaction */
	HTML_SLOT_URL_PART   /* behind a fixed "/…" or "#" of it: percent-encoded */
};

/* What kind of value may stand here. */
enum html_slot html_slot(const struct html *html, const char **why);

/* Notes that a value was put here; the place stays. */
void html_filled(struct html *html);

/* True inside href, src, action and formaction: no branches there. */
bool html_in_url(const struct html *html);

#endif
