/*
 * field: one field of a form, whatever the body was written in. Between form_json.c, form_urlencoded.c and form.c.
 */
#ifndef TWOSTEP_HTTP_FIELD_H
#define TWOSTEP_HTTP_FIELD_H

#include "http/call.h"

enum given_kind { GIVEN_WRONG, GIVEN_NOTHING, GIVEN_TEXT, GIVEN_TRUTH };

/* What the visitor gave for a field. */
struct given {
	enum given_kind kind;
	struct view text;
	bool truth;
};

/* Puts what was given into its place in the struct. ERR_INVALID: call->wrong names the field; ERR_MEMORY. */
MUST_USE enum err field_fill(struct call *call, const struct field *field, const struct given *given, void *form);

/* Whether the body is of this media type, with no parameter but charset=utf-8. */
bool body_is(const struct request *request, const char *media_type);

#endif
