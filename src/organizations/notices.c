/* Mails about demands: a few members a change, so that ten thousand of them hold nobody up. */
#include "mail/letter.h"
#include "organizations/security.h"
#include "organizations/security_sql.h"
#include "store/store.h"

#include "base/banned.h"

struct writing {
	struct call *call;
	bool *more;
};

static enum err write_letters(struct db *db, const struct call *call, const struct notice_row *notice, const struct mandate *mandate,
                              const struct affected *affected, size_t count)
{
	enum letter letter = notice->kind == NOTICE_IN_FORCE ? LETTER_DEMAND_IN_FORCE : LETTER_DEMAND_GRACE;
	char name[ORGANIZATION_NAME_TEXT];
	enum err err = organization_name(db, &notice->organization, name);

	for (size_t i = 0; i < count && !err; i++) {
		const struct account *to = &affected[i].account;
		struct letter_facts facts = { .to = to->email, .name = to->name, .locale = to->locale, .organization = name,
			.from_at = mandate->from_at };

		err = letter_queue(db, call, letter, &facts);
	}
	return err;
}

/* One part of the notice that is due first. One whose demand is gone meanwhile goes too. */
static enum err write_part(struct db *db, void *argument)
{
	const struct writing *writing = argument;
	struct affected affected[NOTICES_BATCH];
	struct notice_row notice;
	struct mandate mandate;
	size_t count = 0;
	enum err err = notice_due(db, writing->call->now_s, &notice);

	*writing->more = !err;
	if (err)
		return err == ERR_NOT_FOUND ? OK : err;
	if ((err = mandate_find(db, &notice.organization, &mandate)))
		return err;
	if (mandate.required && ((err = affected_select(db, &notice, affected, NOTICES_BATCH, &count)) ||
	                         (err = write_letters(db, writing->call, &notice, &mandate, affected, count))))
		return err;
	return count == NOTICES_BATCH ? notice_set_after(db, &notice, &affected[count - 1].account.id) : notice_drop(db, &notice);
}

enum err mandate_notices_write(struct call *call, bool *more)
{
	struct writing writing = { call, more };
	enum err err = store_change(call->store, write_part, &writing);

	if (err)
		*more = false;
	return err;
}
