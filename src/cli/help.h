/*
 * help: what `--help` and `--version` print, made from the tables of commands and settings.
 */
#ifndef TWOSTEP_CLI_HELP_H
#define TWOSTEP_CLI_HELP_H

#include "cli/command.h"

#define HELP_COLUMNS 100 /* no line is longer */

int help_all(void);                              /* twostep --help */
int help_command(const struct command *command); /* twostep COMMAND --help */
int help_version(void);                          /* twostep --version */

/* The whole of standard output is out: EXIT_SUCCESS, or EXIT_FAILURE where it could not be written. */
int help_flushed(void);

#endif
