/* Bodies of the API. */
#include "http_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const struct surface surface = { .json = true };
	struct request request = request_with("application/json", bytes, length);
	SCOPED(arena_done) struct arena arena = { 0 };
	struct call call = { .request = &request, .surface = &surface, .arena = &arena };

	check_form(&call, form_read_json(&call, &fuzz_form));
	return 0;
}
