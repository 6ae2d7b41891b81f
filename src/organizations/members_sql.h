/*
 * members_sql: rows of members and of their roles on services.
 */
#ifndef TWOSTEP_ORGANIZATIONS_MEMBERS_SQL_H
#define TWOSTEP_ORGANIZATIONS_MEMBERS_SQL_H

#include "organizations/members.h"

/* Where a page begins: behind this row. account empty: at the beginning. */
struct member_place {
	char text[ACCOUNT_NAME_KEY]; /* address or name key */
	int64_t at_s;                /* last seen */
	struct id account;
};

/* What the statements take. pattern: of LIKE, NULL for all. */
struct member_rows {
	const struct id *organization;
	enum member_sort sort;
	const char *pattern;
	enum members_kind kind;
	struct member_place after;
};

/* *last: place of the last row read; *more: whether others follow it. Services are not filled in. */
MUST_USE enum err members_select(struct db *db, const struct member_rows *which, struct member *out, size_t room, size_t *count,
                                 struct member_place *last, bool *more);
/* Those with a role on this service, by address, behind this one ("": from the first). */
MUST_USE enum err service_holders_select(struct db *db, const struct id *organization, const struct id *service, const char *after,
                                         struct member *out, struct service_grant *grants, size_t room, size_t *count);
MUST_USE enum err member_select(struct db *db, const struct id *organization, const struct id *account, struct member *out);

/* What a member was given; for owner and managers all services. */
MUST_USE enum err grants_select(struct db *db, const struct id *organization, const struct id *account, enum role role,
                                struct service_grant *out, size_t room, size_t *count);

/* ERR_NOT_FOUND where the row has another role by now. */
MUST_USE enum err member_set_role(struct db *db, const struct id *organization, const struct id *account, enum role from,
                                  enum role to);

/* Where they own fewer than `most`. ERR_ORGANIZATION_LIMIT */
MUST_USE enum err member_set_owner(struct db *db, const struct id *organization, const struct id *account, int64_t most);

/* Whose address it is now, of those who are in. ERR_NOT_FOUND */
MUST_USE enum err member_find_email(struct db *db, const struct id *organization, const char *email, struct id *account);

MUST_USE enum err member_drop(struct db *db, const struct id *organization, const struct id *account);
MUST_USE enum err organization_owner(struct db *db, const struct id *organization, struct id *out);

#endif
