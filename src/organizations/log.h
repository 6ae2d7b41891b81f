/*
 * log: what is done in an organisation, for its audit log, in the same transaction as the change.
 */
#ifndef TWOSTEP_ORGANIZATIONS_LOG_H
#define TWOSTEP_ORGANIZATIONS_LOG_H

#include "audit/audit.h"

/* What an event is about. All may be left empty. */
struct about {
	const struct id *account; /* whom it concerns */
	const char *target;       /* in words: an address, a service's name */
	const char *details;      /* a short text of ours */
};

/* By call->caller, or the operator where there is none. */
MUST_USE enum err organization_log(struct db *db, const struct call *call, const struct id *organization,
                                   enum audit_action action, struct about about);

#endif
