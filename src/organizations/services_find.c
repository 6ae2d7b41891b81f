/* Services of the whole installation, for the operator. */
#include "organizations/organization.h"
#include "organizations/services_sql.h"
#include "store/store.h"

#include "base/banned.h"

struct search {
	struct call *call;
	const char *name;
	const struct id *organization;
	size_t rows;
	struct owned_service *out;
	size_t *count;
};

static enum err look(struct db *db, void *argument)
{
	const struct search *search = argument;
	enum err err = owned_services_select(db, search->name, search->organization, search->out, search->rows, search->count);

	for (size_t i = 0; i < *search->count && !err; i++)
		err = service_hosts_select(db, search->call, &search->out[i].organization, &search->out[i].service);
	return err;
}

enum err services_find(struct call *call, const char *name, const char *organization, size_t rows, struct owned_service **out,
                       size_t *count)
{
	struct search search = { call, name, NULL, rows, arena_alloc(call->arena, rows * sizeof(**out)), count };
	char text[ID_TEXT];
	struct id id;
	enum err err;

	if (!search.out)
		return ERR_MEMORY;
	if (organization) {
		if ((err = organization_resolve(call, organization, text)) || (err = id_parse(text, &id)))
			return err;
		search.organization = &id;
	}
	*out = search.out;
	return store_read(call->store, look, &search);
}
