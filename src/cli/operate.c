/* twostep user, host, organization, proxy-config: through the running server, or on the store itself where none runs. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/control.h"
#include "cli/data.h"
#include "cli/help.h"
#include "cli/operator.h"
#include "cli/own_call.h"
#include "cli/process.h"
#include "cli/set_back.h"

#include "base/banned.h"

#define ARGUMENTS_MAX    64
#define LOCK_PATIENCE_MS 3000
#define LOCK_MOMENT_MS   50   /* between two looks */

/* Where the words of a command stand, and how it is done. */
struct operating {
	const struct operator_command *command;
	char *const *arguments; /* behind its name */
	struct arena arena;
	struct settings settings;
	struct settings_given given;
	struct setting_wrong wrong;
	struct data data; /* its lock */
};

static bool flush_output(struct operation *operation)
{
	bool whole = !operation->untold && !operation->out.failed && (!operation->call.arena || !operation->call.arena->failed);

	operation->untold = !whole || fputs(buf_string(&operation->out), stdout) < 0 || fflush(stdout);
	buf_reset(&operation->out);
	return !operation->untold;
}

static int finish(struct operation *operation, int status)
{
	if (!flush_output(operation) && !status)
		status = command_refuse("standard output cannot be written");
	if (operation->line.failed)
		command_refuse("out of memory");
	else if (operation->line.length)
		command_refuse(buf_string(&operation->line));
	return status;
}

/* The store is opened as the server opens it, and under its lock, which the caller has taken. */
static int run_here(struct operating *operating, struct operation *operation, enum err err)
{
	struct data data = operating->data;
	int status;

	operating->data = (struct data)DATA_NONE;
	if (!err)
		err = process_harden();
	if (!err)
		err = data_open(&data, &operating->settings, &operating->given, &operating->wrong);
	if (!err)
		err = set_back_begin(data.store); /* what is written now has the age that a server will see */
	if (err) {
		data_close(&data);
		return command_refuse(operating->wrong.line[0] ? operating->wrong.line : "the store cannot be opened");
	}
	operation->call = own_call(&operating->settings, data.store, data.keys, &operating->arena);
	operation->flush = flush_output;
	status = finish(operation, operating->command->run(operation));
	if (operation->call.settle_mail && !status)
		fputs("twostep: no server is running: its mail leaves when one is started\n", stderr);
	data_close(&data);
	return status;
}

static bool begins_as_flag(const struct operation *operation)
{
	for (size_t i = 0; i < operation->words; i++)
		if (!strncmp(operation->word[i], "--", 2))
			return true;
	return false;
}

/* The words as they were typed, without what was for the settings. */
static void own_words(const struct operating *operating, const struct operation *operation, const char **out)
{
	const struct { const char *flag, *value; } flags[] = {
		{ "--search", operation->search },       { "--reason", operation->reason },
		{ "--hand-over", operation->hand_over }, { "--owner", operation->owner },
		{ "--service", operation->service },     { "--organization", operation->organization },
		{ "--application", operation->application },
	};

	*out++ = operating->command->group;
	*out++ = operating->command->name;
	for (size_t i = 0; i < COUNT(flags); i++)
		if (flags[i].value) {
			*out++ = flags[i].flag;
			*out++ = flags[i].value;
		}
	if (operation->json)
		*out++ = "--json";
	if (operation->yes)
		*out++ = "--yes";
	if (begins_as_flag(operation)) /* else a server of an earlier version would be told what it does not know */
		*out++ = "--";
	for (size_t i = 0; i < operation->words; i++)
		*out++ = operation->word[i];
	*out = NULL;
}

/*
 * By the server, else here. Another command, or a server that starts or ends, has the lock for a moment and does not listen:
 * both are looked at again.
 */
static int run_anywhere(struct operating *operating, struct operation *operation, const char *const *words)
{
	const struct timespec moment = { 0, LOCK_MOMENT_MS * 1000000L };
	int64_t until_ms = clock_monotonic_ms() + LOCK_PATIENCE_MS;
	int status = EXIT_FAILURE;
	enum err err;

	while ((err = control_ask(&operating->settings, words, &status)) == ERR_NOT_FOUND) {
		if (!(err = data_find(&operating->settings, &operating->given, &operating->wrong)))
			err = data_lock(&operating->data, &operating->settings, &operating->given, &operating->wrong);
		if (err != ERR_BUSY || clock_monotonic_ms() >= until_ms)
			return run_here(operating, operation, err);
		nanosleep(&moment, NULL);
	}
	if (!err)
		return help_flushed() ? EXIT_FAILURE : status;
	if (err == ERR_INVALID)
		return command_refuse("an argument is no UTF-8");
	command_refuse("the running server broke off; its log says why");
	return EXIT_FAILURE;
}

static int operate(struct operating *operating)
{
	SCOPED(operation_done) struct operation operation = { .json = false };
	const char *left[ARGUMENTS_MAX * 2] = { NULL }, *words[OPERATOR_WORDS_MAX * 4];
	int status = operation_read(&operation, operating->command, operating->arguments, left);

	if (status)
		return finish(&operation, status);
	log_setup(LOG_NOTHING, false);
	if (settings_read(&operating->arena, (char *const *)(uintptr_t)left, environ, &operating->settings, &operating->given, &operating->wrong))
		return command_refuse(operating->wrong.line);
	own_words(operating, &operation, words);
	return run_anywhere(operating, &operation, words);
}

/* What a group knows, for its help and for who mistypes. */
static int list_group(const char *group, FILE *to)
{
	for (size_t i = 0; operator_groups[i]; i++)
		for (const struct operator_command *command = operator_groups[i]; command->group; command++)
			if (!strcmp(command->group, group))
				fprintf(to, "  twostep %s %s %s\n      %s\n", group, command->name, command->usage, command->meaning);
	return EXIT_WRONG;
}

static int operate_group(const char *group, char *const *arguments)
{
	struct operating operating = { .arguments = arguments, .data = DATA_NONE };
	size_t count = 0;
	int status;

	while (arguments[count])
		count++;
	if (!count || !(operating.command = operator_find(group, arguments[0])) || count > ARGUMENTS_MAX) {
		command_refuse(count ? "no such command of this group; it has:" : "say what; there is:");
		return list_group(group, stderr);
	}
	operating.arguments = arguments + 1;
	status = operate(&operating);
	arena_done(&operating.arena);
	return status;
}

int command_user(char *const *arguments)
{
	return operate_group("user", arguments);
}

int command_host(char *const *arguments)
{
	return operate_group("host", arguments);
}

int command_organization(char *const *arguments)
{
	return operate_group("organization", arguments);
}

int command_proxy_config(char *const *arguments)
{
	return operate_group("proxy-config", arguments);
}
