/*
 * request_id: the name of a request in the log and in X-Request-Id: 16 characters of base64url, each once in a process.
 */
#ifndef TWOSTEP_HTTP_REQUEST_ID_H
#define TWOSTEP_HTTP_REQUEST_ID_H

#include "base/err.h"
#include "http/call.h"

/* Before the first id, once; ERR_RANDOM. */
MUST_USE enum err request_id_seed(void);

/* From any thread. Returns out. Tells nobody how many requests there were, but is no secret. */
const char *request_id(char out[static CALL_ID_TEXT]);

#endif
