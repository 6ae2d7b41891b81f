/*
 * invitations_sql: the rows of invitations. One waits as long as it has not expired and who sent it may still invite; the
 * others are as good as gone.
 */
#ifndef TWOSTEP_ORGANIZATIONS_INVITATIONS_SQL_H
#define TWOSTEP_ORGANIZATIONS_INVITATIONS_SQL_H

#include "organizations/invitations.h"

/* ERR_ALREADY_INVITED: one waits for this address in the organisation. */
MUST_USE enum err invitation_add(struct db *db, const struct invitation *invitation, const uint8_t digest[static DIGEST_BYTES]);

/* ERR_INVALID: a service of another organisation, or none. */
MUST_USE enum err invitation_add_role(struct db *db, const struct invitation *invitation, const struct service_grant *grant);

/* The one that waits, of an organisation; for an address; or by its code. Without services. ERR_NOT_FOUND */
MUST_USE enum err invitation_find(struct db *db, const struct id *organization, const struct id *id, int64_t now_s,
                                  struct invitation *out);
MUST_USE enum err invitation_find_for(struct db *db, const char *email, const struct id *id, int64_t now_s, struct invitation *out);
MUST_USE enum err invitation_find_digest(struct db *db, const char *email, const uint8_t digest[static DIGEST_BYTES], int64_t now_s,
                                         struct invitation *out);

/* Where a page of a list begins: behind this row, newest first. Empty: at the beginning. */
struct invitation_place {
	int64_t created_at;
	struct id id;
};
MUST_USE enum err invitations_select(struct db *db, const struct id *organization, const struct invitation_place *after,
                                     int64_t now_s, struct invitation *out, size_t room, size_t *count);
MUST_USE enum err invitations_select_for(struct db *db, const char *email, const struct invitation_place *after, int64_t now_s,
                                         struct invitation *out, size_t room, size_t *count);

/* The roles on services that are still there, by name. */
MUST_USE enum err invitation_grants(struct db *db, const struct id *id, struct service_grant *out, size_t room, size_t *count);

/* Another code, inviter and end. ERR_NOT_FOUND */
MUST_USE enum err invitation_renew(struct db *db, const struct invitation *invitation, const uint8_t digest[static DIGEST_BYTES]);

/* ERR_NOT_FOUND: it is gone, whoever was first. */
MUST_USE enum err invitation_drop(struct db *db, const struct id *organization, const struct id *id);

/* Makes place for a new one where the old one for this address no longer waits. */
MUST_USE enum err invitation_drop_dead(struct db *db, const struct id *organization, const char *email, int64_t now_s);

/* OK, ERR_ALREADY_MEMBER */
MUST_USE enum err invitation_no_member(struct db *db, const struct id *organization, const char *email);

/* Members and invitations of an organisation are counted by one change at a time. */
MUST_USE enum err invitations_lock(struct db *db, const struct id *organization);

#endif
