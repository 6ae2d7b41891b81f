/*
 * settings_file: the file of --config, read by libconfuse: `key = "value"`, comments behind #.
 */
#ifndef TWOSTEP_CLI_SETTINGS_FILE_H
#define TWOSTEP_CLI_SETTINGS_FILE_H

#include "cli/settings.h"

/*
 * Takes the text of a file into `given`, where neither flag nor environment has said otherwise.
 * path   for the error line alone
 * OK, ERR_INVALID (wrong->line), ERR_MEMORY
 */
MUST_USE enum err settings_file_take(struct arena *arena, const char *path, const char *text, struct settings_given *given,
                                     struct setting_wrong *wrong);

/* Reads the file that given->of[SETTING_CONFIG] names and takes it. */
MUST_USE enum err settings_file_read(struct arena *arena, struct settings_given *given, struct setting_wrong *wrong);

#endif
