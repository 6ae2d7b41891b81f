/*
 * page: what every handler needs to show a page, to send the browser on, and to say what went wrong.
 */
#ifndef TWOSTEP_PAGES_PAGE_H
#define TWOSTEP_PAGES_PAGE_H

#include "http/call.h"
#include "pages/notice.h"
#include "templates.h"

/* The field that each form has (posted.html): the account that its page was made for. A form without it is nobody's in particular. */
#define MADE_FOR "signed_in_as"

/*
 * The frame of a page, in the arena; NULL: memory is at its end.
 * here  where a GET shows this page again, for the language switch; NULL: the address that was asked for, or that a form with an
 *       error was sent to
 * err   what the page tells at its top, with a link to the field call->wrong; OK: nothing
 */
const struct part_frame *page_frame(struct call *call, const char *here, enum err err);

/* The sentence of an error, filled, in the arena. */
const char *page_sentence(struct call *call, enum err err);

/* That sentence where the error is about this field, else NULL; ERR_INVALID is a field that was left empty. */
const char *page_field(struct call *call, enum err err, const char *field);

/* The same of a field that must be there: it is told too where the error is another's, and the form came with this one empty. */
const char *page_field_needed(struct call *call, enum err err, const char *field);

/* Where something was left empty: blames the first such field of these, which stand in their order on the page; NULL ends them. */
void page_blame_first(struct call *call, enum err err, const char *const *fields);

/* A value that must be there: OK, or ERR_INVALID with call->wrong. */
MUST_USE enum err page_needs(struct call *call, const char *field, const char *value);

/* A whole number of 0 to `most` as people type it; not given where nothing was typed. OK, or ERR_INVALID with call->wrong. */
MUST_USE enum err page_number(struct call *call, const char *field, const char *text, int64_t most, struct number *out);

/* A failure that no page of ours can help with: the error page says it. */
bool page_cannot_tell(enum err err);

/* The same, or a refusal that is decided elsewhere: who asks, what is not there, proofs that are due. Not OK. */
bool page_refuses(enum err err);

/* After the template wrote the body: headers, and the status that `err` has. */
MUST_USE enum err page_sent(struct call *call, enum err err);

/* 303 to a path of ours; with a notice for it. Both answer OK. */
MUST_USE enum err page_to(struct call *call, const char *place);
MUST_USE enum err page_to_with(struct call *call, const char *place, enum notice notice);

/* A path of ours that may stand in a cookie and in Location; anything else, NULL too, is refused. */
bool page_is_local(const char *place);

/* What a session or device calls its browser, in the language of the page; in the arena. */
const char *page_browser(struct call *call, const char *browser);

/* Text of a moment for a <time>: 2026-11-25T01:25:47Z; and for people without JavaScript. In the arena; NULL for 0. */
const char *page_time(struct call *call, int64_t at_s);
const char *page_day_and_time(struct call *call, int64_t at_s); /* 2026-11-25 01:25 UTC */
const char *page_clock(struct call *call, int64_t at_s);        /* 01:25 UTC */

/*
 * A command that the operator pastes into a shell, in the arena: each of the words behind it is one to the shell too, and none is
 * taken for a flag, whoever chose them. NULL: memory.
 */
const char *page_command(struct call *call, const char *command, const char *const *words, size_t count);

/* Headers of Retry-After where the error has one; for error pages. */
void page_retry_after(struct call *call, enum err err);

#endif
