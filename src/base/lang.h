/*
 * lang: texts for people, compiled in from lang/en.po and lang/ko.po by gen/messages.c.
 * A key `login.title` becomes MSG_LOGIN_TITLE (dots and hyphens to underscores, upper case). Both catalogues
 * have the same keys with the same {placeholders}, else the build fails.
 */
#ifndef TWOSTEP_BASE_LANG_H
#define TWOSTEP_BASE_LANG_H

#include <stddef.h>

#include "messages.h" /* generated: enum msg { MSG_..., MSG_COUNT } */

struct buf;

enum locale { LOCALE_EN, LOCALE_KO, LOCALE_COUNT };

/* "en" and "ko": the value of lang= and of the API's `locale`. */
const char *locale_tag(enum locale locale);

/* Finds the locale of a tag ("ko", "ko-KR", any case); false and untouched where it is none of ours. */
_Bool locale_from_tag(const char *tag, size_t length, enum locale *found);

/* The text as it stands in the catalogue, placeholders unfilled. UTF-8, static, never NULL. */
const char *lang_text(enum locale locale, enum msg msg);

/* A value for a placeholder: {name}. */
struct lang_arg {
	const char *name, *value;
};

/* Appends the text with its placeholders filled, as plain text: escape for the destination afterwards. */
void lang_fill(struct buf *out, enum locale locale, enum msg msg, const struct lang_arg *args, size_t count);

#endif
