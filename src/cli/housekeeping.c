#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "accounts/email_change.h"
#include "accounts/email_code.h"
#include "accounts/sign_up.h"
#include "audit/audit.h"
#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "cli/housekeeping.h"
#include "cli/own_call.h"
#include "cli/set_back.h"
#include "limits/limits.h"
#include "organizations/invitations.h"
#include "organizations/security.h"
#include "second_step/reissue.h"
#include "second_step/setup.h"
#include "sessions/device.h"
#include "sessions/session.h"
#include "sign_in/hand_over.h"
#include "sign_in/sign_in.h"
#include "signing/signing_key.h"

#include "base/banned.h"

#define DAY_S (24LL * 60 * 60)
#define RETRY_S 1 /* time stands still until a clock that went back is seen to */

struct housekeeping {
	const struct settings *settings;
	struct store *store;
	const struct keyring *keys;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	atomic_bool stopping; /* a pass looks at it without the mutex */
	bool woken, jumped;   /* jumped: the clock has */
};

/* Who removes what; in changes of its own, so that a failure of one keeps nobody else's rows. */
static const struct chore {
	const char *what;
	enum err (*forget)(struct db *db, int64_t now_s, int64_t *removed);
} chores[] = {
	{ "sessions", sessions_forget },
	{ "devices", devices_forget },
	{ "logins", logins_forget },
	{ "hand-overs", hand_overs_forget },
	{ "set-ups", setups_forget },
	{ "reissues", reissues_forget },
	{ "sign-ups", sign_ups_forget },
	{ "e-mail codes", email_codes_forget },
	{ "invitations", invitations_forget },
	{ "address changes", email_changes_forget },
	{ "limits", limits_forget },
	{ "signing keys", signing_keys_forget },
};

struct turn {
	const struct chore *chore;
	int64_t until_s, removed;
};

static enum err do_chore(struct db *db, void *argument)
{
	struct turn *turn = argument;

	return turn->chore->forget(db, turn->until_s, &turn->removed);
}

static enum err tell(const char *what, enum err err)
{
	if (err)
		log_warn("housekeeping_failed", LOG_TEXT("what", what), LOG_TEXT("error", err_name(err)));
	return err;
}

/* Part after part, for there may be a million: others' changes get their turn in between. */
static enum err forget_all(struct store *store, const struct chore *chore, int64_t until_s, const atomic_bool *stopping)
{
	struct turn turn = { chore, until_s, 0 };
	enum err err;

	do
		err = store_change(store, do_chore, &turn);
	while (!err && turn.removed && !atomic_load(stopping));
	return tell(chore->what, err);
}

enum err housekeeping_pass(const struct settings *settings, struct store *store, int64_t now_s, const atomic_bool *stopping)
{
	static const struct chore events = { "audit", audit_forget };
	enum err first = OK, err;

	for (size_t i = 0; i < COUNT(chores) && !atomic_load(stopping); i++) {
		err = forget_all(store, &chores[i], now_s, stopping);
		first = first ? first : err;
	}
	err = forget_all(store, &events, now_s - settings->audit_days * DAY_S, stopping);
	return first ? first : err;
}

/* Mails about demands, part after part; in between others get their turn. */
static void write_notices(const struct housekeeping *housekeeping)
{
	struct arena arena = { 0 };
	struct call call = own_call(housekeeping->settings, housekeeping->store, housekeeping->keys, &arena);
	bool more = true;
	enum err err = OK;

	while (more && !err && !atomic_load(&housekeeping->stopping))
		err = mandate_notices_write(&call, &more);
	(void)!tell("notices", err);
	arena_done(&arena);
}

/* When the next pass is due. */
static struct timespec next_pass(enum err clock)
{
	uint32_t more = 0;
	struct timespec until;

	(void)!random_below(HOUSEKEEPING_JITTER_S, &more); /* without it: no jitter */
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += clock ? RETRY_S : HOUSEKEEPING_S + (time_t)more;
	return until;
}

/* Waits for that moment, or to be woken. True: the moment has come, or the clock has jumped. Holds the mutex. */
static bool rest(struct housekeeping *housekeeping, const struct timespec *until)
{
	bool jumped;
	int late = 0;

	while (!housekeeping->stopping && !housekeeping->woken && !late)
		late = pthread_cond_timedwait(&housekeeping->wake, &housekeeping->mutex, until);
	jumped = housekeeping->jumped;
	housekeeping->woken = housekeeping->jumped = false;
	return late || jumped;
}

/* The clock first: what is removed goes by it. What fails is logged, and tried again next time. */
static struct timespec sweep(const struct housekeeping *housekeeping)
{
	enum err clock = set_back_look(housekeeping->store);

	(void)!housekeeping_pass(housekeeping->settings, housekeeping->store, clock_now_s(), &housekeeping->stopping);
	return next_pass(clock);
}

static void *run(void *argument)
{
	struct housekeeping *housekeeping = argument;
	struct timespec until = next_pass(OK);

	pthread_mutex_lock(&housekeeping->mutex);
	while (!housekeeping->stopping) {
		bool due = rest(housekeeping, &until);

		if (housekeeping->stopping)
			break;
		pthread_mutex_unlock(&housekeeping->mutex);
		if (due)
			until = sweep(housekeeping);
		write_notices(housekeeping);
		pthread_mutex_lock(&housekeeping->mutex);
	}
	pthread_mutex_unlock(&housekeeping->mutex);
	(void)!set_back_look(housekeeping->store);
	return NULL;
}

static void jumped(void *to)
{
	struct housekeeping *housekeeping = to;

	pthread_mutex_lock(&housekeeping->mutex);
	housekeeping->jumped = true;
	pthread_mutex_unlock(&housekeeping->mutex);
	housekeeping_wake(housekeeping);
}

void housekeeping_wake(struct housekeeping *housekeeping)
{
	if (!housekeeping)
		return;
	pthread_mutex_lock(&housekeeping->mutex);
	housekeeping->woken = true;
	pthread_cond_signal(&housekeeping->wake);
	pthread_mutex_unlock(&housekeeping->mutex);
}

enum err housekeeping_start(const struct settings *settings, struct store *store, const struct keyring *keys,
                            struct housekeeping **out)
{
	struct housekeeping *housekeeping = calloc(1, sizeof(*housekeeping));
	pthread_condattr_t monotonic;

	if (!housekeeping)
		return ERR_MEMORY;
	housekeeping->settings = settings;
	housekeeping->store = store;
	housekeeping->keys = keys;
	housekeeping->woken = true;
	pthread_mutex_init(&housekeeping->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&housekeeping->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	clock_on_jump(jumped, housekeeping);
	if (pthread_create(&housekeeping->thread, NULL, run, housekeeping)) {
		clock_on_jump(NULL, NULL);
		free(housekeeping);
		return ERR_MEMORY;
	}
	*out = housekeeping;
	return OK;
}

void housekeeping_stop(struct housekeeping *housekeeping)
{
	if (!housekeeping)
		return;
	pthread_mutex_lock(&housekeeping->mutex);
	atomic_store(&housekeeping->stopping, true);
	pthread_cond_signal(&housekeeping->wake);
	pthread_mutex_unlock(&housekeeping->mutex);
	pthread_join(housekeeping->thread, NULL);
	clock_on_jump(NULL, NULL);
	pthread_cond_destroy(&housekeeping->wake);
	pthread_mutex_destroy(&housekeeping->mutex);
	free(housekeeping);
}
