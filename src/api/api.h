/*
 * api: the JSON routes under /api/v1 (contract sections 2.1 and 2.2). They translate between JSON and the rules; no
 * rule lives here. docs/openapi.yaml describes them; tests/check/openapi.py compares it with the tables.
 */
#ifndef TWOSTEP_API_API_H
#define TWOSTEP_API_API_H

#include "http/route.h"

extern const struct surface api_surface;

#endif
