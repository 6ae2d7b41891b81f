/*
 * form: the fields of a route as a table, filled from JSON or from application/x-www-form-urlencoded alike.
 * A handler never starts with half-valid input: types, presence, length, UTF-8 and NUL are checked here; what a value
 * means (is this an address?) is the rule's question.
 */
#ifndef TWOSTEP_HTTP_FORM_H
#define TWOSTEP_HTTP_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "http/parse.h"

struct call;

enum field_kind {
	FIELD_NONE,
	FIELD_TEXT,     /* const char *: must be there; UTF-8 without NUL, in the arena, as typed */
	FIELD_OPTIONAL, /* const char *: NULL where absent or null */
	FIELD_CODE,     /* const char *: must be there; spaces and hyphens (also U+2010 to U+2015, U+00A0, U+3000) taken out */
	FIELD_CODE_OPTIONAL,
	FIELD_BOOL,     /* bool: absent is false; in a form: on, true, 1 */
	FIELD_SWITCH,   /* struct switched: also tells whether it was given; in a form: on, true, 1, off, false, 0 */
	FIELD_NUMBER,   /* struct number: a whole number; in a form in decimal, empty is absent */
	FIELD_TEXTS,    /* struct texts: a list of texts; in a form one text, split at white space, commas and semicolons */
	FIELD_OBJECT,   /* const void *: a form in the form (field.of), NULL where absent; JSON alone */
	FIELD_LIST,     /* struct list of forms (field.of); JSON alone */
	FIELD_TRANSPORT /* enum transport: absent is TRANSPORT_COOKIE; "cookie" or "bearer" */
};

/* Values that tell whether they were given: a change leaves alone what it does not name. */
struct switched { bool given, on; };
struct number { bool given; int64_t value; };
struct texts { bool given; const char *const *text; size_t count; };
struct list { bool given; const void *items; size_t count; }; /* items: an array of the struct that field.of describes */
#define FORM_ITEMS_MAX 200 /* of FIELD_TEXTS and FIELD_LIST; more: ERR_INVALID naming the field */

enum transport { TRANSPORT_COOKIE, TRANSPORT_BEARER };

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
	size_t max_bytes; /* of a text, or of each of FIELD_TEXTS; longer: ERR_INVALID naming the field */
	const struct form *of; /* of FIELD_OBJECT and FIELD_LIST */
};

struct form {
	const struct field *fields;
	size_t count, bytes; /* of fields; of the struct */
};

#define FIELD_BYTES_MAX 4096
#define FIELD(type, member, kind) { #member, kind, offsetof(struct type, member), FIELD_BYTES_MAX, NULL }
/* As long as a body may be: what takes it has a limit of its own, and a word for what is beyond it. */
#define FIELD_LONG(type, member, kind) { #member, kind, offsetof(struct type, member), PARSE_BODY_BYTES, NULL }
#define FIELD_OF(type, member, kind, form) { #member, kind, offsetof(struct type, member), FIELD_BYTES_MAX, form }
#define FORM(type, fields) { fields, sizeof(fields) / sizeof((fields)[0]), sizeof(struct type) }

/*
 * Reads the body into a new struct in the arena (call->form). An empty body is an empty object.
 * OK
 * ERR_INVALID     a field is wrong: call->wrong names it
 * ERR_MALFORMED   not JSON, not an object, not a form, not UTF-8, a name twice
 * ERR_MEDIA_TYPE, ERR_MEMORY
 */
MUST_USE enum err form_read_json(struct call *call, const struct form *form);
MUST_USE enum err form_read_urlencoded(struct call *call, const struct form *form);

/* One value of the query string, percent-decoded, in the arena; NULL where absent, doubled, or not UTF-8. */
const char *query_value(struct call *call, const char *name);

/* The same, where what is wrong must not pass for absent. *out: NULL where absent. ERR_INVALID blames the name; ERR_MEMORY. */
MUST_USE enum err query_read(struct call *call, const char *name, const char **out);

/*
 * One raw value of a urlencoded body, as query_value. For what a surface itself reads besides the route's form, and to show a code
 * again as it was typed.
 */
const char *form_value(struct call *call, const char *name);

/* Calls back for each pair of a urlencoded body, decoded, in order; for pages that keep what was typed. */
MUST_USE enum err form_each(struct call *call, void (*each)(void *to, const char *name, const char *value), void *to);

#endif
