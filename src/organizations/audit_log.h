/*
 * audit_log: what was done in an organisation, newest first, by page and filter. Read alone: nothing changes or removes a row.
 */
#ifndef TWOSTEP_ORGANIZATIONS_AUDIT_LOG_H
#define TWOSTEP_ORGANIZATIONS_AUDIT_LOG_H

#include "audit/audit.h"
#include "organizations/membership.h"
#include "sessions/session.h"

#define AUDIT_ROWS_MAX    200
#define AUDIT_WORDS_TEXT  2048 /* target and details: an address, names of a hundred services, a reason */

struct audit_row {
	int64_t number; /* its place in the log, and its id */
	int64_t at;
	struct id actor, account; /* empty: none */
	char actor_text[EMAIL_TEXT], target[AUDIT_WORDS_TEXT], details[AUDIT_WORDS_TEXT];
	char action[32];
	char address[PEER_TEXT], browser[SESSION_BROWSER];
};

/* As it was asked for, in texts; NULL: not at all. */
struct audit_query {
	const char *before; /* `next` of the page before: older than that */
	const char *person; /* a member's address or an account's id: who did it, or whom it concerns; another address: as it stands there */
	const char *action; /* a word of audit.h */
	const char *from, *to; /* RFC 3339, or a day: from its first second, to its last */
	size_t rows;        /* 1 to AUDIT_ROWS_MAX */
};

/* What a query means, once read. */
struct audit_filter {
	int64_t before_at, before; /* moment and number of the last row seen; INT64_MAX: none */
	bool by_person;           /* only what this one did, or what concerns them */
	struct id person;         /* what is no address is asked for by an id that nobody has */
	char words[EMAIL_TEXT];   /* only rows that name this address; "": all */
	const char *action;       /* NULL: every one */
	int64_t from_s, to_s;     /* from <= at < to */
};

/*
 * From the query string, all but rows. An empty field is not asked for, as a form sends it; `before`, which no form has, is. ERR_INVALID
 * blames the first that is there twice or is no UTF-8; the others are read all the same. ERR_MEMORY
 */
MUST_USE enum err audit_query_read(struct call *call, struct audit_query *out);

/* ERR_INVALID blames `before`, `action`, `from` or `to`. */
MUST_USE enum err audit_filter_read(struct call *call, const struct audit_query *query, struct audit_filter *out);

struct audit_list {
	struct audit_row *rows;
	size_t count;
	const char *next; /* NULL: no older ones */
};

/* Of call->membership's organisation, into the arena. Blames as audit_filter_read. */
MUST_USE enum err audit_look(struct call *call, const struct audit_query *query, struct audit_list *out);

/* One page of rows, for who reads on and on: in a transaction of its own. */
MUST_USE enum err audit_select(struct db *db, const struct id *organization, const struct audit_filter *filter,
                               struct audit_row *out, size_t room, size_t *count);

/* Where the page behind this row begins. */
void audit_filter_after(struct audit_filter *filter, const struct audit_row *last);

#endif
