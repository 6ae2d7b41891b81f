/*
 * The power fails at any moment, and the disk has lost, torn or put in disorder what was not synced: the store opens what is
 * left, each change that was acknowledged is there, each other is whole or absent, and it goes on.
 * TWOSTEP_SEED repeats what chance decided; how the threads run together it cannot repeat.
 */
#include "fixture.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "power.h"

#define CUTS      150 /* TWOSTEP_CUTS: another number */
#define LIVES       3 /* of the store, each closed at its end */
#define THREADS     4
#define PER_THREAD 60
#define NUMBERS (LIVES * THREADS * PER_THREAD)

/* Each fourth change writes so much beside its number that the log is taken into the database, and begun anew, within a life. */
#define MUCH_BYTES 60000
static uint8_t much[MUCH_BYTES];
#define PARTS(number) ((number) % 4 ? 2 : 3)

/* A change, and how much had been noted when it was asked for and when it was answered. */
static struct change {
	int64_t number;
	size_t asked, answered;
	enum err answer;
} changes[NUMBERS];

/* What the store says of itself, in other words: the linker leads its settings through here. */
static const char *synchronous;
int __real_sqlite3_exec(sqlite3 *handle, const char *sql, int (*row)(void *, int, char **, char **), void *to, char **message);
int __wrap_sqlite3_exec(sqlite3 *handle, const char *sql, int (*row)(void *, int, char **, char **), void *to, char **message);

int __wrap_sqlite3_exec(sqlite3 *handle, const char *sql, int (*row)(void *, int, char **, char **), void *to, char **message)
{
	int code = __real_sqlite3_exec(handle, sql, row, to, message);

	return !code && synchronous && strstr(sql, "synchronous = FULL") ? __real_sqlite3_exec(handle, synchronous, NULL, NULL, NULL) : code;
}

static void new_folder(struct fixture *fixture)
{
	*fixture = (struct fixture){ .store = NULL };
	fixture_folder(fixture, access("/dev/shm", W_OK) ? NULL : "/dev/shm");
}

struct worker {
	struct store *store;
	struct change *changes;
	pthread_t thread;
};

static enum err add_all(struct db *db, void *argument)
{
	const int64_t *number = argument;
	enum err err = add_number(db, argument);
	char name[32];

	if (err || PARTS(*number) == 2)
		return err;
	snprintf(name, sizeof(name), "much %" PRId64, *number);
	return db_change(db, NULL, "INSERT INTO meta (name, value) VALUES ($1, $2)", db_text(name), db_blob(much, sizeof(much)));
}

static void *change_many(void *argument)
{
	const struct worker *worker = argument;

	for (size_t i = 0; i < PER_THREAD; i++) {
		struct change *change = &worker->changes[i];
		change->asked = power_noted();
		change->answer = store_change(worker->store, add_all, &change->number);
		change->answered = power_noted();
	}
	return NULL;
}

/* Several lives of the store on the same file. */
static void live(const struct fixture *fixture)
{
	struct worker workers[THREADS];
	struct fixture own = *fixture;

	for (size_t life = 0; life < LIVES; life++) {
		fixture_open(&own);
		for (size_t i = 0; i < THREADS; i++) {
			size_t from = (life * THREADS + i) * PER_THREAD;
			for (size_t j = from; j < from + PER_THREAD; j++)
				changes[j] = (struct change){ .number = (int64_t)j };
			workers[i] = (struct worker){ own.store, &changes[from], 0 };
			assert_int_equal(pthread_create(&workers[i].thread, NULL, change_many, &workers[i]), 0);
		}
		for (size_t i = 0; i < THREADS; i++)
			pthread_join(workers[i].thread, NULL);
		fixture_close(&own);
	}
}

/* How many rows of each change are there. */
struct found {
	int parts[NUMBERS + 1];
	bool sound;
};

static enum err look(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct found *found = argument;
	enum err err = db_query(db, &rows, "SELECT number FROM audit_event UNION ALL"
	                                   " SELECT CAST(substr(name, 8) AS INTEGER) FROM meta WHERE name LIKE 'number %' UNION ALL"
	                                   " SELECT CAST(substr(name, 6) AS INTEGER) FROM meta WHERE name LIKE 'much %' AND value = $1",
	                        db_blob(much, sizeof(much)));

	*found = (struct found){ .sound = false };
	while (!err && !(err = db_next(&rows)))
		found->parts[db_get_int(&rows, 0)]++;
	return err == ERR_NOT_FOUND ? OK : err;
}

