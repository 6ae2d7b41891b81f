#include "mail/mailer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "mail/delivery.h"
#include "mail/queue.h"

#include "base/banned.h"

#define PAUSE_FIRST_S    5 /* after which nothing could be sent at all; doubles */
#define PAUSE_LONGEST_S 60 /* short against the 10 minutes that a code lives */
#define ANSWER_FIRST_MS 10 /* long against what is left of an answer once its change is committed */
#define SPREAD_MS       20 /* at most so much later, by chance: nobody can have another request meet the delivery */
#define WAIT_FOREVER    (-1)

/* What is to be written down about a mail. Owed until the store has taken it: sent again it would be there twice. */
struct note {
	enum { NOTE_NOTHING, NOTE_REMOVE, NOTE_LATER } what;
	struct id id;
	int64_t next_at;
};

struct mailer {
	struct store *store;
	const struct keyring *keys;
	const struct delivery *delivery;
	void *way;
	pthread_t thread;
	bool started;
	atomic_bool stop;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t asked, done; /* rounds, under the lock: who asks is served by a round that begins afterwards */
	bool awaited;         /* somebody waits for the round */

	/* of the thread alone */
	struct queued_batch batch;
	struct note owed;
	atomic_bool failing;          /* the last attempt came to nothing, and not for its recipient's sake */
	atomic_llong trying_since_ms; /* monotonic; 0: no attempt is under way */
	unsigned troubles;    /* in a row */
	int64_t resume_at_ms; /* monotonic; nothing is tried before */
};

/* One who reads the log learns whom it was about, not the address: k***@example.com. */
static const char *masked(const char *address, char out[static 256])
{
	const char *at = strrchr(address, '@');

	if (!at)
		return "***";
	(void)snprintf(out, 256, "%.1s***%s", address, at);
	return out;
}

static int64_t doubled(int64_t first_s, int64_t times, int64_t longest_s)
{
	while (times-- > 0 && first_s < longest_s)
		first_s *= 2;
	return first_s < longest_s ? first_s : longest_s;
}

static void pause_all(struct mailer *mailer)
{
	mailer->resume_at_ms = clock_monotonic_ms() + 1000 * doubled(PAUSE_FIRST_S, mailer->troubles++, PAUSE_LONGEST_S);
}

static enum err write_note(struct db *db, void *argument)
{
	const struct note *note = argument;

	if (note->what == NOTE_LATER)
		return mail_queue_later(db, &note->id, note->next_at);
	return mail_queue_remove(db, &note->id);
}

/* Nothing else happens before what is owed is in the store. */
static enum err settle_note(struct mailer *mailer)
{
	enum err err;

	if (mailer->owed.what == NOTE_NOTHING)
		return OK;
	(void)clock_now_s(); /* a mail that is gone is gone, though the clock was set back since */
	if ((err = store_change(mailer->store, write_note, &mailer->owed))) {
		log_error("mail_queue_failed", LOG_TEXT("error", err_name(err)));
		pause_all(mailer);
		return err;
	}
	mailer->owed.what = NOTE_NOTHING;
	return OK;
}

static void log_trouble(const char *event, const struct queued *mail, const struct delivery_trouble *trouble,
                        int64_t again_s)
{
	char to[256];

	log_warn(event, LOG_TEXT("to", masked(mail->recipient, to)), LOG_TEXT("why", trouble->what),
	        LOG_TEXT("stage", trouble->stage), LOG_INT("reply", trouble->reply), LOG_INT("try", mail->tries + 1),
	        LOG_INT("again_s", again_s));
}

static struct note note_for(const struct queued *mail, enum delivered result, const struct delivery_trouble *trouble)
{
	struct note note = { NOTE_REMOVE, mail->id, 0 };
	int64_t wait_s = doubled(MAIL_BACKOFF_FIRST_S, mail->tries, MAIL_BACKOFF_LONGEST_S);
	char to[256];

	if (result == DELIVERED_NOWHERE)
		return note;
	if (result == DELIVERED) {
		log_info("mail_sent", LOG_TEXT("to", masked(mail->recipient, to)), LOG_INT("try", mail->tries + 1));
	} else if (result == DELIVERED_REFUSED) {
		log_trouble("mail_refused", mail, trouble, 0);
	} else {
		log_trouble("mail_delayed", mail, trouble, wait_s);
		note.what = NOTE_LATER;
		note.next_at = clock_now_s() + wait_s;
	}
	return note;
}

/* Too late to be of use. */
static bool expired(const struct queued *mail, int64_t now_s)
{
	return (mail->expires_at && mail->expires_at <= now_s) || mail->created_at + MAIL_KEEP_S <= now_s;
}

static void log_expired(const struct queued *mail)
{
	char to[256];

	log_warn("mail_expired", LOG_TEXT("to", masked(mail->recipient, to)), LOG_INT("tries", mail->tries));
}

