/*
 * sheet: the same words twice, as text/plain and as text/html, part by part; parts stand apart by an empty line.
 * Small, styled in place, readable in light and dark, without images or anything that tells who has read it.
 * A buffer that failed shows in sheet_check alone.
 */
#ifndef TWOSTEP_MAIL_SHEET_H
#define TWOSTEP_MAIL_SHEET_H

#include "base/buf.h"
#include "base/lang.h"

struct sheet {
	struct buf text, html; /* lines end with \n; UTF-8 */
};

struct sheet_fact {
	const char *label, *value;
};

void sheet_begin(struct sheet *sheet, enum locale locale, const char *title);
void sheet_words(struct sheet *sheet, const char *words);
void sheet_code(struct sheet *sheet, const char *code); /* alone on a line of the text */
void sheet_button(struct sheet *sheet, const char *label, const char *url);
void sheet_link(struct sheet *sheet, const char *label, const char *url);
void sheet_facts(struct sheet *sheet, const struct sheet_fact *facts, size_t count);
void sheet_end(struct sheet *sheet, const char *sign_off);

MUST_USE enum err sheet_check(const struct sheet *sheet);
void sheet_done(struct sheet *sheet); /* wipes: a code may stand in it */

#endif
