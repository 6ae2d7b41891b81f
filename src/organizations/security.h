/*
 * security: an organisation's settings: who must have two-step, who may download, when sessions end; and whom a demand hits.
 */
#ifndef TWOSTEP_ORGANIZATIONS_SECURITY_H
#define TWOSTEP_ORGANIZATIONS_SECURITY_H

#include "mandate/mandate.h"
#include "organizations/members.h"

/* Who may download CSV. The refusing value first. */
enum csv_download { CSV_OFF, CSV_MANAGERS, CSV_FRESH };
#define CSV_MAX_AGE_MIN_S 60    /* of the second step, with CSV_FRESH */
#define CSV_MAX_AGE_MAX_S 86400

struct security {
	struct mandate mandate;
	enum csv_download csv;
	int64_t csv_max_age_s;
	int64_t members, with_two_step; /* progress */
	bool own_two_step;              /* the caller's: else the switch is held */
};

/* Of call->membership's organisation. */
MUST_USE enum err security_look(struct call *call, struct security *out);

/* What to change: what was not given stays. */
struct security_change {
	struct switched two_step_required;
	struct number grace_days;         /* 0 to MANDATE_GRACE_DAYS */
	struct number session_idle_s;     /* MANDATE_IDLE_MIN_S to MANDATE_IDLE_MAX_S */
	const char *csv_mode;             /* "off", "managers", "second_step"; NULL: not given */
	struct number csv_max_age_s;
};

/* What comes of asking for the demand. */
struct demand_plan {
	bool changes; /* false: it goes on as it is, nobody is mailed, and the rest says nothing */
	bool suspends; /* it is in force, and will not be until from_at */
	int64_t from_at;
	int64_t first_mail_at; /* to whom it hits; later than it was asked for where LIMIT_DEMAND is used up */
	bool mails_week_before, mails_day_before, mails_in_force; /* and again then */
};

/*
 * What would come of switching it on with these days of grace (not given: none), or moving it there (not given: its date stays).
 * Nothing is counted. ERR_OWN_TWO_STEP_FIRST
 */
MUST_USE enum err demand_look(struct call *call, const struct number *grace_days, struct demand_plan *out);

/*
 * ERR_OWN_TWO_STEP_FIRST; ERR_INVALID blames the field. *out: as it is then. *plan (may be NULL): what came of the demand.
 * A demand in force that is switched on again, or again from now on, goes on as it is: its sessions end when they would have, and
 * nobody is told. Whoever is hit is told at once of a demand that is switched on or moved, five times a day (LIMIT_DEMAND); of what
 * comes on top when that day is over, if it still stands then.
 */
MUST_USE enum err security_change(struct call *call, const struct security_change *change, struct security *out,
                                  struct demand_plan *plan);

/* "off", "managers", "second_step". */
const char *csv_download_name(enum csv_download mode);

/* May the caller download now? OK, ERR_DOWNLOAD_OFF, ERR_NEEDS_SECOND_STEP */
MUST_USE enum err security_may_download(struct call *call);

/* The same for a download under way: as fresh as it must be now, at the moment when it began. */
MUST_USE enum err security_still_downloads(struct db *db, const struct id *organization, const struct caller *caller,
                                           int64_t began_at);

/*
 * Writes due mails about demands, at most NOTICES_BATCH a change; for the housekeeping thread. call: the server's own
 * (no caller). *more: there are further ones due.
 */
#define NOTICES_BATCH 25
MUST_USE enum err mandate_notices_write(struct call *call, bool *more);

#endif
