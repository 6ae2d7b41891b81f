/*
 * data: the data folder with its lock, database and keyring, opened together: by the server, and by a command that finds no
 * server running. What keeps one from being opened is said as settings say it: setting_complain.
 */
#ifndef TWOSTEP_CLI_DATA_H
#define TWOSTEP_CLI_DATA_H

#include "cli/settings.h"
#include "keys/keyring.h"
#include "store/store.h"

/* Nothing is open: DATA_NONE. */
struct data {
	int lock, database_lock;
	struct store *store;
	struct keyring *keys;
};
#define DATA_NONE { .lock = -1, .database_lock = -1 }

/*
 * Makes the folder where there is none, and takes its lock and that of the database.
 * ERR_INVALID  wrong->line says why
 * ERR_BUSY     another process holds one of them, and wrong->line names that
 */
MUST_USE enum err data_lock(struct data *data, const struct settings *settings, const struct settings_given *given,
                            struct setting_wrong *wrong);

/*
 * Opens, and makes where there is none, database and keyring; not a backup, in which what has ended may be alive.
 * ERR_INVALID: wrong->line says why. Others: the system failed.
 */
MUST_USE enum err data_open(struct data *data, const struct settings *settings, const struct settings_given *given,
                            struct setting_wrong *wrong);

/* For commands that make none: is there a database? ERR_INVALID: wrong->line says what keeps it from being found. */
MUST_USE enum err data_find(const struct settings *settings, const struct settings_given *given, struct setting_wrong *wrong);

/* What was opened, in whichever state it is. Gives the lock back last. */
void data_close(struct data *data);

#endif
