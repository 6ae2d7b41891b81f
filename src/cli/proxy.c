/* twostep proxy-config …: what a proxy needs to guard a service, from a template of cli/proxies/ for each kind. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "cli/command.h"
#include "cli/operator.h"
#include "cli/snippet.h"
#include "embed.h"
#include "organizations/services.h"

#include "base/banned.h"

#define APPLICATION_PRESET "127.0.0.1:3000"
#define LISTED_MAX         50  /* services that are named where one is not found */
#define LONG_NAME          40  /* nginx wants another setting from about 45 on */
#define ID_MARK            8   /* characters of a service's id that tell its names in a configuration apart */
#define ADDRESS_BYTES      300

extern const struct embedded proxies[];
extern const size_t proxies_count;

struct kind {
	const char *name, *file;
	const char *unix_prefix; /* in front of the path of a Unix socket; NULL: cannot reach one */
};

static const struct kind nginx = { "nginx", "nginx.conf", "unix:" };
static const struct kind caddy = { "caddy", "Caddyfile", "unix/" };
static const struct kind haproxy = { "haproxy", "haproxy.cfg", "unix@" };
static const struct kind traefik = { "traefik", "traefik.yaml", NULL };
static const struct kind envoy = { "envoy", "envoy.yaml", "" };

/* An address taken apart at its last colon. */
struct address {
	char whole[ADDRESS_BYTES], name[ADDRESS_BYTES], port[8];
};

static void address_split(struct address *address, const char *preset_port)
{
	const char *colon = strrchr(address->whole, ':'), *bracket = strrchr(address->whole, ']');
	bool has_port = colon && (!bracket || colon > bracket);
	size_t length = has_port ? (size_t)(colon - address->whole) : strlen(address->whole);

	snprintf(address->name, sizeof(address->name), "%.*s", (int)length, address->whole);
	snprintf(address->port, sizeof(address->port), "%s", has_port ? colon + 1 : preset_port);
}

/* Brackets are for where a port follows. */
static const char *without_brackets(struct operation *operation, const char *name)
{
	size_t length = strlen(name);

	return *name == '[' && length > 2 ? arena_printf(operation->call.arena, "%.*s", (int)length - 2, name + 1) : name;
}

static int refuse(struct operation *operation, int status, const char *what)
{
	buf_text(&operation->line, "proxy-config: ");
	buf_text(&operation->line, what);
	return status;
}

/* ---- which service ---- */

static void name_one(struct operation *operation, const struct owned_service *one)
{
	char id[ID_TEXT];

	buf_text(&operation->line, "\n  --service ");
	buf_text(&operation->line, shown(operation, one->service.name));
	buf_text(&operation->line, " --organization ");
	buf_text(&operation->line, id_text(&one->organization, id));
	buf_text(&operation->line, "  (");
	buf_text(&operation->line, shown(operation, one->organization_name));
	buf_text(&operation->line, ")");
}

static int name_all(struct operation *operation, const struct owned_service *found, size_t count, const char *what)
{
	refuse(operation, EXIT_FAILURE, what);
	for (size_t i = 0; i < count && i < LISTED_MAX; i++)
		name_one(operation, &found[i]);
	if (count > LISTED_MAX)
		buf_text(&operation->line, "\n  …");
	return EXIT_FAILURE;
}

static int refuse_unknown(struct operation *operation)
{
	struct owned_service *found;
	size_t count;
	enum err err = services_find(&operation->call, NULL, operation->organization, LISTED_MAX + 1, &found, &count);

	if (err)
		return operation_fail(operation, err, "proxy-config");
	return name_all(operation, found, count, count ? "no service has this name; there is:" : "there is no service yet");
}

static int find_service(struct operation *operation, struct owned_service **out)
{
	size_t count;
	enum err err;

	if (!operation->service)
		return refuse(operation, EXIT_WRONG, "--service is missing: the name of the service");
	err = services_find(&operation->call, operation->service, operation->organization, LISTED_MAX + 1, out, &count);
	if (err == ERR_NOT_FOUND && operation->organization)
		return operation_refuse(operation, EXIT_FAILURE, operation->organization, "no organization has this id");
	if (err)
		return operation_fail(operation, err, operation->organization ? operation->organization : "proxy-config");
	if (!count)
		return refuse_unknown(operation);
	if (count > 1)
		return name_all(operation, *out, count, "several have a service of this name; say which:");
	if (!(*out)->service.host_count)
		return refuse(operation, EXIT_FAILURE, "the service has no host yet: give it one on its page");
	return EXIT_SUCCESS;
}