/* Opens the seal and hands over. A row that does not open now is tried again until it is too old. */
static enum delivered hand_over(struct mailer *mailer, const struct queued *mail, bool last,
                                struct delivery_trouble *trouble)
{
	SCOPED(buf_done) struct buf message = { 0 };
	size_t length = mail->sealed.length < SEAL_EXTRA_BYTES ? 0 : mail->sealed.length - SEAL_EXTRA_BYTES;
	char *plain = buf_grow(&message, length);
	struct id item;
	enum err err = plain ? mail_queue_item(mailer->keys, mail->recipient, &item) : ERR_MEMORY;

	if (!err)
		err = keyring_open_seal(mailer->keys, SEAL_MAIL, &mail->id, &item, mail->sealed.bytes, mail->sealed.length, plain, length);
	if (err) {
		*trouble = (struct delivery_trouble){ err_name(err), "seal", 0 };
		return DELIVERED_LATER;
	}
	while (length > 1 && !plain[length - 1])
		length--;
	buf_grown(&message, length);
	if (length && plain[0] == MAIL_DECOY)
		return DELIVERED_NOWHERE;
	struct mail open = { mail->recipient, buf_string(&message), message.length, last };
	return mailer->delivery->send(mailer->way, &open, trouble);
}

/* One mail, to what is written down about it. False: no more for now. */
static bool deliver(struct mailer *mailer, const struct queued *mail, bool last)
{
	struct delivery_trouble trouble = { "", "", 0 };
	enum delivered result;

	if (expired(mail, clock_now_s())) {
		log_expired(mail);
		mailer->owed = (struct note){ NOTE_REMOVE, mail->id, 0 };
		return !settle_note(mailer);
	}
	atomic_store(&mailer->trying_since_ms, clock_monotonic_ms());
	result = hand_over(mailer, mail, last, &trouble);
	atomic_store(&mailer->trying_since_ms, 0);
	if (result == DELIVERED_STOPPED)
		return false;
	if (result != DELIVERED_NOWHERE)
		atomic_store(&mailer->failing, result == DELIVERED_NOT || (result == DELIVERED_LATER && !trouble.reply));
	mailer->owed = note_for(mail, result, &trouble);
	if (settle_note(mailer))
		return false;
	if (result == DELIVERED_NOT)
		pause_all(mailer);
	else if (result != DELIVERED_NOWHERE)
		mailer->troubles = 0;
	return result != DELIVERED_NOT;
}

static enum err take_due(struct db *db, void *argument)
{
	struct mailer *mailer = argument;

	return mail_queue_due(db, clock_now_s(), &mailer->batch);
}

static bool deliver_batch(struct mailer *mailer)
{
	bool on = true;

	for (size_t i = 0; on && i < mailer->batch.count; i++)
		on = !atomic_load(&mailer->stop) && deliver(mailer, &mailer->batch.mail[i], i + 1 == mailer->batch.count);
	mailer->delivery->rest(mailer->way);
	return on;
}

/* All that is due, batch by batch, until the queue has no more or nothing can be sent. */
static void deliver_due(struct mailer *mailer)
{
	bool on = !settle_note(mailer);

	while (on) {
		enum err err = store_read(mailer->store, take_due, mailer);
		if (err) {
			log_error("mail_queue_failed", LOG_TEXT("error", err_name(err)));
			pause_all(mailer);
		}
		on = !err && mailer->batch.count && deliver_batch(mailer);
	}
	queued_batch_done(&mailer->batch);
}

struct next {
	int64_t now_s, next_at;
};

static enum err ask_next(struct db *db, void *argument)
{
	struct next *next = argument;

	return mail_queue_next(db, next->now_s, &next->next_at);
}

/* How long until there is something to do. */
static int64_t wait_ms(struct mailer *mailer)
{
	int64_t pause_ms = mailer->resume_at_ms - clock_monotonic_ms();
	struct next next = { clock_now_s(), 0 };
	enum err err;

	if (pause_ms > 0)
		return pause_ms;
	if ((err = store_read(mailer->store, ask_next, &next)) == ERR_NOT_FOUND)
		return WAIT_FOREVER;
	if (err) {
		pause_all(mailer);
		return mailer->resume_at_ms - clock_monotonic_ms();
	}
	return next.next_at > next.now_s ? (next.next_at - next.now_s) * 1000 : 0;
}

