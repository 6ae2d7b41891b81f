#include "store/watch.h"

#include <stdlib.h>

#include "store/sqlite.h"

#include "base/banned.h"

#define ROOM_AT_FIRST 64

/*
 * What a check answers from (gate/): who a session is, what its account may, what a host is. A column that is not named here
 * changes no answer: when somebody was last seen.
 */
#define ACCOUNT(id) "SELECT touched(1, " id ");"
#define SERVICE(id) "SELECT touched(2, " id ");"
#define ON(name, what, table, body) "CREATE TEMP TRIGGER watch_" name " AFTER " what " ON main." table " BEGIN " body " END;"

static const char triggers[] =
	ON("account_changed", "UPDATE OF email, name, setup_required_at", "account", ACCOUNT("NEW.id"))
	ON("account_deleted", "DELETE", "account", ACCOUNT("OLD.id"))
	ON("session_changed", "UPDATE OF token, account_id, enrolment, methods, second_step_at, confirmed_at, signed_in_at, ends_at", "session",
	   ACCOUNT("OLD.account_id"))
	ON("session_deleted", "DELETE", "session", ACCOUNT("OLD.account_id"))
	ON("app_session_deleted", "DELETE", "app_session", ACCOUNT("OLD.account_id"))
	ON("totp_added", "INSERT", "totp", ACCOUNT("NEW.account_id"))
	ON("totp_deleted", "DELETE", "totp", ACCOUNT("OLD.account_id"))
	ON("membership_added", "INSERT", "membership", ACCOUNT("NEW.account_id"))
	ON("membership_changed", "UPDATE OF role", "membership", ACCOUNT("NEW.account_id"))
	ON("membership_deleted", "DELETE", "membership", ACCOUNT("OLD.account_id"))
	ON("service_role_added", "INSERT", "service_role", ACCOUNT("NEW.account_id"))
	ON("service_role_changed", "UPDATE", "service_role", ACCOUNT("OLD.account_id") ACCOUNT("NEW.account_id"))
	ON("service_role_deleted", "DELETE", "service_role", ACCOUNT("OLD.account_id"))
	ON("mandate_added", "INSERT", "mandate", "SELECT touched(1, account_id) FROM membership WHERE organization_id = NEW.organization_id;")
	ON("mandate_changed", "UPDATE", "mandate", "SELECT touched(1, account_id) FROM membership WHERE organization_id = NEW.organization_id;")
	ON("mandate_deleted", "DELETE", "mandate", "SELECT touched(1, account_id) FROM membership WHERE organization_id = OLD.organization_id;")
	ON("service_changed", "UPDATE", "service", SERVICE("OLD.id"))
	ON("service_deleted", "DELETE", "service", SERVICE("OLD.id"))
	ON("service_host_added", "INSERT", "service_host", SERVICE("NEW.service_id"))
	ON("service_host_changed", "UPDATE", "service_host", SERVICE("OLD.service_id") SERVICE("NEW.service_id"))
	ON("service_host_deleted", "DELETE", "service_host", SERVICE("OLD.service_id"))
	ON("service_rule_added", "INSERT", "service_rule", SERVICE("NEW.service_id"))
	ON("service_rule_changed", "UPDATE", "service_rule", SERVICE("OLD.service_id"))
	ON("service_rule_deleted", "DELETE", "service_rule", SERVICE("OLD.service_id"))
	ON("allowed_host_added", "INSERT", "allowed_host", "SELECT touched(2, service_id) FROM service_host WHERE host = NEW.host;")
	ON("allowed_host_changed", "UPDATE", "allowed_host", "SELECT touched(2, service_id) FROM service_host WHERE host = OLD.host;")
	ON("allowed_host_deleted", "DELETE", "allowed_host", "SELECT touched(2, service_id) FROM service_host WHERE host = OLD.host;");

static bool has_room(struct watch *watch)
{
	size_t room = watch->room ? watch->room * 2 : ROOM_AT_FIRST;
	struct touched *grown;

	if (watch->count < watch->room)
		return true;
	if (room > TOUCHED_MAX || !(grown = realloc(watch->touched, room * sizeof(*grown))))
		return false;
	watch->touched = grown;
	watch->room = room;
	return true;
}

/* The row before is often of the same account: ten sessions that end together. */
static bool is_last(const struct watch *watch, const struct touched *one)
{
	const struct touched *last = watch->count ? &watch->touched[watch->count - 1] : NULL;

	return last && last->what == one->what && id_same(&last->id, &one->id);
}

static void notice(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct watch *watch = sqlite3_user_data(context);
	struct touched one = { .what = sqlite3_value_int(values[0]) == 1 ? TOUCHED_ACCOUNT : TOUCHED_SERVICE };
	const void *bytes = sqlite3_value_blob(values[1]);

	(void)count;
	if (!bytes || sqlite3_value_bytes(values[1]) != ID_BYTES) {
		watch->all = true; /* whoever it is of: a damaged row */
		return;
	}
	memcpy(one.id.bytes, bytes, ID_BYTES);
	if (is_last(watch, &one))
		return;
	if (has_room(watch))
		watch->touched[watch->count++] = one;
	else
		watch->all = true;
}

enum err watch_begin(struct db *db)
{
	if (sqlite3_create_function_v2(db->handle, "touched", 2, SQLITE_UTF8 | SQLITE_INNOCUOUS, &db->watch, notice, NULL, NULL, NULL))
		return sqlite_fault(db, "function", "touched");
	return sqlite_script(db, triggers);
}

void watch_reset(struct watch *watch)
{
	watch->count = 0;
	watch->all = false;
}

void watch_done(struct watch *watch)
{
	free(watch->touched);
	*watch = (struct watch){ 0 };
}
