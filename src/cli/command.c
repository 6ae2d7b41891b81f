#include <stdio.h>

#include "base/base.h"
#include "cli/command.h"
#include "cli/help.h"

#include "base/banned.h"

static int command_help(char *const *arguments);

#define OPERATOR_HELP \
	"It acts through the running server, by the socket `control` in its data folder; without one it opens the data itself.\n" \
	"Give it the settings of the server: the same variables or file, or --data.\n" \
	"What begins with -- and is no flag, as an address may, stands behind --, at the end: twostep user show -- EMAIL\n" \
	"Exit status: 0 done, 1 not done, 2 not understood.\n"

const struct command commands[] = {
	{ "serve", "[FLAGS]", "runs the server",
	  "A flag wins over its variable, that over the file of --config, that over the default.\n"
	  "An empty variable counts as unset. In the file a setting is the flag without the hyphens in front:\n"
	  "  public-url = \"https://login.example.com\"   # a comment\n"
	  "A wrong setting ends the start with exit status 2 and one line that says what is wrong.\n"
	  "SIGTERM and SIGINT let open requests end (10 s at most), a second one ends at once.\n"
	  "So does SIGHUP on a terminal; elsewhere it does nothing: settings are read at the start alone.\n",
	  true, command_serve },
	{ "user", "list|show|reset-second-step|close …", "the people of this installation",
	  "  twostep user list [--search TEXT] [--json]\n"
	  "  twostep user show EMAIL [--json]\n"
	  "  twostep user reset-second-step EMAIL --reason TEXT\n"
	  "  twostep user close EMAIL [--hand-over EMAIL] --yes\n"
	  OPERATOR_HELP, true, command_user },
	{ "host", "allow|forbid|list …", "which organization may guard which host",
	  "  twostep host allow HOST ORGANIZATION     (its id, or its name)\n"
	  "  twostep host forbid HOST\n"
	  "  twostep host list [--json]\n"
	  OPERATOR_HELP, true, command_host },
	{ "organization", "create|list …", "organizations, where only the operator makes them",
	  "  twostep organization create NAME --owner EMAIL\n"
	  "  twostep organization list [--json]\n"
	  OPERATOR_HELP, true, command_organization },
	{ "proxy-config", "nginx|caddy|haproxy|traefik|envoy …", "what a proxy needs to guard an application",
	  "  twostep proxy-config KIND --service NAME [--organization ID] [--application ADDR:PORT]\n"
	  "It prints a complete configuration of that proxy for the hosts of the service, with comments, to copy and paste.\n"
	  "--organization  where several have a service of that name: an id, or a name\n"
	  "--application   where the application listens (127.0.0.1:3000)\n"
	  OPERATOR_HELP, true, command_proxy_config },
	{ "backup", "FILE [--force] [--with-keyring KEYFILE]", "copies the database while the server serves",
	  "Run it as the user of the server. FILE has mode 0600 and is checked before it gets its name. One that is there is replaced by --force alone.\n"
	  "The keyring is not in it, and without the keyring it opens nothing. --with-keyring copies that too, to a file of its own.\n"
	  "Give it the settings of the server: the same variables or file, or --data.\n"
	  "Exit status: 0 done, 1 not done, 2 not understood.\n", true, command_backup },
	{ "restore", "FILE", "puts a backup in the place of the database",
	  "Only while no server runs, as the user of the server, with the keyring of the backup in its place.\n"
	  "The database that was there is kept aside; its name is printed. Everybody has to sign in anew.\n"
	  "Give it the settings of the server: the same variables or file, or --data.\n"
	  "Exit status: 0 done, 1 not done, 2 not understood, or a file that cannot be restored.\n", true, command_restore },
	{ "help", "[COMMAND]", "shows this, or what a command takes", NULL, false, command_help },
	{ NULL, NULL, NULL, NULL, false, NULL },
};

int command_refuse(const char *line)
{
	fprintf(stderr, "twostep: %s\n", line);
	return EXIT_WRONG;
}

const struct command *command_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

static int refuse_word(const char *word)
{
	char shown[200], line[300];

	snprintf(line, sizeof(line), "%s: no such command; twostep --help lists them", setting_shown(word, shown, sizeof(shown)));
	return command_refuse(line);
}

static int command_help(char *const *arguments)
{
	const struct command *command = arguments[0] ? command_find(arguments[0]) : NULL;

	if (!arguments[0])
		return help_all();
	if (!command)
		return refuse_word(arguments[0]);
	return arguments[1] ? command_refuse("help: takes one command") : help_command(command);
}

static bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
}

int command_run(char *const *argv)
{
	const char *word = argv[0] ? argv[1] : NULL;
	const struct command *command = word ? command_find(word) : NULL;

	if (!word)
		return command_refuse("no command given; twostep --help lists them");
	if (is_help(word))
		return help_all();
	if (!strcmp(word, "--version"))
		return help_version();
	if (!command)
		return refuse_word(word);

	/* Asked for anywhere before "--": somebody who is stuck adds it at the end. */
	for (char *const *argument = argv + 2; *argument && strcmp(*argument, "--"); argument++)
		if (is_help(*argument))
			return help_command(command);
	return command->run(argv + 2);
}
