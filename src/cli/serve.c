#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accounts/hashes.h"
#include "api/api.h"
#include "base/base.h"
#include "base/log.h"
#include "base/outlet.h"
#include "cli/command.h"
#include "cli/control.h"
#include "cli/data.h"
#include "cli/health.h"
#include "cli/housekeeping.h"
#include "cli/notify.h"
#include "cli/own_user.h"
#include "cli/process.h"
#include "cli/set_back.h"
#include "gate/gate.h"
#include "http/server.h"
#include "mail/mailer.h"
#include "oidc/oidc.h"
#include "pages/pages.h"
#include "sign_in/guard.h"
#include "signing/signer.h"

#include "base/banned.h"

#define WHY_BYTES      256 /* of why a setting cannot be used */
#define SETTLE_MAIL_MS 500 /* longest that an answer waits for file mail */
#define PRINT_WAIT_MS  200 /* for who reads what is printed */

/* Everything that a running server is made of. There is one in a process. */
static struct service {
	struct settings settings;
	struct settings_given given;
	struct setting_wrong wrong; /* why the start ended */
	struct arena arena;         /* of the settings */
	sigset_t ending;
	struct listener listener; /* from before the change of user, until the server has it */
	struct data data;
	struct hashes *hashes;
	struct signer *signer;
	struct gate *gate;
	struct mailer *mailer;
	struct server *server;
	struct housekeeping *housekeeping;
	struct control *control;
} service = { .data = DATA_NONE, .listener = { .fd = -1 } };

static void settle_mail(struct call *call)
{
	if (call->settle_mail)
		mailer_settle(service.mailer, SETTLE_MAIL_MS);
}

static const struct surface *const surfaces[] = {
	&health_surface, &api_surface, &forward_auth_surface, &auth_request_surface, &ext_authz_surface, &gate_surface, &oidc_surface,
	&pages_surface, NULL,
};
static const struct router router = { .surfaces = surfaces, .guard = guard, .after = settle_mail };

/* What loops answer from memory. */
static bool answer_fast(const struct fast *fast, struct answer *answer)
{
	return gate_fast(service.gate, fast, answer) || health_fast(fast->request, answer) || pages_fast(fast->request, answer);
}

static void turn(unsigned loop, bool begins)
{
	gate_turn(service.gate, loop, begins);
}

/* The start ended over a setting that turned out wrong. */
static enum err blame(enum setting_name name, const char *because)
{
	setting_complain(&service.wrong, &service.given, name, because);
	return ERR_INVALID;
}

static enum err blame_why(enum setting_name name, const char *why)
{
	char because[WHY_BYTES];

	snprintf(because, sizeof(because), "which cannot be used (%s)", why);
	return blame(name, because);
}

/*
 * Root alone can open a port below 1024 and make a folder where it makes them; all that follows is done by the other user. Without
 * a change of user the port is opened last, so that nobody waits at a start that fails.
 */
static enum err change_user(void)
{
	const struct settings *settings = &service.settings;
	struct own_user user;
	const char *why = "";

	if (!settings->user)
		return OK;
	if (own_user_find(settings->user, &user, &why))
		return blame(SETTING_USER, why);
	if (!user.change)
		return OK;
	if (listen_open(settings->listen, &service.listener, &why) ||
	    listen_hand_over(&service.listener, user.user, user.group, &why))
		return blame_why(SETTING_LISTEN, why);
	if (own_user_make_folder(&user, settings->data))
		return blame(SETTING_DATA, "which cannot be given to the user of --user");
	return own_user_become(&user) ? blame(SETTING_USER, "which this process could not change to, whole and for good") : OK;
}

static enum err open_data(void)
{
	enum err err = data_lock(&service.data, &service.settings, &service.given, &service.wrong);

	return err ? err : data_open(&service.data, &service.settings, &service.given, &service.wrong);
}

/* By the writer thread, which ends after those that it wakes. */
static void wake(void *to, unsigned bits)
{
	struct service *woken = to;

	if (bits & DB_WAKE_MAIL)
		mailer_wake(woken->mailer);
	if (bits & DB_WAKE_NOTICES)
		housekeeping_wake(woken->housekeeping);
}

static enum err watch_files(void)
{
	return health_begin(&service.settings);
}

static enum err open_mailer(void)
{
	const char *why = "";

	if (mailer_new(&service.settings, service.data.store, service.data.keys, &service.mailer, &why))
		return blame_why(SETTING_MAIL, why);
	store_on_wake(service.data.store, wake, &service);
	health_watch_mail(service.mailer);
	return OK;
}

static enum err open_hashes(void)
{
	return hashes_new(0, SERVER_REQUEST_THREADS / 2, &service.hashes);
}

static enum err open_signer(void)
{
	return signer_new(service.data.store, service.data.keys, &service.signer);
}

/* A socket of systemd's goes before --listen, and port 0 is any: what is told of it, and warned of, is what was opened. */
static enum err note_where(void)
{
	const char *where = arena_text(&service.arena, server_where(service.server));

