#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accounts/hashes.h"
#include "api/api.h"
#include "base/base.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/folder.h"
#include "cli/health.h"
#include "cli/housekeeping.h"
#include "cli/mark.h"
#include "cli/notify.h"
#include "cli/process.h"
#include "http/server.h"
#include "keys/keyring.h"
#include "mail/mailer.h"
#include "pages/pages.h"
#include "sign_in/guard.h"
#include "store/store.h"

#include "base/banned.h"

#define SETTLE_MAIL_MS 500 /* longest that an answer waits for file mail */

/* Everything that a running server is made of. There is one in a process. */
static struct service {
	struct settings settings;
	struct settings_given given;
	struct setting_wrong wrong; /* why the start ended */
	struct arena arena;         /* of the settings */
	sigset_t ending;
	int lock;
	struct store *store;
	struct keyring *keys;
	struct hashes *hashes;
	struct mailer *mailer;
	struct server *server;
	struct housekeeping *housekeeping;
} service = { .lock = -1 };

static void settle_mail(struct call *call)
{
	if (call->settle_mail)
		mailer_settle(service.mailer, SETTLE_MAIL_MS);
}

static const struct surface *const surfaces[] = { &health_surface, &api_surface, &pages_surface, NULL };
static const struct router router = { .surfaces = surfaces, .guard = guard, .after = settle_mail };

/* What loops answer from memory. */
static bool answer_fast(const struct request *request, struct answer *answer)
{
	return health_fast(request, answer) || pages_fast(request, answer);
}

/* The start ended over a setting that turned out wrong. */
static enum err blame(enum setting_name name, const char *because)
{
	setting_complain(&service.wrong, &service.given, name, because);
	return ERR_INVALID;
}

static enum err blame_why(enum setting_name name, const char *why)
{
	char because[FOLDER_WHY_BYTES];

	snprintf(because, sizeof(because), "which cannot be used (%s)", why);
	return blame(name, because);
}

static enum err take_folder(void)
{
	char why[FOLDER_WHY_BYTES];

	if (folder_open(service.settings.data, why) || folder_lock(service.settings.data, &service.lock, why))
		return blame(SETTING_DATA, why);
	return OK;
}

static enum err open_store(void)
{
	const char *why = "";
	bool created;
	enum err err = store_open(service.settings.database, &service.store, &created, &why);

	return err ? blame_why(SETTING_DATABASE, why) : OK;
}

/* One may be made as long as nothing in the database was sealed by another: until its mark stands there. */
static enum err open_keyring(void)
{
	uint8_t mark[MARK_BYTES];
	const char *why = "";
	enum err err = mark_find(service.store, mark);

	if (err && err != ERR_NOT_FOUND)
		return blame(SETTING_DATABASE, "which cannot be read");
	if (keyring_open(service.settings.keyring, err == ERR_NOT_FOUND, &service.keys, &why))
		return blame_why(SETTING_KEYRING, why);
	if ((err = keyring_mark(service.keys, mark)) || (err = mark_keep(service.store, mark)))
		return err == ERR_CRYPTO ? blame(SETTING_KEYRING, "which is another than the one this database was begun with") : err;
	return OK;
}

static void wake_mailer(void *to, unsigned bits)
{
	if (bits & DB_WAKE_MAIL)
		mailer_wake(to);
}

static enum err open_mailer(void)
{
	const char *why = "";

	if (mailer_new(&service.settings, service.store, service.keys, &service.mailer, &why))
		return blame_why(SETTING_MAIL, why);
	store_on_wake(service.store, wake_mailer, service.mailer);
	return OK;
}

static enum err open_hashes(void)
{
	return hashes_new(0, SERVER_REQUEST_THREADS / 2, &service.hashes);
}

static enum err open_server(void)
{
	const struct server_options options = {
		.settings = &service.settings, .store = service.store, .keys = service.keys, .hashes = service.hashes,
		.router = &router, .fast = answer_fast,
	};
	const char *why = "";

	return server_new(&options, &service.server, &why) ? blame_why(SETTING_LISTEN, why) : OK;
}

