/* The route tables of this folder. */
#ifndef TWOSTEP_OIDC_ROUTES_H
#define TWOSTEP_OIDC_ROUTES_H

#include "http/route.h"

extern const struct route jwks_routes[];

#endif
