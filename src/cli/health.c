#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/health.h"
#include "cli/settings.h"
#include "http/call.h"
#include "keys/keyring.h"
#include "mail/mailer.h"
#include "store/store.h"

#include "base/banned.h"

bool health_fast(const struct request *request, struct answer *answer)
{
	bool right = request->method == GET || request->method == HEAD;

	if (!view_same(request->path, "/healthz"))
		return false;
	answer->status = right ? 200 : err_status(ERR_METHOD);
	if (!right)
		answer_header(answer, "Allow", "GET, HEAD");
	json_open(answer, NULL);
	json_text(answer, "status", right ? "ok" : err_word(ERR_METHOD));
	json_close(answer);
	return true;
}

/*
 * What the server has open, or has read, outlives the name that the next start goes by. The file is kept by a descriptor that neither
 * reads nor locks: as long as there is one, no other file gets its number.
 */
static struct named {
	const char *path; /* NULL: not looked after */
	int kept;
	const char *gone;
} database = { NULL, -1, "database file moved, replaced or unreadable" },
  keyring = { NULL, -1, "keyring file moved, replaced or unreadable" };

static enum err keep(struct named *file, const char *path)
{
	file->path = path;
	file->kept = open(path, O_PATH | O_CLOEXEC);
	return file->kept >= 0 ? OK : ERR_IO;
}

enum err health_begin(const struct settings *settings)
{
	enum err err = keep(&database, settings->database);

	return err ? err : keep(&keyring, settings->keyring);
}

static struct mailer *mail; /* NULL: not looked after */

void health_watch_mail(struct mailer *mailer)
{
	mail = mailer;
}

static void let_go(struct named *file)
{
	if (file->kept >= 0)
		close(file->kept);
	file->path = NULL;
	file->kept = -1;
}

void health_end(void)
{
	let_go(&database);
	let_go(&keyring);
	mail = NULL;
}

/* Does the path still name it, and may we still read it? Not opened to find out: closing it would give up SQLite's locks. */
static bool is_there(const struct named *file)
{
	struct stat kept, found;

	return !file->path || (!fstat(file->kept, &kept) && !stat(file->path, &found) && found.st_dev == kept.st_dev &&
	                       found.st_ino == kept.st_ino && !access(file->path, R_OK));
}

/* The keyring answers where it still makes a digest. */
static enum err keyring_probe(const struct keyring *keys)
{
	const struct digest_part part = { "probe", 5 };
	uint8_t digest[DIGEST_BYTES];

	return keyring_digest(keys, DIGEST_ADDRESS, &part, 1, digest);
}

/* Asked at most so often, whoever asks: a flood of questions is no burden to the store. */
#define READY_KEPT_MS 1000

/* The last answer. Nothing is known before the first, and nothing good of one that does not come. */
static struct {
	pthread_mutex_t lock;
	int64_t asked_ms; /* monotonic; 0: never */
	bool asking;
	const char *reason; /* NULL: ready */
} last = { .lock = PTHREAD_MUTEX_INITIALIZER, .reason = "database" };

/* True: it is this caller's turn to ask; else *reason. */
static bool is_to_ask(int64_t now_ms, const char **reason)
{
	bool kept, ask;

	pthread_mutex_lock(&last.lock);
	kept = last.asked_ms && now_ms - last.asked_ms < READY_KEPT_MS;
	ask = !last.asking && !kept;
	*reason = kept ? last.reason : "database";
	if (ask) {
		last.asking = true;
		last.asked_ms = now_ms;
	}
	pthread_mutex_unlock(&last.lock);
	return ask;
}

/* NULL: nothing. */
static const char *find_amiss(const struct call *call)
{
	if (!is_there(&database))
		return database.gone;
	if (!is_there(&keyring))
		return keyring.gone;
	return store_probe(call->store) ? "database" : keyring_probe(call->keys) ? "keyring" : NULL;
}

static const char *ask(const struct call *call)
{
	const char *reason = find_amiss(call);

	if (reason)
		log_warn("not_ready", LOG_TEXT("reason", reason));
	pthread_mutex_lock(&last.lock);
	last.asking = false;
	last.reason = reason;
	pthread_mutex_unlock(&last.lock);
	return reason;
}

static void answer_status(struct call *call, int status, const char *word, const char *reason)
{
	answer_reset(call->out);
	call->out->status = status;
	json_open(call->out, NULL);
	json_text(call->out, "status", word);
	if (reason)
		json_text(call->out, "reason", reason);
	json_close(call->out);
}

/* What does not stop it from serving, but somebody should know: the same that warnings in the log say. */
static void list_warnings(struct call *call)
{
	json_list(call->out, "warnings");
	if (settings_networks_blind(call->settings))
		json_text(call->out, NULL, "networks_blind");
	if (mail && mailer_is_behind(mail, call->now_s))
		json_text(call->out, NULL, "mail_waits");
	json_list_close(call->out);
}

static enum err ready(struct call *call)
{
	const char *reason;

	if (is_to_ask(clock_monotonic_ms(), &reason))
		reason = ask(call);
	if (reason) {
		answer_status(call, 503, "unavailable", reason);
		return OK;
	}
	json_open(call->out, NULL);
	json_text(call->out, "status", "ready");
	list_warnings(call);
	json_close(call->out);
	return OK;
}

static const struct route health_routes[] = {
	{ GET, "/readyz", ACCESS_ANYBODY, FRESH_NOT, NULL, ready },
	ROUTES_END
};

static const struct route *const health_tables[] = { health_routes, NULL };

/* Something else failed on the way to the question: the same two names for what does not answer. What was asked wrongly says nothing of us. */
static void refuse(struct call *call, enum err err)
{
	const char *reason = err == ERR_STORE ? "database" : err == ERR_CRYPTO ? "keyring" : err_word(err);

	if (err_status(err) < 500)
		answer_status(call, err_status(err), err_word(err), NULL);
	else
		answer_status(call, err_status(err), "unavailable", reason);
}

const struct surface health_surface = { .prefix = "/readyz", .tables = health_tables, .json = true, .refuse = refuse };
