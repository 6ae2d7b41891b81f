/*
 * routes: the tables of the API, one for each group, in a file of that name.
 */
#ifndef TWOSTEP_API_ROUTES_H
#define TWOSTEP_API_ROUTES_H

#include "http/call.h"

extern const struct route sign_up_routes[];
extern const struct route login_routes[];
extern const struct route session_routes[];
extern const struct route password_reset_routes[];
extern const struct route account_routes[];
extern const struct route two_step_routes[];
extern const struct route setup_routes[];
extern const struct route recovery_codes_routes[];
extern const struct route organization_routes[];
extern const struct route member_routes[];
extern const struct route invitation_routes[];
extern const struct route security_routes[];
extern const struct route service_routes[];
extern const struct route audit_routes[];
extern const struct route export_routes[];
extern const struct route problem_routes[];

/* member.c: {"id","role"} of a service, as struct grant_asked. */
extern const struct form grant_form;

/* Writes an error as application/problem+json (RFC 9457); docs/decisions/ has the why of its members. */
void problem_write(struct call *call, enum err err);

#endif
