#include <stdio.h>

#include "base/base.h"
#include "cli/command.h"
#include "cli/help.h"

#include "base/banned.h"

static int command_help(char *const *arguments);

const struct command commands[] = {
	{ "serve", "[FLAGS]", "runs the server",
	  "A flag wins over its variable, that over the file of --config, that over the default.\n"
	  "An empty variable counts as unset. In the file a setting is the flag without the hyphens in front:\n"
	  "  public-url = \"https://login.example.com\"   # a comment\n"
	  "A wrong setting ends the start with exit status 2 and one line that says what is wrong.\n"
	  "SIGTERM and SIGINT let open requests end (10 s at most), a second one ends at once.\n",
	  true, command_serve },
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

	/* Asked for anywhere: somebody who is stuck adds it at the end. */
	for (char *const *argument = argv + 2; *argument; argument++)
		if (is_help(*argument))
			return help_command(command);
	return command->run(argv + 2);
}
