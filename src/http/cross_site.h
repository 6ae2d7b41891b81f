/*
 * cross_site: was a browser talked into this by somebody else's page? (contract section 2)
 */
#ifndef TWOSTEP_HTTP_CROSS_SITE_H
#define TWOSTEP_HTTP_CROSS_SITE_H

#include "http/call.h"

/*
 * OK, or ERR_CROSS_SITE. Asked for everything but GET and HEAD: of pages always; of JSON where a cookie of ours or an Origin
 * comes with it; never of JSON with a bearer token, which no browser adds by itself.
 */
MUST_USE enum err cross_site_check(const struct call *call);

#endif
