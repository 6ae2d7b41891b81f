/*
 * organization_sql: the rows of organisations.
 */
#ifndef TWOSTEP_ORGANIZATIONS_ORGANIZATION_SQL_H
#define TWOSTEP_ORGANIZATIONS_ORGANIZATION_SQL_H

#include "organizations/organization.h"

MUST_USE enum err organization_add(struct db *db, const struct id *id, const char *name, int64_t now_s);
MUST_USE enum err organization_set_name(struct db *db, const struct id *id, const char *name);
MUST_USE enum err organization_drop(struct db *db, const struct id *id);

/* Those of an account, the one used last first. */
MUST_USE enum err organization_list(struct db *db, const struct id *account, struct organization *out, size_t room, size_t *count);

/* The same by name, without letter case, then by id; behind `after` (name empty: from the first). */
struct organization_place {
	char name[ORGANIZATION_NAME_TEXT];
	struct id id;
};
MUST_USE enum err organization_list_by_name(struct db *db, const struct id *account, const struct organization_place *after,
                                            struct organization *out, size_t room, size_t *count);

/* At most two that have this name: is it one alone? */
MUST_USE enum err organization_named(struct db *db, const char *name, struct id out[static 2], size_t *count);
MUST_USE enum err organization_exists(struct db *db, const struct id *id); /* ERR_NOT_FOUND */
MUST_USE enum err organizations_count(struct db *db, const struct id *after, struct counted_organization *out, size_t room,
                                      size_t *count);

#endif
