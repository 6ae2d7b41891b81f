/*
 * text: UTF-8 as people write it.
 */
#ifndef TWOSTEP_BASE_TEXT_H
#define TWOSTEP_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF) without NUL. */
bool text_is_utf8(const char *text, size_t length);

/* Code points in well-formed UTF-8. */
size_t text_characters(const char *text);

/* The first character: how many bytes it takes; 0 at the end and where it is not well-formed, *character untouched. */
size_t text_next(const char *text, size_t length, uint32_t *character);

/*
 * True where a control character is in it: C0, DEL, C1, U+2028, U+2029, bidi overrides and isolates, noncharacters and what is reserved for
 * characters that cannot be seen. Others that are not assigned may be, in a newer Unicode than that of the library.
 */
bool text_has_controls(const char *text);
bool text_is_control(uint32_t character);

/* A letter or a number of any script. */
bool text_is_alphanumeric(uint32_t character);

/* True where at least one character can be seen: a letter, a number, punctuation, a symbol, or one not assigned yet; none that leaves its place blank. */
bool text_shows(const char *text);

/* NFC into out (room bytes, with NUL); ERR_INVALID where it is not UTF-8 or does not fit; ERR_MEMORY. */
MUST_USE enum err text_nfc(const char *text, char *out, size_t room);

/* Without letter case and in NFC, for comparing and sorting; cut where it does not fit. Not for what decides who gets in. ERR_MEMORY */
MUST_USE enum err text_fold(const char *text, char *out, size_t room);

/* Lower and upper case of ASCII letters alone, in place. */
void text_ascii_lower(char *text);
void text_ascii_upper(char *text);

/* Compares without ASCII case. */
bool text_ascii_same(const char *a, const char *b);

/* Copies without the white space of ASCII around; false where it does not fit (room bytes, with NUL), *out untouched. */
MUST_USE bool text_trim(const char *typed, char *out, size_t room);

/* One label of a host name: 1 to 63 letters, digits and hyphens, none at an end (RFC 1123 section 2.1, RFC 1035 section 2.3.4). */
bool text_is_host_label(const char *text, size_t length);

#endif
