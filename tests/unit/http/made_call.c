#include "made_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "http/parse.h"

void made_call(struct made_call *made, const char *text, size_t length)
{
	struct parser parser = { 0 };

	*made = (struct made_call){ .settings = { .public_url = "http://localhost" }, .surface = { .prefix = "/", .json = true } };
	made->bytes = malloc(length);
	assert_non_null(made->bytes);
	memcpy(made->bytes, text, length);
	if (parse_more(&parser, made->bytes, &length, &made->request) != PARSED_ALL)
		fail_msg("%s: %s", text, err_name(parser.err));
	made->call = (struct call){
		.request = &made->request, .surface = &made->surface, .settings = &made->settings, .arena = &made->arena, .out = &made->answer,
	};
}

void made_call_done(struct made_call *made)
{
	arena_done(&made->arena);
	answer_done(&made->answer);
	free(made->bytes);
}
