/*
 * organization: made by a person who is its owner from then on, renamed, deleted.
 */
#ifndef TWOSTEP_ORGANIZATIONS_ORGANIZATION_H
#define TWOSTEP_ORGANIZATIONS_ORGANIZATION_H

#include "organizations/membership.h"

struct organization {
	struct id id;
	char name[ORGANIZATION_NAME_TEXT];
	enum role role; /* of the caller */
	int64_t last_seen_at;
};

/* OK, ERR_NAME, ERR_FORBIDDEN (--organizations operator), ERR_ORGANIZATION_LIMIT */
MUST_USE enum err organization_create(struct call *call, const char *name, struct organization *out);

/* The operator's: for the account of this address. OK, ERR_NAME, ERR_NOT_FOUND, ERR_ORGANIZATION_LIMIT */
MUST_USE enum err organization_create_for(struct call *call, const char *name, const char *owner_email, struct organization *out);

/* The caller's, the one used last first; into the arena. For menus: what is read page by page needs an order that using them keeps. */
MUST_USE enum err organizations_look(struct call *call, struct organization **out, size_t *count);

/*
 * The caller's, by name, into the arena. after: `next` of the page before, NULL: the first; it stays good when its row is gone.
 * rows: at most. ERR_INVALID blames `after`.
 */
struct organization_page {
	struct organization *organizations;
	size_t count;
	const char *next; /* NULL: no more */
};
MUST_USE enum err organizations_page(struct call *call, const char *after, size_t rows, struct organization_page *out);

/* Those of call->membership. name must be the organisation's own to delete it; NULL: not asked. ERR_NAME */
MUST_USE enum err organization_rename(struct call *call, const char *name, struct organization *out);
MUST_USE enum err organization_delete(struct call *call, const char *name);

/* What the operator types: an id (what looks like one is no name), or a name that one organisation has. ERR_NOT_FOUND; ERR_WRONG_STATE: several have it. */
MUST_USE enum err organization_resolve(struct call *call, const char *text, char id[static ID_TEXT]);

/* All of the installation, by id, those behind `after`; into the arena. */
struct counted_organization {
	struct id id;
	char name[ORGANIZATION_NAME_TEXT], owner[EMAIL_TEXT];
	int64_t members;
};
MUST_USE enum err organizations_counted(struct call *call, const struct id *after, size_t rows, struct counted_organization **out,
                                        size_t *count);

#endif
