/*
 * oidc: OpenID Connect, one file for each endpoint. Today it is the list of keys alone, which assertions are verified with (contract 2.4).
 */
#ifndef TWOSTEP_OIDC_OIDC_H
#define TWOSTEP_OIDC_OIDC_H

#include "http/route.h"

extern const struct surface oidc_surface;

#endif
