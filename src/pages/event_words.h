/*
 * event_words: what the audit log keeps beside an event, in the language of the page. The log, the API and the CSV have one form of it
 * that never changes.
 */
#ifndef TWOSTEP_PAGES_EVENT_WORDS_H
#define TWOSTEP_PAGES_EVENT_WORDS_H

#include "audit/audit.h"
#include "http/call.h"

/* In the arena; as it is kept where it is a person's own text, or of a form that nobody knows any more. NULL: memory is at its end. */
const char *event_words(struct call *call, enum audit_action action, const char *details);

#endif
