/*
 * http_form: a call with a body, and a form with a field of each kind, for the fuzz targets of both sorts of body.
 */
#ifndef TWOSTEP_FUZZ_HTTP_FORM_H
#define TWOSTEP_FUZZ_HTTP_FORM_H

#include <stdlib.h>

#include "base/base.h"
#include "base/text.h"
#include "http/call.h"

struct fuzz_form {
	const char *text, *maybe, *code, *code_maybe;
	bool truth;
	enum transport transport;
};

static const struct field fuzz_fields[] = {
	FIELD(fuzz_form, text, FIELD_TEXT),   FIELD(fuzz_form, maybe, FIELD_OPTIONAL),
	FIELD(fuzz_form, code, FIELD_CODE),   FIELD(fuzz_form, code_maybe, FIELD_CODE_OPTIONAL),
	FIELD(fuzz_form, truth, FIELD_BOOL),  FIELD(fuzz_form, transport, FIELD_TRANSPORT),
};
static const struct form fuzz_form = FORM(fuzz_form, fuzz_fields);

static inline void check_text(const char *text)
{
	if (text && (!text_is_utf8(text, strlen(text)) || strlen(text) > FIELD_BYTES_MAX))
		abort();
}

/* A form is read whole and right, or not at all. */
static inline void check_form(const struct call *call, enum err err)
{
	const struct fuzz_form *filled = call->form;

	if (!filled != (err != OK) || (err == ERR_INVALID) != (call->wrong != NULL))
		abort();
	if (!filled)
		return;
	if (!filled->text || !filled->code || strpbrk(filled->code, " -"))
		abort();
	check_text(filled->text);
	check_text(filled->maybe);
	check_text(filled->code);
	check_text(filled->code_maybe);
}

static inline struct request request_with(const char *type, const uint8_t *bytes, size_t length)
{
	struct request request = { .method = POST, .has_body = length > 0, .body = { (const char *)bytes, length } };

	request.headers[request.header_count++] = (struct header){ { "Content-Type", 12 }, { type, strlen(type) } };
	return request;
}

#endif
