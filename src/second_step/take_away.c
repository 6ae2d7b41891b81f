#include "second_step/take_away.h"

#include "limits/limits.h"
#include "second_step/second_step_sql.h"
#include "sessions/device.h"
#include "sessions/session.h"

#include "base/banned.h"

/* Set-ups and reissues under way go with their sessions, half sign-ins with the enrolment. */
enum err second_step_take_away(struct db *db, const struct call *call, const struct account *account)
{
	const struct id *id = &account->id;
	enum err err;

	if ((err = totp_row_remove(db, id)) || (err = recovery_rows_remove(db, id)) || (err = device_forget_all(db, id)) ||
	    (err = session_end_all(db, id)) || (err = step_limit_clear(db, id)))
		return err;
	return account_require_set_up(db, id, call->now_s);
}
