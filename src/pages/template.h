/*
 * template: what the code made of this folder's .html files (gen/templates.c) writes with. Each function is named after the place
 * that a value goes to; NULL is an empty text.
 */
#ifndef TWOSTEP_PAGES_TEMPLATE_H
#define TWOSTEP_PAGES_TEMPLATE_H

#include "base/base.h"
#include "base/buf.h"
#include "base/lang.h"

#define TEMPLATE_NUMBER 24 /* an int64_t in decimal, and NUL */

void template_text(struct buf *out, const char *value);
void template_attribute(struct buf *out, const char *value);
void template_url(struct buf *out, const char *value);      /* the whole of href and kin, checked */
void template_url_part(struct buf *out, const char *value); /* a part of a path or query, percent-encoded */

/* A message with its placeholders filled. */
void template_message(struct buf *out, enum locale locale, enum msg msg, const struct lang_arg *args, size_t count);
void template_message_attribute(struct buf *out, enum locale locale, enum msg msg, const struct lang_arg *args, size_t count);

const char *template_number(char out[static TEMPLATE_NUMBER], int64_t value);

static inline bool template_has(const char *text)
{
	return text && *text;
}

#endif
