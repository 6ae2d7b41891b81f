/*
 * command: what stands behind `twostep`. One line a command, one file for each.
 */
#ifndef TWOSTEP_CLI_COMMAND_H
#define TWOSTEP_CLI_COMMAND_H

#include "cli/settings.h"

#define EXIT_WRONG 2 /* a wrong setting or argument: one line on standard error has said which */

struct command {
	const char *name;
	const char *usage;   /* behind the name */
	const char *meaning; /* one line */
	const char *more;    /* paragraphs behind the list of settings; NULL: none */
	bool has_settings;   /* takes the flags of the settings table */
	int (*run)(char *const *arguments); /* arguments behind the name, NULL at the end; returns the exit status */
};

extern const struct command commands[]; /* name NULL at the end */

const struct command *command_find(const char *name); /* NULL: none */

/* Picks the command and runs it. argv as main's. */
int command_run(char *const *argv);

/* Writes "twostep: LINE" on standard error. Returns EXIT_WRONG. */
int command_refuse(const char *line);

int command_serve(char *const *arguments); /* serve.c */

/* operate.c: the operator's; the second word says which (operator.h) */
int command_user(char *const *arguments);
int command_host(char *const *arguments);
int command_organization(char *const *arguments);
int command_proxy_config(char *const *arguments);

int command_backup(char *const *arguments);  /* backup.c */
int command_restore(char *const *arguments); /* restore.c */

#endif
