#include "gate/memory.h"

#include "base/banned.h"

/* ---- looking ---- */

static bool same_host(const struct entry *entry, const void *key)
{
	return !strcmp(((const struct site *)(const void *)entry)->host, key);
}

static bool same_pass(const struct entry *entry, const void *key)
{
	return ((const struct pass *)(const void *)entry)->digest == *(const uint64_t *)key;
}

static bool same_person(const struct entry *entry, const void *key)
{
	return id_same(&((const struct person *)(const void *)entry)->account, key);
}

const struct site *memory_site(const struct memory *memory, const char *host)
{
	return (const struct site *)(const void *)table_find(&memory->sites, host_hash(host), same_host, host);
}

struct pass *memory_pass(const struct memory *memory, const struct token_digest *token)
{
	uint64_t key[2];

	memcpy(key, token->bytes, sizeof(key));
	return (struct pass *)(void *)table_find(&memory->passes, key[0], same_pass, &key[1]);
}

static struct person *find_person(const struct memory *memory, const struct id *account)
{
	uint64_t hash;

	memcpy(&hash, account->bytes, sizeof(hash));
	return (struct person *)(void *)table_find(&memory->persons, hash, same_person, account);
}

uint64_t memory_now(const struct memory *memory)
{
	return atomic_load(&memory->changes);
}

/* ---- forgetting ---- */

static uint64_t *stamp_of(struct memory *memory, const struct id *account)
{
	return &memory->stamp[(account->bytes[0] | account->bytes[1] << 8) % MEMORY_STAMPS];
}

/* Where it has been touched since, what was read counts for nobody else: no person that is kept has this number. */
uint32_t memory_as_of(struct memory *memory, uint64_t then, const struct id *account)
{
	uint64_t stamp;

	pthread_mutex_lock(&memory->mutex);
	stamp = *stamp_of(memory, account);
	stamp = stamp > memory->stamp_of_all ? stamp : memory->stamp_of_all;
	pthread_mutex_unlock(&memory->mutex);
	return (uint32_t)(stamp <= then ? stamp : then);
}

/* One store, and no check believes it any more; what points to it is cleaned up in time. */
static void kill_person(struct memory *memory, struct person *person)
{
	atomic_store(&person->dead, true);
	table_unlink(&memory->persons, &person->entry);
}

static void forget_account(struct memory *memory, const struct id *account, uint64_t now)
{
	struct person *person = find_person(memory, account);

	*stamp_of(memory, account) = now;
	if (person)
		kill_person(memory, person);
}

static bool is_of_service(struct entry *entry, const void *service)
{
	return id_same(&((const struct site *)(const void *)entry)->service, service);
}

static bool any_site(struct entry *entry, const void *nothing)
{
	(void)entry;
	(void)nothing;
	return true;
}

/* Its passes are removed with them, each in its turn. */
static bool any_person_dies(struct entry *entry, const void *nothing)
{
	struct person *person = (struct person *)(void *)entry;

	(void)nothing;
	atomic_store(&person->dead, true);
	return false;
}

static void forget_all(struct memory *memory, uint64_t now)
{
	memory->stamp_of_all = memory->stamp_of_sites = now;
	table_remove_if(&memory->persons, any_person_dies, NULL);
	table_remove_if(&memory->sites, any_site, NULL);
}

static void forget_one(struct memory *memory, const struct touched *touched, uint64_t now)
{
	if (touched->what == TOUCHED_ACCOUNT) {
		forget_account(memory, &touched->id, now);
	} else if (touched->what == TOUCHED_SERVICE) {
		memory->stamp_of_sites = now;
		table_remove_if(&memory->sites, is_of_service, &touched->id);
	} else {
		forget_all(memory, now);
	}
}

void memory_forget(struct memory *memory, const struct touched *touched, size_t count)
{
	uint64_t now;

	pthread_mutex_lock(&memory->mutex);
	now = atomic_load(&memory->changes) + 1;
	for (size_t i = 0; i < count; i++)
		forget_one(memory, &touched[i], now);
	atomic_store(&memory->changes, now);
	pthread_mutex_unlock(&memory->mutex);
}