/* ---- what is filled in ---- */

/* A path that no configuration takes apart. A socket that systemd made may have none. */
static bool is_plain_path(const char *path)
{
	bool some = *path;

	for (; *path; path++)
		if (!isalnum((unsigned char)*path) && !strchr("/._-", *path))
			return false;
	return some;
}

/* Where a proxy on this machine reaches us. */
static int read_own(struct operation *operation, const struct kind *kind, struct address *out, bool *is_unix)
{
	static const struct { const char *any, *own; } anywhere[] = { { "0.0.0.0:", "127.0.0.1:" }, { "[::]:", "[::1]:" } };
	const char *listen = operation->call.settings->listen, *own = "";

	*is_unix = !strncmp(listen, "unix:", 5);
	if (*is_unix && (!kind->unix_prefix || !is_plain_path(listen + 5) || strlen(listen) > ADDRESS_BYTES / 2))
		return refuse(operation, EXIT_FAILURE,
		              "this proxy does not reach a server at this Unix socket: give it --listen ADDR:PORT");
	if (*is_unix) {
		snprintf(out->whole, sizeof(out->whole), "%s%s", kind->unix_prefix, listen + 5);
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; i < COUNT(anywhere); i++)
		if (!strncmp(listen, anywhere[i].any, strlen(anywhere[i].any))) {
			own = anywhere[i].own;
			listen += strlen(anywhere[i].any);
		}
	snprintf(out->whole, sizeof(out->whole), "%s%s", own, listen);
	address_split(out, "80");
	if (!strcmp(out->port, "0"))
		return refuse(operation, EXIT_FAILURE, "--listen leaves the port to the system: ask while the server runs, or give it a port");
	return EXIT_SUCCESS;
}

static int read_application(struct operation *operation, struct address *out)
{
	const char *typed = operation->application ? operation->application : APPLICATION_PRESET;
	char host[HOSTNAME_TEXT];

	if (hostname_read(typed, false, host))
		return refuse(operation, EXIT_WRONG, "--application takes ADDR:PORT, where the application listens");
	snprintf(out->whole, sizeof(out->whole), "%s", host);
	address_split(out, "80"); /* which hostname_read leaves out */
	snprintf(out->whole, sizeof(out->whole), "%s:%s", out->name, out->port);
	return EXIT_SUCCESS;
}

/* A name that every configuration takes, of a host: letters, digits, '-' and '_'. No two have the same: hosts are in small letters. */
static const char *host_slug(struct operation *operation, const char *host)
{
	static const struct { char c; const char *name; } named[] = { { '.', "_" }, { ':', "_P" }, { '[', "_L" }, { ']', "_R" } };
	SCOPED(buf_done) struct buf text = { 0 };
	size_t i;

	for (; *host; host++) {
		for (i = 0; i < COUNT(named) && named[i].c != *host; i++)
			;
		if (i < COUNT(named))
			buf_text(&text, named[i].name);
		else
			buf_char(&text, *host);
	}
	return arena_buf(operation->call.arena, &text);
}

/* '_' for what a name must not have. */
static const char *without_signs(struct operation *operation, const char *text, const char *signs)
{
	char *copy = arena_copy(operation->call.arena, text, strlen(text));

	for (char *p = copy; p && *p; p++)
		if (strchr(signs, *p))
			*p = '_';
	return copy;
}

static const char *kept(struct operation *operation, const char *text)
{
	return arena_text(operation->call.arena, text);
}

static bool is_first_of_port(const struct snippet_host *hosts, size_t at, const char *port)
{
	for (size_t i = 0; i < at; i++)
		for (const struct snippet_word *word = hosts[i].words; word->name; word++)
			if (!strcmp(word->name, "PORT") && !strcmp(word->value, port))
				return false;
	return true;
}

static bool fill_host(struct operation *operation, const struct service_host *from, struct snippet_host *hosts, size_t at)
{
	bool https = operation->call.settings->https, has_port;
	struct address address;
	const char *name, *port;

	snprintf(address.whole, sizeof(address.whole), "%s", from->host);
	address_split(&address, https ? "443" : "80");
	name = kept(operation, address.name);
	port = kept(operation, address.port);
	if (!name || !port)
		return false;
	has_port = strlen(name) < strlen(from->host);
	hosts[at] = (struct snippet_host){
		{ { "HOST", from->host }, { "HOSTNAME", name }, { "PORT", port }, { "SLUG", host_slug(operation, from->host) },
		  { "BACKEND", without_signs(operation, from->host, "[]") } },
		{ { "waiting", from->state != HOST_ALLOWED }, { "httpsport", https && is_first_of_port(hosts, at, port) },
		  { "httpport", !https && is_first_of_port(hosts, at, port) }, { "ownport", has_port }, { "noport", !has_port },
		  { "longname", strlen(name) > LONG_NAME } },
	};
	return hosts[at].words[3].value && hosts[at].words[4].value;
}

