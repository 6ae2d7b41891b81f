#include "cli/restore_sql.h"

#include <stdio.h>

#include "audit/audit.h"
#include "base/base.h"
#include "organizations/log.h"
#include "second_step/second_step.h"

#include "base/banned.h"

/*
 * Before what they hang on, so that each is counted. Links that take a move to another address back stay: the move stands in
 * the backup, and they are the only way back of who did not want it. Mails that waited have been sent since, or bring dead codes.
 */
static const struct { const char *name, *sql; } ends[RESTORE_ENDS] = {
	{ "sessions in applications", "DELETE FROM app_session" },
	{ "ways into an application", "DELETE FROM hand_over" },
	{ "set-ups under way", "DELETE FROM setup" },
	{ "reissues under way", "DELETE FROM reissue" },
	{ "moves to another address under way", "DELETE FROM email_change" },
	{ "sessions", "DELETE FROM session" },
	{ "half sign-ins", "DELETE FROM login" },
	{ "sign-ups under way", "DELETE FROM signup" },
	{ "mailed codes", "DELETE FROM email_code" },
	{ "remembered devices", "DELETE FROM remembered_device" },
	{ "known devices", "DELETE FROM known_device" },
	{ "mails that waited", "DELETE FROM mail_queue" },
};

const char *restore_ends_name(size_t place)
{
	return ends[place].name;
}

static enum err end_all(struct db *db, struct restoring *restoring)
{
	enum err err = OK;

	for (size_t i = 0; i < RESTORE_ENDS && !err; i++)
		err = db_change_values(db, &restoring->ended[i], ends[i].sql, NULL, 0);
	return err;
}

typedef enum err log_function(struct db *db, const struct restoring *restoring, const struct id *whose, const char *details);

static enum err log_organization(struct db *db, const struct restoring *restoring, const struct id *whose, const char *details)
{
	return organization_log(db, restoring->call, whose, AUDIT_RESTORED, (struct about){ .details = details });
}

static enum err log_account(struct db *db, const struct restoring *restoring, const struct id *whose, const char *details)
{
	return audit_add(db, restoring->call, AUDIT_RESTORED, NULL, whose, details);
}

/* In the log of each that the query names. */
static enum err log_each(struct db *db, const struct restoring *restoring, const char *sql, log_function *log, int64_t *count)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	char details[TIME_TEXT + 16];
	struct id id;
	enum err err = db_query_values(db, &rows, sql, NULL, 0);

	snprintf(details, sizeof(details), "of %s", restoring->label->of);
	for (*count = 0; !err && !(err = db_next(&rows)); ++*count)
		if ((err = db_get_id(&rows, 0, &id)) || (err = log(db, restoring, &id, details)))
			return err;
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err restore_settle(struct db *db, void *argument)
{
	struct restoring *restoring = argument;
	const struct totp_step next = { totp_step_at(restoring->call->now_s).n + 1 };
	enum err err;

	if ((err = end_all(db, restoring)) || (err = second_step_spend_all(db, next)) ||
	    (err = log_each(db, restoring, "SELECT id FROM organization", log_organization, &restoring->organizations)) ||
	    (err = log_each(db, restoring, "SELECT id FROM account", log_account, &restoring->accounts)))
		return err;
	return label_remove(db);
}
