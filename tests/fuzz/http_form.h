/*
 * http_form: a call with a body, and a form with a field of each kind, for the fuzz targets of both sorts of body.
 */
#ifndef TWOSTEP_FUZZ_HTTP_FORM_H
#define TWOSTEP_FUZZ_HTTP_FORM_H

#include "fuzz.h"
#include "base/text.h"
#include "http/call.h"

/* What is in a list, and in an object. */
struct fuzz_item {
	const char *text;
	struct number number;
};
static const struct field fuzz_item_fields[] = {
	FIELD(fuzz_item, text, FIELD_TEXT),
	FIELD(fuzz_item, number, FIELD_NUMBER),
};
static const struct form fuzz_item = FORM(fuzz_item, fuzz_item_fields);

struct fuzz_form {
	const char *text, *maybe, *code, *code_maybe;
	bool truth;
	enum transport transport;
	struct switched turned;
	struct number number;
	struct texts texts;
	const void *object;
	struct list list;
};

static const struct field fuzz_fields[] = {
	FIELD(fuzz_form, text, FIELD_TEXT),       FIELD(fuzz_form, maybe, FIELD_OPTIONAL),
	FIELD(fuzz_form, code, FIELD_CODE),       FIELD(fuzz_form, code_maybe, FIELD_CODE_OPTIONAL),
	FIELD(fuzz_form, truth, FIELD_BOOL),      FIELD(fuzz_form, transport, FIELD_TRANSPORT),
	FIELD(fuzz_form, turned, FIELD_SWITCH),   FIELD(fuzz_form, number, FIELD_NUMBER),
	FIELD(fuzz_form, texts, FIELD_TEXTS),     FIELD_OF(fuzz_form, object, FIELD_OBJECT, &fuzz_item),
	FIELD_OF(fuzz_form, list, FIELD_LIST, &fuzz_item),
};
static const struct form fuzz_form = FORM(fuzz_form, fuzz_fields);

static inline void check_text(const char *text)
{
	if (text && (!text_is_utf8(text, strlen(text)) || strlen(text) > FIELD_BYTES_MAX))
		abort();
}

static inline void check_item(const struct fuzz_item *item)
{
	must(item->text && (item->number.given || !item->number.value));
	check_text(item->text);
}

static inline void check_many(const struct fuzz_form *filled)
{
	must(filled->texts.count <= FORM_ITEMS_MAX && filled->list.count <= FORM_ITEMS_MAX);
	must((filled->texts.given || !filled->texts.count) && (filled->list.given || !filled->list.count));
	for (size_t i = 0; i < filled->texts.count; i++)
		check_text(filled->texts.text[i]);
	for (size_t i = 0; i < filled->list.count; i++)
		check_item(&((const struct fuzz_item *)filled->list.items)[i]);
	if (filled->object)
		check_item(filled->object);
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
	must((filled->turned.given || !filled->turned.on) && (filled->number.given || !filled->number.value));
	check_many(filled);
}

static inline struct request request_with(const char *type, const uint8_t *bytes, size_t length)
{
	struct request request = { .method = POST, .has_body = length > 0, .body = { (const char *)bytes, length } };

	request.headers[request.header_count++] = (struct header){ { "Content-Type", 12 }, { type, strlen(type) } };
	return request;
}

#endif
