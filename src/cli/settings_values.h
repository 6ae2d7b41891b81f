/*
 * settings_values: the readers of the settings table, and what they share.
 */
#ifndef TWOSTEP_CLI_SETTINGS_VALUES_H
#define TWOSTEP_CLI_SETTINGS_VALUES_H

#include "cli/settings.h"

struct setting_reading {
	struct arena *arena;
	struct settings *settings;         /* as far as it has been read: earlier rows of the table are there */
	const struct settings_given *given;
	enum setting_name name;            /* of the row */
	const char *because;               /* written by a reader that knows more than the table: static */
	bool out_of_memory;
};

/* A copy in the arena; NULL notes that memory is at its end, which a reader answers with false. */
char *setting_copy(struct setting_reading *reading, const char *text, size_t length);

/* Whole decimal numbers alone: no sign, no blanks. False where it is none or above most. */
bool setting_number(const char *text, size_t length, unsigned most, unsigned *out);

/* The next item of a list with commas between, without blanks around it, perhaps empty. *rest: the list, then what is left. False: none. */
bool setting_item(const char **rest, const char **item, size_t *length);

/* Letters, digits, hyphens and dots as in host names, at most 253 bytes. */
bool setting_is_host(const char *text, size_t length);

setting_reader read_path, read_folder, read_nothing, read_listen, read_public_url, read_name, read_user, read_database, read_mail, read_mail_from,
        read_switch, read_print, read_locale, read_password_policy, read_password_min, read_members_max, read_audit_days,
        read_organizations, read_contact, read_signup, read_trusted_proxies, read_log_level, read_log_format,
        read_mail_password_file;

/* What stands in that file, into the settings. */
bool read_mail_password(struct setting_reading *reading, const char *path);

#endif
