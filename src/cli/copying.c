#include "cli/copying.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/folder.h"
#include "cli/process.h"

#include "base/banned.h"

#define ARGUMENTS_MAX 64
#define LINE_BYTES    1600
#define SHOWN_BYTES   1200

void copying_done(struct copying *copying)
{
	operation_done(&copying->operation);
	arena_done(&copying->arena);
}

int copying_refuse(int status, const char *subject, const char *what, const char *because)
{
	char line[LINE_BYTES], safe[SHOWN_BYTES];

	setting_shown(subject, safe, sizeof(safe));
	if (because)
		snprintf(line, sizeof(line), "%s: %s (%s)", safe, what, because);
	else
		snprintf(line, sizeof(line), "%s: %s", safe, what);
	command_refuse(line);
	return status;
}

/* Else a rename would replace the link. One that leads nowhere is left to those who open it, and say so. */
static const char *follow(struct arena *arena, const char *database)
{
	char whole[PATH_MAX];

	return folder_whole_path(database, whole) ? database : arena_text(arena, whole);
}

int copying_begin(struct copying *copying, const struct operator_command *command, char *const *arguments)
{
	const char *left[ARGUMENTS_MAX * 2] = { NULL };
	size_t count = 0;
	sigset_t held;

	while (arguments[count])
		count++;
	if (count > ARGUMENTS_MAX)
		return copying_refuse(EXIT_WRONG, command->group, "too many arguments", NULL);
	if (operation_read(&copying->operation, command, arguments, left))
		return command_refuse(buf_string(&copying->operation.line));
	log_setup(LOG_NOTHING, false);
	if (settings_read(&copying->arena, (char *const *)(uintptr_t)left, environ, &copying->settings, &copying->given, &copying->wrong))
		return command_refuse(copying->wrong.line);
	if (!(copying->settings.database = follow(&copying->arena, copying->settings.database)))
		return copying_refuse(EXIT_FAILURE, command->group, "out of memory", NULL);
	if (process_harden()) {
		command_refuse("the system does not let this process protect itself");
		return EXIT_FAILURE;
	}
	process_hold_signals(&held);
	return EXIT_SUCCESS;
}

bool copying_stopped(void)
{
	sigset_t waiting;

	return !sigpending(&waiting) && (sigismember(&waiting, SIGTERM) || sigismember(&waiting, SIGINT) || sigismember(&waiting, SIGHUP));
}

int copying_mark(struct copying *copying, uint8_t mark[static MARK_BYTES])
{
	struct keyring *keys = NULL;
	const char *why = "";
	char because[300];
	enum err err = keyring_open(copying->settings.keyring, false, &keys, &why);

	if (!err && keyring_mark(keys, mark)) {
		err = ERR_CRYPTO;
		why = "out of memory";
	}
	keyring_free(keys);
	if (!err)
		return EXIT_SUCCESS;
	snprintf(because, sizeof(because), "which cannot be used (%s)", why);
	setting_complain(&copying->wrong, &copying->given, SETTING_KEYRING, because);
	return command_refuse(copying->wrong.line);
}
