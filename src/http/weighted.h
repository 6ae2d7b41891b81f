/*
 * weighted: lists of what a client takes, each with a weight (RFC 9110 section 12.4): Accept-Language, Accept-Encoding.
 */
#ifndef TWOSTEP_HTTP_WEIGHTED_H
#define TWOSTEP_HTTP_WEIGHTED_H

#include <stdbool.h>

#include "http/request.h"

#define WEIGHT_MAX 1000 /* q=1 */

struct weighted {
	struct view value;
	int weight; /* q in thousandths; 0: not taken, also what is no weight */
};

/* Takes the next one off the list; false where it is empty. A value may be empty. */
bool weighted_next(struct view *list, struct weighted *out);

/* Whether gzip is a content coding that the client takes (RFC 9110 section 12.5.3). */
bool takes_gzip(const struct request *request);

#endif
