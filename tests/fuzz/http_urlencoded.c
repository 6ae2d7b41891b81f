/* Bodies of pages, and queries. */
#include "http_form.h"

static void each(void *to UNUSED, const char *name, const char *value)
{
	if (!text_is_utf8(name, strlen(name)) || !text_is_utf8(value, strlen(value)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const struct surface surface = { .json = false };
	struct request request = request_with("application/x-www-form-urlencoded", bytes, length);
	SCOPED(arena_done) struct arena arena = { 0 };
	struct call call = { .request = &request, .surface = &surface, .arena = &arena };

	request.query = request.body;
	check_form(&call, form_read_urlencoded(&call, &fuzz_form));
	check_text(query_value(&call, "text"));
	check_text(form_value(&call, "code"));
	if (form_each(&call, each, NULL) == ERR_INVALID)
		abort();
	return 0;
}
