#include "mandate/mandate.h"

#include "http/call.h"
#include "store/store.h"

#include "base/banned.h"

struct look {
	const struct id *account;
	struct demanding *out;
	size_t *count;
};

static enum err look(struct db *db, void *argument)
{
	const struct look *look = argument;

	return mandate_list(db, look->account, look->out, MANDATES_SHOWN, look->count);
}

enum err mandates_look(struct call *call, const struct id *account, struct demanding **out, size_t *count)
{
	struct look argument = { account, arena_alloc(call->arena, MANDATES_SHOWN * sizeof(**out)), count };

	if (!argument.out)
		return ERR_MEMORY;
	*out = argument.out;
	return store_read(call->store, look, &argument);
}
