/*
 * settings: from flags, environment and file to struct settings.
 * A flag wins over its environment variable, that over the file (--config FILE), that over the default. One table says
 * what there is; help, manual page, README and the tests are held against it.
 */
#ifndef TWOSTEP_CLI_SETTINGS_H
#define TWOSTEP_CLI_SETTINGS_H

#include "base/arena.h"
#include "base/settings.h"

#define SETTING_FILE_BYTES_MAX 65536 /* of --config: a hundred times what it needs */

enum setting_name {
	SETTING_CONFIG,
	SETTING_LISTEN,
	SETTING_PUBLIC_URL,
	SETTING_NAME,
	SETTING_USER,
	SETTING_DATA, /* before those whose defaults lie in it */
	SETTING_DATABASE,
	SETTING_MAIL,
	SETTING_MAIL_PASSWORD_FILE,
	SETTING_MAIL_FROM,
	SETTING_ALLOW_FILE_MAIL,
	SETTING_MAIL_PRINT,
	SETTING_KEYRING,
	SETTING_LOCALE,
	SETTING_PASSWORD_POLICY,
	SETTING_PASSWORD_MIN,
	SETTING_MEMBERS_MAX,
	SETTING_AUDIT_DAYS,
	SETTING_ORGANIZATIONS,
	SETTING_CONTACT,
	SETTING_SIGNUP,
	SETTING_TRUSTED_PROXIES,
	SETTING_LOG_LEVEL,
	SETTING_LOG_FORMAT,
	SETTING_COUNT
};

struct setting_reading;

/* Turns a text into the member of struct settings; false where it cannot be (reading->because may say more than the table). */
typedef bool setting_reader(struct setting_reading *reading, const char *text, void *member);

struct setting {
	const char *flag;        /* NULL: none */
	const char *environment; /* NULL: none */
	const char *key;         /* in the file; NULL: none */
	const char *value;       /* what stands behind the flag in help; NULL: a switch */
	const char *preset;      /* the default, read as if it had been given, DIR being the data folder; NULL: none */
	const char *meaning;     /* one line of help */
	const char *takes;       /* the end of "got X; takes …" */
	setting_reader *read;
	size_t offset;           /* of the member */
};

extern const struct setting settings_table[SETTING_COUNT];

enum setting_source { SOURCE_PRESET, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_FLAG };

/* What was given, and where: so that an error names a setting as its operator wrote it. */
struct settings_given {
	struct {
		const char *text; /* NULL: not given, and no default */
		enum setting_source source;
		int line;         /* in the file */
	} of[SETTING_COUNT];
};

/* The one line that a wrong setting ends with, without a line end. Never a password. */
#define SETTING_WRONG_BYTES 1024
struct setting_wrong {
	char line[SETTING_WRONG_BYTES];
};

/*
 * arguments    what stands behind `serve`, NULL at the end
 * environment  as environ
 * arena        keeps all texts; must outlive `out` and `given`
 * OK
 * ERR_INVALID  wrong->line says what is wrong, what it got and what it takes
 * ERR_MEMORY   wrong->line says so
 */
MUST_USE enum err settings_read(struct arena *arena, char *const *arguments, char *const *environment, struct settings *out,
                                struct settings_given *given, struct setting_wrong *wrong);

/*
 * What the server alone needs, for commands send nothing: whether mail can reach anybody, and the file with its password, which root
 * may be the only one to read. Before a change of user. OK; ERR_INVALID and ERR_MEMORY as above.
 */
MUST_USE enum err settings_read_mail(struct arena *arena, struct settings *settings, const struct settings_given *given,
                                     struct setting_wrong *wrong);

/*
 * Writes the line about a setting: `because` (NULL: nothing to add) stands between what it got and what it takes.
 * For what turns out only at the start, too: a port that is taken, a folder that others can read.
 */
void setting_complain(struct setting_wrong *wrong, const struct settings_given *given, enum setting_name name,
                      const char *because);

/* A text for one line of a terminal: controls escaped, the password of a URL hidden, cut to fit. Returns out. */
const char *setting_shown(const char *text, char *out, size_t room);

/* Of "NAME=value": a TWOSTEP_… variable that names no setting. Somebody may have meant one. */
bool settings_unknown_variable(const char *assignment);

/* Limits over all accounts of a network cannot work: everybody comes from this machine, and no proxy is trusted (design.md section 6). */
bool settings_networks_blind(const struct settings *settings);

/* A network of trusted proxies holds every IPv4 address (::/0 does, too): anybody is believed where they say they come from. */
bool settings_trust_everybody(const struct settings *settings);

#endif
