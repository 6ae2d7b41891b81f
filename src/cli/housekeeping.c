#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "accounts/email_code.h"
#include "accounts/sign_up.h"
#include "audit/audit.h"
#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "cli/housekeeping.h"
#include "limits/limits.h"
#include "second_step/reissue.h"
#include "second_step/setup.h"
#include "sessions/device.h"
#include "sessions/session.h"
#include "sign_in/sign_in.h"

#include "base/banned.h"

struct housekeeping {
	struct store *store;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool stopping;
};

/* Who removes what; each in a change of its own, so that a failure of one keeps nobody else's rows. */
static const struct chore {
	const char *what;
	enum err (*forget)(struct db *db, int64_t now_s);
} chores[] = {
	{ "sessions", sessions_forget },
	{ "devices", devices_forget },
	{ "logins", logins_forget },
	{ "set-ups", setups_forget },
	{ "reissues", reissues_forget },
	{ "sign-ups", sign_ups_forget },
	{ "e-mail codes", email_codes_forget },
	{ "limits", limits_forget },
	{ "audit", audit_forget },
};

struct turn {
	const struct chore *chore;
	int64_t now_s;
};

static enum err do_chore(struct db *db, void *argument)
{
	const struct turn *turn = argument;

	return turn->chore->forget(db, turn->now_s);
}

enum err housekeeping_pass(struct store *store, int64_t now_s)
{
	enum err first = OK;

	for (size_t i = 0; i < COUNT(chores); i++) {
		struct turn turn = { &chores[i], now_s };
		enum err err = store_change(store, do_chore, &turn);

		if (err)
			log_warn("housekeeping_failed", LOG_TEXT("what", chores[i].what), LOG_TEXT("error", err_name(err)));
		if (err && !first)
			first = err;
	}
	return first;
}

/* Until the next pass is due; true where it is time to end. Holds the mutex. */
static bool rest(struct housekeeping *housekeeping)
{
	uint32_t more = 0;
	struct timespec until;

	(void)!random_below(HOUSEKEEPING_JITTER_S, &more); /* without it: no jitter */
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += HOUSEKEEPING_S + (time_t)more;
	while (!housekeeping->stopping && !pthread_cond_timedwait(&housekeeping->wake, &housekeeping->mutex, &until))
		;
	return housekeeping->stopping;
}

static void *run(void *argument)
{
	struct housekeeping *housekeeping = argument;

	pthread_mutex_lock(&housekeeping->mutex);
	while (!rest(housekeeping)) {
		pthread_mutex_unlock(&housekeeping->mutex);
		(void)!housekeeping_pass(housekeeping->store, clock_now_s()); /* logged; the next pass tries again */
		pthread_mutex_lock(&housekeeping->mutex);
	}
	pthread_mutex_unlock(&housekeeping->mutex);
	return NULL;
}

enum err housekeeping_start(struct store *store, struct housekeeping **out)
{
	struct housekeeping *housekeeping = calloc(1, sizeof(*housekeeping));
	pthread_condattr_t monotonic;

	if (!housekeeping)
		return ERR_MEMORY;
	housekeeping->store = store;
	pthread_mutex_init(&housekeeping->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&housekeeping->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&housekeeping->thread, NULL, run, housekeeping)) {
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
	housekeeping->stopping = true;
	pthread_cond_signal(&housekeeping->wake);
	pthread_mutex_unlock(&housekeeping->mutex);
	pthread_join(housekeeping->thread, NULL);
	pthread_cond_destroy(&housekeeping->wake);
	pthread_mutex_destroy(&housekeeping->mutex);
	free(housekeeping);
}