static struct timespec deadline_in(int64_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* Until asked for another round than `served`, told to stop, or the time is up. */
static void wait_for_work(struct mailer *mailer, uint64_t served, int64_t ms)
{
	struct timespec deadline = deadline_in(ms < 0 ? 0 : ms);
	int late = 0;

	while (mailer->asked == served && !atomic_load(&mailer->stop) && !late)
		late = ms < 0 ? pthread_cond_wait(&mailer->changed, &mailer->lock)
		              : pthread_cond_timedwait(&mailer->changed, &mailer->lock, &deadline);
}

/*
 * Who asked for something that mails has the answer before the mail is looked at: else delivering it, which a letter to nobody is
 * spared, took the processor from the answer, and its time told who has an account.
 */
static void answer_first(struct mailer *mailer, uint64_t served)
{
	uint32_t more_ms = 0;
	enum err err = random_below(SPREAD_MS, &more_ms); /* without it the least wait holds */
	struct timespec deadline = deadline_in(ANSWER_FIRST_MS + (err ? 0 : more_ms));
	int late = mailer->asked == served ? ETIMEDOUT : 0;

	while (!mailer->awaited && !atomic_load(&mailer->stop) && !late)
		late = pthread_cond_timedwait(&mailer->changed, &mailer->lock, &deadline);
	mailer->awaited = false;
}

static void *run(void *argument)
{
	struct mailer *mailer = argument;

	pthread_mutex_lock(&mailer->lock);
	while (!atomic_load(&mailer->stop)) {
		uint64_t serving = mailer->asked;
		pthread_mutex_unlock(&mailer->lock);
		if (mailer->resume_at_ms <= clock_monotonic_ms())
			deliver_due(mailer);
		int64_t ms = wait_ms(mailer);
		pthread_mutex_lock(&mailer->lock);
		mailer->done = serving;
		pthread_cond_broadcast(&mailer->changed);
		wait_for_work(mailer, serving, ms);
		answer_first(mailer, serving);
	}
	pthread_mutex_unlock(&mailer->lock);
	return NULL;
}

static const struct delivery *const ways[] = {
	&outbox_delivery,
#ifdef WITH_SMTP
	&smtp_delivery, &smtps_delivery,
#endif
};

static const struct delivery *delivery_for(const char *mail)
{
	for (size_t i = 0; i < COUNT(ways); i++)
		if (!strncmp(mail, ways[i]->scheme, strlen(ways[i]->scheme)))
			return ways[i];
	return NULL;
}

static void init_lock(struct mailer *mailer)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&mailer->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&mailer->lock, NULL);
}

enum err mailer_new(const struct settings *settings, struct store *store, const struct keyring *keys, struct mailer **out,
                    const char **why)
{
	const struct delivery *delivery = delivery_for(settings->mail);
	struct mailer *mailer;
	enum err err;

	*why = "out of memory";
	if (!delivery) {
		*why = "this program was built without SMTP (meson option smtp)";
		return ERR_IO;
	}
	if (!(mailer = calloc(1, sizeof(*mailer))))
		return ERR_MEMORY;
	mailer->store = store;
	mailer->keys = keys;
	mailer->delivery = delivery;
	if ((err = delivery->open(settings, &mailer->stop, &mailer->way, why))) {
		free(mailer);
		return err;
	}
	init_lock(mailer);
	*out = mailer;
	return OK;
}

/* Signals are for the main thread. */
enum err mailer_start(struct mailer *mailer)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	mailer->started = !pthread_create(&mailer->thread, NULL, run, mailer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return mailer->started ? OK : ERR_MEMORY;
}

/* Returns the round that serves what is in the queue by now. */
static uint64_t ask(struct mailer *mailer)
{
	pthread_cond_broadcast(&mailer->changed);
	return ++mailer->asked;
}

void mailer_wake(struct mailer *mailer)
{
	pthread_mutex_lock(&mailer->lock);
	(void)ask(mailer);
	pthread_mutex_unlock(&mailer->lock);
}

/* Asks for a round of its own: the wake for what this caller queued may not have come yet. */
void mailer_settle(struct mailer *mailer, int max_ms)
{
	struct timespec deadline = deadline_in(max_ms);
	uint64_t ticket;

	if (!mailer->delivery->instant)
		return;
	pthread_mutex_lock(&mailer->lock);
	mailer->awaited = true;
	ticket = ask(mailer);
	while (mailer->started && mailer->done < ticket && !atomic_load(&mailer->stop))
		if (pthread_cond_timedwait(&mailer->changed, &mailer->lock, &deadline))
			break;
	pthread_mutex_unlock(&mailer->lock);
}

static enum err ask_waiting(struct db *db, void *argument)
{
	const int64_t *before_s = argument;

	return mail_queue_waiting(db, *before_s);
}

bool mailer_is_behind(struct mailer *mailer, int64_t now_s)
{
	int64_t before_s = now_s - MAIL_BEHIND_S, since_ms = atomic_load(&mailer->trying_since_ms);
	bool hangs = since_ms && clock_monotonic_ms() - since_ms > MAIL_SLOW_S * 1000;

	return (hangs || atomic_load(&mailer->failing)) && !store_read(mailer->store, ask_waiting, &before_s);
}

void mailer_stop(struct mailer *mailer)
{
	pthread_mutex_lock(&mailer->lock);
	atomic_store(&mailer->stop, true);
	pthread_cond_broadcast(&mailer->changed);
	pthread_mutex_unlock(&mailer->lock);
	if (mailer->started)
		pthread_join(mailer->thread, NULL);
	mailer->started = false;
}

void mailer_free(struct mailer *mailer)
{
	if (!mailer)
		return;
	mailer->delivery->close(mailer->way);
	pthread_cond_destroy(&mailer->changed);
	pthread_mutex_destroy(&mailer->lock);
	free(mailer);
}