static const char *template_of(const struct kind *kind)
{
	for (size_t i = 0; i < proxies_count; i++)
		if (!strcmp(proxies[i].name, kind->file))
			return (const char *)proxies[i].bytes;
	return NULL;
}

static int write_snippet(struct operation *operation, const struct kind *kind, const struct owned_service *found)
{
	const struct settings *settings = operation->call.settings;
	const struct service *service = &found->service;
	struct snippet_host *hosts = arena_alloc(operation->call.arena, service->host_count * sizeof(*hosts));
	struct address own, application;
	char id[ID_TEXT];
	bool is_unix;
	int status;

	if ((status = read_own(operation, kind, &own, &is_unix)) || (status = read_application(operation, &application)))
		return status;
	for (size_t i = 0; i < service->host_count; i++)
		if (!hosts || !fill_host(operation, &service->hosts[i], hosts, i))
			return operation_fail(operation, ERR_MEMORY, "proxy-config");
	id_text(&service->id, id);
	id[ID_MARK] = '\0';

	const struct snippet_word words[] = {
		{ "NAME", shown(operation, service->name) }, { "ID", without_signs(operation, id, "-") }, { "PUBLIC", settings->public_url },
		{ "SCHEME", settings->https ? "https" : "http" }, { "ENTRY", settings->https ? "websecure" : "web" },
		{ "TWOSTEP", own.whole }, { "TWOSTEPNAME", is_unix ? "" : without_brackets(operation, own.name) },
		{ "TWOSTEPPORT", is_unix ? "" : own.port }, { "TRUSTUNIX", is_unix ? ",unix" : "" },
		{ "APPLICATION", application.whole }, { "APPLICATIONNAME", without_brackets(operation, application.name) },
		{ "APPLICATIONPORT", application.port }, { "SHARE", TWOSTEP_SHARE }, { NULL, NULL },
	};
	const struct snippet_fact facts[] = {
		{ "https", settings->https }, { "http", !settings->https }, { "unix", is_unix }, { "tcp", !is_unix },
		{ "untrusted", is_unix ? !settings->trust_unix : !settings->trusted_proxies_count }, { NULL, false },
	};
	const struct snippet snippet = { words, facts, hosts, service->host_count };
	const char *template = template_of(kind);

	if (!template || !snippet_write(&operation->out, template, &snippet) || buf_check(&operation->out)) {
		buf_reset(&operation->out); /* half of a configuration guards nothing */
		return operation_fail(operation, ERR_MEMORY, "proxy-config");
	}
	return EXIT_SUCCESS;
}

static int print(struct operation *operation, const struct kind *kind)
{
	struct owned_service *found;
	int status = find_service(operation, &found);

	return status ? status : write_snippet(operation, kind, found);
}

static int print_nginx(struct operation *operation)
{
	return print(operation, &nginx);
}

static int print_caddy(struct operation *operation)
{
	return print(operation, &caddy);
}

static int print_haproxy(struct operation *operation)
{
	return print(operation, &haproxy);
}

static int print_traefik(struct operation *operation)
{
	return print(operation, &traefik);
}

static int print_envoy(struct operation *operation)
{
	return print(operation, &envoy);
}

#define USAGE "--service NAME [--organization ID] [--application ADDR:PORT]"
#define FLAGS (OPERATOR_SERVICE | OPERATOR_ORGANIZATION | OPERATOR_APPLICATION)

const struct operator_command proxy_commands[] = {
	{ "proxy-config", "nginx", USAGE, "for nginx, by auth_request", 0, FLAGS, print_nginx },
	{ "proxy-config", "caddy", USAGE, "for Caddy, by forward_auth", 0, FLAGS, print_caddy },
	{ "proxy-config", "haproxy", USAGE, "for HAProxy, by an action in Lua that comes with twostep", 0, FLAGS, print_haproxy },
	{ "proxy-config", "traefik", USAGE, "for Traefik, by ForwardAuth", 0, FLAGS, print_traefik },
	{ "proxy-config", "envoy", USAGE, "for Envoy, by ext_authz", 0, FLAGS, print_envoy },
	{ NULL, NULL, NULL, NULL, 0, 0, NULL },
};