static enum err look_at_pages(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	struct found *found = argument;
	enum err err = db_one(db, &rows, "SELECT COUNT(*) FROM pragma_integrity_check() WHERE integrity_check <> 'ok'");

	found->sound = !err && !db_get_int(&rows, 0);
	return err;
}

/* "": what is left of the first n is as it must be. Else what is not. */
static void judge(const struct found *found, size_t n, char out[static 96])
{
	if (!found->sound)
		snprintf(out, 96, "a damaged database");
	for (size_t i = 0; i < NUMBERS && !*out; i++) {
		const struct change *change = &changes[i];
		if (found->parts[i] && found->parts[i] != PARTS(i))
			snprintf(out, 96, "number %zu is there by half", i);
		else if (!found->parts[i] && !change->answer && change->answered <= n)
			snprintf(out, 96, "number %zu was acknowledged and is lost", i);
		else if (found->parts[i] && change->asked >= n)
			snprintf(out, 96, "number %zu is there before it was asked for", i);
	}
}

static void open_and_judge(struct fixture *fixture, size_t n, char out[static 96])
{
	static struct found found;
	int64_t number = NUMBERS;
	const char *why = "";
	bool created;

	*out = '\0';
	if (store_open(fixture->path, &fixture->store, &created, &why))
		snprintf(out, 96, "it does not open: %.60s", why);
	else if (store_read(fixture->store, look, &found) || store_read(fixture->store, look_at_pages, &found))
		snprintf(out, 96, "it cannot be read");
	else
		judge(&found, n, out);
	if (!*out && store_change(fixture->store, add_number, &number))
		snprintf(out, 96, "it does not go on");
}

static size_t cuts_wanted(void)
{
	const char *text = getenv("TWOSTEP_CUTS");

	return text ? (size_t)strtoul(text, NULL, 10) : CUTS;
}

/* So many moments, until one where something is wrong: `out` says what, and *seed by which seed. */
static void cut_at_moments(size_t count, uint64_t *seed, char out[static 96])
{
	size_t noted = power_noted();

	*out = '\0';
	for (size_t i = 0; i < count && !*out; i++) {
		uint64_t chance = power_chance(seed);
		size_t n = i % 2 ? power_moment(chance) : (size_t)(chance % (noted + 1));
		struct fixture left;
		new_folder(&left);
		power_cut(n, left.folder, seed);
		open_and_judge(&left, n, out);
		fixture_remove(&left);
	}
}

static uint64_t seed_wanted(void)
{
	const char *text = getenv("TWOSTEP_SEED");

	return text ? strtoull(text, NULL, 10) : (uint64_t)clock_now_s();
}

static void try_with(const char *weaker, char out[static 96], uint64_t *seed)
{
	struct fixture fixture;

	new_folder(&fixture);
	synchronous = weaker;
	power_begin(fixture.folder);
	live(&fixture);
	synchronous = NULL;
	cut_at_moments(cuts_wanted(), seed, out);
	fixture_remove(&fixture);
}

static void loses_nothing_acknowledged(void **state)
{
	uint64_t seed = seed_wanted(), first = seed;
	char wrong[96];

	(void)state;
	try_with(NULL, wrong, &seed);
	if (*wrong)
		fail_msg("TWOSTEP_SEED=%" PRIu64 ": %s", first, wrong);
	for (size_t i = 0; i < NUMBERS; i++)
		assert_int_equal(changes[i].answer, OK);
}

/* The same eyes see what less care would lose. */
static void would_see_a_loss(void **state)
{
	static const struct { const char *weaker, *sees; } cases[] = {
		{ "PRAGMA synchronous = NORMAL", "lost" },
		{ "PRAGMA synchronous = OFF", "" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t seed = seed_wanted();
		char wrong[96];
		try_with(cases[i].weaker, wrong, &seed);
		if (!*wrong || !strstr(wrong, cases[i].sees))
			fail_msg("%s: %s", cases[i].weaker, *wrong ? wrong : "nothing seen");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(loses_nothing_acknowledged),
		cmocka_unit_test(would_see_a_loss),
	};

	for (size_t i = 0; i < MUCH_BYTES; i++)
		much[i] = (uint8_t)(i * 31 + i / 251);
	if (!getenv("TWOSTEP_LOG_LEVEL"))
		log_setup((enum log_level)-1, false); /* what does not open says so */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
