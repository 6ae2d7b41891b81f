/*
 * made_call: a call as the server would make it, out of the text of a request.
 */
#ifndef TWOSTEP_TESTS_HTTP_MADE_CALL_H
#define TWOSTEP_TESTS_HTTP_MADE_CALL_H

#include "base/settings.h"
#include "http/call.h"

struct made_call {
	struct settings settings; /* http://localhost */
	struct surface surface;   /* JSON, without routes */
	struct request request;
	struct arena arena;
	struct answer answer;
	struct call call;
	char *bytes;
};

/* The text is a whole request, with CRLF line ends; fails the test where it cannot be read. */
void made_call(struct made_call *made, const char *text, size_t length);
void made_call_done(struct made_call *made);

#endif
