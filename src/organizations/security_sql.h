/*
 * security_sql: rows of an organisation's settings, and of the mails that a demand causes.
 */
#ifndef TWOSTEP_ORGANIZATIONS_SECURITY_SQL_H
#define TWOSTEP_ORGANIZATIONS_SECURITY_SQL_H

#include "organizations/security.h"

MUST_USE enum err csv_select(struct db *db, const struct id *organization, enum csv_download *mode, int64_t *max_age_s);
MUST_USE enum err csv_put(struct db *db, const struct id *organization, enum csv_download mode, int64_t max_age_s);

/* Members, and how many of them have two-step. */
MUST_USE enum err progress_select(struct db *db, const struct id *organization, int64_t *members, int64_t *with_two_step);

/* Which mail, and when: each kind once for a demand. */
enum notice_kind { NOTICE_KIND_NONE, NOTICE_AT_ONCE, NOTICE_WEEK_BEFORE, NOTICE_DAY_BEFORE, NOTICE_IN_FORCE };

struct notice_row {
	struct id organization;
	enum notice_kind kind;
	struct id after; /* the member that was written to last; empty: nobody yet */
};
MUST_USE enum err notice_put(struct db *db, const struct id *organization, enum notice_kind kind, int64_t due_at);
MUST_USE enum err notices_drop(struct db *db, const struct id *organization);

/* The one that is due first. ERR_NOT_FOUND: none. */
MUST_USE enum err notice_due(struct db *db, int64_t now_s, struct notice_row *out);
MUST_USE enum err notice_set_after(struct db *db, const struct notice_row *notice, const struct id *after);
MUST_USE enum err notice_drop(struct db *db, const struct notice_row *notice);

/* Members without two-step, behind `after`, by id. */
struct affected {
	struct account account; /* id, email, name, locale */
};
MUST_USE enum err affected_select(struct db *db, const struct notice_row *notice, struct affected *out, size_t room, size_t *count);
MUST_USE enum err organization_name(struct db *db, const struct id *organization, char out[static ORGANIZATION_NAME_TEXT]);

#endif
