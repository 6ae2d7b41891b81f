#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/text.h"
#include "cli/help.h"

#include "base/banned.h"

#define INDENT 30 /* where meanings begin; behind a longer flag they begin on the next line */

int help_flushed(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_SUCCESS;
	fputs("twostep: standard output cannot be written\n", stderr);
	return EXIT_FAILURE;
}

int help_version(void)
{
	puts("twostep " TWOSTEP_VERSION);
	return help_flushed();
}

/* A word and its meaning as two columns. */
static void print_pair(const char *word, const char *meaning)
{
	size_t width = text_characters(word) + 2;

	printf("  %s", word);
	if (width + 2 > INDENT) {
		putchar('\n');
		width = 0;
	}
	printf("%*s%s\n", (int)(INDENT - width), "", meaning);
}

int help_all(void)
{
	puts("twostep: a login with two-step authentication, in front of your applications\n\n"
	     "usage: twostep COMMAND [FLAGS]\n\ncommands:");
	for (const struct command *command = commands; command->name; command++)
		print_pair(command->name, command->meaning);
	puts("\n  twostep COMMAND --help      what a command takes\n"
	     "  twostep --version           the version\n"
	     "  man twostep                 the manual");
	return help_flushed();
}

static void print_setting(const struct setting *setting)
{
	char word[100], names[200];
	bool variable_alone = !setting->flag;

	snprintf(word, sizeof(word), "%s%s%s", variable_alone ? setting->environment : setting->flag, setting->value ? " " : "",
	         setting->value ? setting->value : "");
	print_pair(word, setting->meaning);
	if (variable_alone)
		return;
	snprintf(names, sizeof(names), "[%s%s%s%s]", setting->environment ? setting->environment : "flag only",
	         setting->preset ? ", default " : "", setting->preset ? setting->preset : "", "");
	print_pair("", names);
}

int help_command(const struct command *command)
{
	printf("usage: twostep %s%s%s\n\n%s\n", command->name, *command->usage ? " " : "", command->usage, command->meaning);
	if (command->has_settings) {
		puts("\nflags (or --flag=VALUE), environment variables and defaults:");
		for (size_t i = 0; i < SETTING_COUNT; i++)
			print_setting(&settings_table[i]);
	}
	if (command->more)
		printf("\n%s", command->more);
	return help_flushed();
}
