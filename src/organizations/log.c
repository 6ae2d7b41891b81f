#include "organizations/log.h"

#include "accounts/caller.h"

#include "base/banned.h"

enum err organization_log(struct db *db, const struct call *call, const struct id *organization, enum audit_action action,
                          struct about about)
{
	const struct account *actor = call->caller ? &call->caller->account : NULL;
	const struct audit_event event = { .action = action, .organization = organization, .actor = actor ? &actor->id : NULL,
		.actor_text = actor ? actor->email : "operator", .account = about.account, .target = about.target,
		.details = about.details };

	return audit_write(db, call, &event);
}
