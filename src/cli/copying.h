/*
 * copying: what the commands backup and restore have in common: their words and settings, the keyring, and being interrupted.
 */
#ifndef TWOSTEP_CLI_COPYING_H
#define TWOSTEP_CLI_COPYING_H

#include "cli/data.h"
#include "cli/label.h"
#include "cli/operator.h"

/* A command at work. Zero-initialised is empty. */
struct copying {
	struct operation operation; /* its words and flags */
	struct arena arena;
	struct settings settings; /* the database: the file itself, where the name is a link */
	struct settings_given given;
	struct setting_wrong wrong;
};
void copying_done(struct copying *copying);

/* EXIT_SUCCESS; or the status to end with, once standard error has said why. Signals that end it are held from then on. */
MUST_USE int copying_begin(struct copying *copying, const struct operator_command *command, char *const *arguments);

/* Has one of them come? */
bool copying_stopped(void);

/* The mark of the keyring in place, which is never made here. As copying_begin. */
MUST_USE int copying_mark(struct copying *copying, uint8_t mark[static MARK_BYTES]);

/* "twostep: SUBJECT: WHAT" or "twostep: SUBJECT: WHAT (BECAUSE)" on standard error. Returns status. */
int copying_refuse(int status, const char *subject, const char *what, const char *because);

#endif