	if (where && *where)
		service.settings.listen = where;
	return where ? OK : ERR_MEMORY;
}

static enum err open_server(void)
{
	struct server_options options = {
		.settings = &service.settings, .store = service.data.store, .keys = service.data.keys, .hashes = service.hashes,
		.places = hashes_places(service.hashes), .signer = service.signer,
		.listener = service.listener.fd >= 0 ? &service.listener : NULL, .router = &router, .fast = answer_fast, .turn = turn,
	};
	const char *why = "";
	enum err err = gate_new(&service.settings, service.data.store, server_loops(&options), &service.gate);

	if (err)
		return err;
	options.gate = service.gate;
	store_on_commit(service.data.store, gate_forget, service.gate);
	return server_new(&options, &service.server, &why) ? blame_why(SETTING_LISTEN, why) : note_where();
}

static void warn_readable(enum setting_name name)
{
	const char *path = service.given.of[name].text;
	struct stat found;

	if (path && !stat(path, &found) && (found.st_mode & 077))
		log_warn("readable_by_others", LOG_TEXT("setting", settings_table[name].flag), LOG_TEXT("file", path));
}

static void warn_unknown(void)
{
	for (char *const *variable = environ; *variable; variable++)
		if (settings_unknown_variable(*variable))
			log_warn("unknown_variable", LOG_TEXT("name", arena_copy(&service.arena, *variable, strcspn(*variable, "="))));
}

/* What works, but perhaps not as its operator thinks. */
static void warn_operator(void)
{
	const struct settings *settings = &service.settings;

	if (!geteuid())
		log_warn("running_as_root", LOG_TEXT("advice", "give it a user of its own: --user NAME"));
	if (!settings->https && !settings->public_loopback)
		log_warn("public_url_without_https", LOG_TEXT("url", settings->public_url));
	if (settings_networks_blind(settings))
		log_warn("networks_blind", LOG_TEXT("advice", "name the proxy in front by --trusted-proxies: limits by network do not work"));
	if (settings_trust_everybody(settings))
		log_warn("everybody_is_a_trusted_proxy", LOG_TEXT("advice", "anybody can claim any address"));
	warn_unknown();
	warn_readable(SETTING_MAIL_PASSWORD_FILE);
	if (settings->mail_password && !service.given.of[SETTING_MAIL_PASSWORD_FILE].text && service.given.of[SETTING_MAIL].source == SOURCE_FILE)
		warn_readable(SETTING_CONFIG);
}

/* The server is worth running without: the operator's commands then say that they cannot reach it. */
static void start_control(void)
{
	const char *why = "";

	if (control_start(&service.settings, service.data.store, service.data.keys, &service.control, &why))
		log_warn("no_control_socket", LOG_TEXT("why", why));
}

/* No setting can turn out wrong any more: from here on the log speaks. */
static enum err start_threads(void)
{
	enum err err;

	log_setup((enum log_level)service.settings.log_level, service.settings.log_json);
	store_log_migrated(service.data.store);
	warn_operator();
	if ((err = set_back_begin(service.data.store)) || (err = mailer_start(service.mailer)) || (err = gate_start(service.gate)) ||
	    (err = housekeeping_start(&service.settings, service.data.store, service.data.keys, &service.housekeeping)))
		return err;
	start_control();
	return server_start(service.server);
}

static enum err (*const steps[])(void) = { process_harden, change_user, open_data, watch_files, open_mailer, open_hashes, open_signer,
	open_server, start_threads };

/* From the door inwards: nobody may come in while the rest is being taken down. */
static void take_down(void)
{
	if (service.server)
		server_stop(service.server);
	server_free(service.server);
	listen_close(&service.listener);
	control_stop(service.control);
	gate_stop(service.gate);
	housekeeping_stop(service.housekeeping);
	if (service.mailer)
		mailer_stop(service.mailer);
	mailer_free(service.mailer);
	hashes_free(service.hashes);
	signer_free(service.signer);
	health_end();
	data_close(&service.data);
	gate_free(service.gate);
	arena_done(&service.arena);
}

/* Whoever does not read it has it in the log too. */
static void print_where(void)
{
	char line[OUTLET_PIECE_BYTES];
	int length = snprintf(line, sizeof(line), "twostep " TWOSTEP_VERSION " serves %s\n", service.settings.public_url);

	if (length > 0 && (size_t)length < sizeof(line))
		(void)outlet_put(STDOUT_FILENO, line, (size_t)length, PRINT_WAIT_MS);
}

static void say_ready(void)
{
	log_info("ready", LOG_TEXT("version", TWOSTEP_VERSION), LOG_TEXT("listen", server_where(service.server)),
	         LOG_TEXT("url", service.settings.public_url));
	if (service.settings.mail_print)
		print_where();
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

	if (!err)
		err = settings_read_mail(&service.arena, &service.settings, &service.given, &service.wrong);
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