/* ---- keeping ---- */

/* Nobody can hold the pass any more, and so nobody its person by way of it. */
static void release_pass(struct retired *retired, void *with)
{
	struct pass *pass = (struct pass *)(void *)retired;
	struct person *person = pass->person;
	struct memory *memory = with;

	pass_free(pass);
	if (--person->users)
		return;
	if (find_person(memory, &person->account) == person)
		table_unlink(&memory->persons, &person->entry);
	person_free(person);
}

static void release_site(struct retired *retired, void *with)
{
	(void)with;
	site_free((struct site *)(void *)retired);
}

/* Persons go with the last of their passes: release_pass. */
static void release_person(struct retired *retired, void *with)
{
	(void)with;
	person_free((struct person *)(void *)retired);
}

static bool keeps_pass(const struct entry *entry, void *with)
{
	const struct pass *pass = (const struct pass *)(const void *)entry;

	(void)with;
	return !atomic_load(&pass->person->dead);
}

static bool keeps_any(const struct entry *entry, void *with)
{
	(void)entry;
	(void)with;
	return true;
}

static bool has_changed(struct memory *memory, uint64_t then, uint64_t stamp)
{
	return stamp > then || memory->stamp_of_all > then;
}

static void keep_site(struct memory *memory, uint64_t then, struct site *site)
{
	const struct site *there = site ? memory_site(memory, site->host) : NULL;

	if (!site)
		return;
	if (there || has_changed(memory, then, memory->stamp_of_sites) || memory->sites.count >= MEMORY_SITES_MAX ||
	    table_add(&memory->sites, &site->entry))
		site_free(site);
}

/* The one that is here says the same, unless a demand has come into force since, or it is not so sure: then all that hung on it is asked again. */
static struct person *keep_person(struct memory *memory, struct person *person)
{
	struct person *there = find_person(memory, &person->account);

	if (there && there->valid_until == person->valid_until && there->as_of == person->as_of && !atomic_load(&there->dead)) {
		person_free(person);
		return there;
	}
	if (there)
		kill_person(memory, there);
	if (!table_add(&memory->persons, &person->entry))
		return person;
	person_free(person);
	return NULL;
}

static void keep_pass(struct memory *memory, struct pass *pass)
{
	uint64_t key[2] = { pass->entry.hash, pass->digest };
	struct entry *there = table_find(&memory->passes, key[0], same_pass, &key[1]);

	pass->person->users++;
	if (there)
		table_remove(&memory->passes, there);
	if (memory->passes.count >= MEMORY_PASSES_MAX || table_add(&memory->passes, &pass->entry))
		release_pass(&pass->entry.retired, memory);
}

static void keep_both(struct memory *memory, uint64_t then, struct person *person, struct pass *pass)
{
	if (!pass || !person || has_changed(memory, then, *stamp_of(memory, &person->account))) {
		person_free(person);
		pass_free(pass);
		return;
	}
	if ((pass->person = keep_person(memory, person)))
		keep_pass(memory, pass);
	else
		pass_free(pass);
}

void memory_keep(struct memory *memory, uint64_t then, struct site *site, struct person *person, struct pass *pass)
{
	pthread_mutex_lock(&memory->mutex);
	keep_site(memory, then, site);
	keep_both(memory, then, person, pass);
	pthread_mutex_unlock(&memory->mutex);
}

/* ---- life ---- */

enum err memory_init(struct memory *memory, unsigned readers)
{
	enum err err;

	pthread_mutex_init(&memory->mutex, NULL);
	if ((err = quiet_init(&memory->quiet, readers)) ||
	    (err = table_init(&memory->persons, &memory->quiet, release_person, keeps_any, memory)) ||
	    (err = table_init(&memory->passes, &memory->quiet, release_pass, keeps_pass, memory)))
		return err;
	return table_init(&memory->sites, &memory->quiet, release_site, keeps_any, memory);
}

void memory_done(struct memory *memory)
{
	table_done(&memory->passes); /* persons go with them */
	table_done(&memory->persons);
	table_done(&memory->sites);
	quiet_done(&memory->quiet);
	pthread_mutex_destroy(&memory->mutex);
}
