/*
 * pages: what people see. Forms are posted, answers are pages or a 303; everything works without JavaScript.
 */
#ifndef TWOSTEP_PAGES_PAGES_H
#define TWOSTEP_PAGES_PAGES_H

#include "http/answer.h"
#include "http/request.h"
#include "http/route.h"

extern const struct surface pages_surface; /* all that no other surface has */

/* GET and HEAD of a file of assets/, another method of it 405; false: not for us. */
bool pages_fast(const struct request *request, struct answer *answer);

#endif
