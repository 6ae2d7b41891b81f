/*
 * json_read: JSON of others, by jansson: whole or not at all, and wiped when it goes.
 */
#ifndef TWOSTEP_HTTP_JSON_READ_H
#define TWOSTEP_HTTP_JSON_READ_H

#include <jansson.h>

#include "base/err.h"

/*
 * flags    of json_loadb; a name twice is refused, whatever they are
 * out      to be given back by json_decref; untouched on failure
 * ERR_MALFORMED  it is no JSON
 * ERR_MEMORY     could not tell
 */
MUST_USE enum err json_read(const char *text, size_t length, size_t flags, json_t **out);

#endif