static void warn_readable(enum setting_name name)
{
	const char *path = service.given.of[name].text;
	struct stat found;

	if (path && !stat(path, &found) && (found.st_mode & 077))
		log_warn("readable_by_others", LOG_TEXT("setting", settings_table[name].flag), LOG_TEXT("file", path));
}

/* What works, but perhaps not as its operator thinks. */
static void warn_operator(void)
{
	const struct settings *settings = &service.settings;

	if (!geteuid())
		log_warn("running_as_root", LOG_TEXT("advice", "give it a user of its own"));
	if (!settings->https && !settings->public_loopback)
		log_warn("public_url_without_https", LOG_TEXT("url", settings->public_url));
	if (settings_networks_blind(settings))
		log_warn("networks_blind", LOG_TEXT("advice", "name the proxy in front by --trusted-proxies: limits by network do not work"));
	for (size_t i = 0; i < settings->trusted_proxies_count; i++)
		if (!settings->trusted_proxies[i].prefix_bits)
			log_warn("everybody_is_a_trusted_proxy", LOG_TEXT("advice", "anybody can claim any address"));
	if (service.given.unknown_environment)
		log_warn("unknown_variable", LOG_TEXT("name", service.given.unknown_environment));
	warn_readable(SETTING_MAIL_PASSWORD_FILE);
	if (settings->mail_password && service.given.of[SETTING_MAIL].source == SOURCE_FILE)
		warn_readable(SETTING_CONFIG);
}

/* No setting can turn out wrong any more: from here on the log speaks. */
static enum err start_threads(void)
{
	enum err err;

	log_setup((enum log_level)service.settings.log_level, service.settings.log_json);
	warn_operator();
	if ((err = mailer_start(service.mailer)) || (err = housekeeping_start(service.store, &service.housekeeping)))
		return err;
	return server_start(service.server);
}

static enum err (*const steps[])(void) = { process_harden, take_folder,  open_store,  open_keyring,
	                                   open_mailer,    open_hashes,  open_server, start_threads };

/* From the door inwards: nobody may come in while the rest is being taken down. */
static void take_down(void)
{
	if (service.server)
		server_stop(service.server);
	server_free(service.server);
	housekeeping_stop(service.housekeeping);
	if (service.mailer)
		mailer_stop(service.mailer);
	mailer_free(service.mailer);
	hashes_free(service.hashes);
	store_close(service.store);
	keyring_free(service.keys);
	folder_unlock(&service.lock);
	arena_done(&service.arena);
}

static void say_ready(void)
{
	log_info("ready", LOG_TEXT("version", TWOSTEP_VERSION), LOG_TEXT("listen", server_where(service.server)),
	         LOG_TEXT("url", service.settings.public_url));
	if (service.settings.mail_print) {
		printf("twostep " TWOSTEP_VERSION " serves %s\n", service.settings.public_url);
		fflush(stdout);
	}
	notify("READY=1");
}

static enum err start(void)
{
	enum err err = OK;

	for (size_t i = 0; i < COUNT(steps) && !err; i++)
		err = steps[i]();
	return err;
}

/* A start that ended over no setting: memory, threads, the system. */
static int give_up(enum err err)
{
	char line[100];

	snprintf(line, sizeof(line), "cannot start: %s", err_name(err));
	command_refuse(line);
	return EXIT_FAILURE;
}

int command_serve(char *const *arguments)
{
	enum err err = settings_read(&service.arena, arguments, environ, &service.settings, &service.given, &service.wrong);
	int status = EXIT_SUCCESS;

	log_setup(LOG_NOTHING, service.settings.log_json); /* a start that fails says one line */
	if (!err) {
		process_hold_signals(&service.ending);
		err = start();
	}
	if (err) {
		status = service.wrong.line[0] ? command_refuse(service.wrong.line) : give_up(err);
	} else {
		say_ready();
		log_info("stopping", LOG_INT("signal", process_wait_stop(&service.ending)));
		notify("STOPPING=1");
	}
	take_down();
	return status;
}
