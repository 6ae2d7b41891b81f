/*
 * field: one field of a form, whatever the body was written in. Between form_json.c, form_urlencoded.c and form.c.
 */
#ifndef TWOSTEP_HTTP_FIELD_H
#define TWOSTEP_HTTP_FIELD_H

#include "http/call.h"

enum given_kind { GIVEN_WRONG, GIVEN_NOTHING, GIVEN_TEXT, GIVEN_TRUTH, GIVEN_NUMBER, GIVEN_NESTED };

/* What the visitor gave for a field. */
struct given {
	enum given_kind kind;
	struct view text;
	bool truth;
	int64_t number;
	const void *nested; /* a list or an object, as the surface's reader has it */
	/* Fills the member from what is nested. NULL: this surface has no such thing. */
	enum err (*unnest)(struct call *call, const struct field *field, const void *nested, void *member);
};

/* Puts what was given into its place in the struct. ERR_INVALID: call->wrong names the field; ERR_MEMORY. */
MUST_USE enum err field_fill(struct call *call, const struct field *field, const struct given *given, void *form);

/* Whether the body is of this media type, with no parameter but charset=utf-8. */
bool body_is(const struct request *request, const char *media_type);

#endif
