#include <stdio.h>
#include <unistd.h>

#include "base/base.h"
#include "base/text.h"
#include "cli/settings.h"
#include "cli/settings_file.h"
#include "cli/settings_values.h"

#include "base/banned.h"

#define SHOWN_BYTES 256 /* of a value in an error line */

/* Of at most 65535, until the end or a path. */
static bool is_port(const char *text)
{
	unsigned port;

	return setting_number(text, strcspn(text, "/?#"), 65535, &port);
}

/* host[:port] or [address][:port], and perhaps a path. */
static bool is_place(const char *text)
{
	const char *end = *text == '[' ? strchr(text, ']') : text + strcspn(text, ":/?#");

	if (!end || (*text != '[' && !setting_is_host(text, (size_t)(end - text))))
		return false;
	end += *end == ']';
	return *end != ':' || is_port(end + 1);
}

/*
 * Where the password of [scheme://]user:password@host begins and ends, `from` behind the scheme; false where there is none. A URL
 * may have lost its @host, or all from a # on: behind its colon stands a password then, or, in one of mail, a port.
 */
static bool find_password(const char *from, bool of_mail, const char **begin, const char **end)
{
	const char *at = from ? strrchr(from, '@') : NULL;
	const char *colon = from ? strchr(from, ':') : NULL;
	bool has_user = colon && at && colon < at;

	if (!colon || (!has_user && (!of_mail || !colon[1] || is_port(colon + 1))))
		return false;
	*begin = colon + 1;
	*end = has_user && is_place(at + 1) ? at : colon + strlen(colon);
	return true;
}

static const char *behind_slashes(const char *text)
{
	const char *slashes = strstr(text, "://");

	return slashes ? slashes + 3 : NULL;
}

/* Of a mail URL, which may be wrong: its scheme may be missing, or not end as it should. NULL: a folder, which has no password. */
static const char *behind_scheme(const char *text)
{
	size_t letters = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (!strncmp(text, "file:", 5))
		return NULL;
	return strncmp(text + letters, "://", 3) ? text : text + letters + 3;
}

/* The password of a URL becomes stars. */
static const char *show(const char *text, bool of_mail, char *out, size_t room)
{
	static const char dots[] = "...";
	const char *begin = NULL, *end = NULL;
	bool hide = find_password(of_mail ? behind_scheme(text) : behind_slashes(text), of_mail, &begin, &end);
	size_t length = 0;

	for (const char *c = text; *c;) {
		bool control = (unsigned char)*c < ' ' || *c == 0x7f, stars = hide && c == begin;
		char piece[8];
		int piece_length = snprintf(piece, sizeof(piece), stars ? "***" : control ? "\\x%02x" : "%c", (unsigned char)*c);

		hide = hide && !stars;
		c = stars ? end : c + 1;
		if (length + (size_t)piece_length + sizeof(dots) > room) {
			memcpy(out + length, dots, sizeof(dots));
			return out;
		}
		memcpy(out + length, piece, (size_t)piece_length);
		length += (size_t)piece_length;
	}
	out[length] = '\0';
	return out;
}

const char *setting_shown(const char *text, char *out, size_t room)
{
	return show(text, false, out, room);
}

/* A setting as its operator wrote it: the flag, the variable, or the key with file and line. */
static const char *name_as_given(const struct settings_given *given, enum setting_name name, char *out, size_t room)
{
	const struct setting *setting = &settings_table[name];
	char path[SHOWN_BYTES];

	switch (given->of[name].source) {
	case SOURCE_FILE:
		snprintf(out, room, "%s in %s line %d", setting->key,
		         setting_shown(given->of[SETTING_CONFIG].text, path, sizeof(path)), given->of[name].line);
		return out;
	case SOURCE_ENVIRONMENT:
		return setting->environment;
	case SOURCE_PRESET:
	case SOURCE_FLAG:
		break;
	}
	return setting->flag ? setting->flag : setting->environment;
}

void setting_complain(struct setting_wrong *wrong, const struct settings_given *given, enum setting_name name,
                      const char *because)
{
	const char *text = given->of[name].text;
	char as_given[SHOWN_BYTES * 2], shown[SHOWN_BYTES];

	snprintf(wrong->line, sizeof(wrong->line), "%s: got %s%s%s%s%s%s; takes %s",
	         name_as_given(given, name, as_given, sizeof(as_given)), text && *text ? "\"" : "",
	         text && *text ? show(text, name == SETTING_MAIL, shown, sizeof(shown)) : "nothing", text && *text ? "\"" : "",
	         text && given->of[name].source == SOURCE_PRESET ? " (the default)" : "", because ? ", " : "",
	         because ? because : "", settings_table[name].takes);
}

/* A flag as it stands on the command line, up to its '='; false where there is no such flag. */
static bool find_flag(const char *argument, size_t length, enum setting_name *found)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *flag = settings_table[i].flag;

		if (flag && strlen(flag) == length && !memcmp(flag, argument, length)) {
			*found = (enum setting_name)i;
			return true;
		}
	}
	return false;
}

static enum err refuse_argument(struct setting_wrong *wrong, const char *argument, const char *what)
{
	char shown[SHOWN_BYTES];

	snprintf(wrong->line, sizeof(wrong->line), "%s: %s; twostep serve --help lists what it takes",
	         setting_shown(argument, shown, sizeof(shown)), what);
	return ERR_INVALID;
}

/* `--flag VALUE` and `--flag=VALUE`; a switch stands alone or has a value behind '='. */
static enum err take_flags(char *const *arguments, struct settings_given *given, struct setting_wrong *wrong)
{
	for (; *arguments; arguments++) {
		const char *argument = *arguments;
		size_t length = strcspn(argument, "=");
		enum setting_name name = SETTING_COUNT;
		const char *value;

		if (!find_flag(argument, length, &name))
			return refuse_argument(wrong, argument, argument[0] == '-' ? "no such flag" : "a word that belongs to no flag");
		if (given->of[name].text)
			return refuse_argument(wrong, settings_table[name].flag, "given twice");

		if (argument[length] == '=')
			value = argument + length + 1;
		else if (!settings_table[name].value)
			value = "yes";
		else
			value = arguments[1] ? *++arguments : "";
		given->of[name].text = value;
		given->of[name].source = SOURCE_FLAG;
	}
	return OK;
}

static const char *variable(char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (; *environment; environment++)
		if (!strncmp(*environment, name, length) && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

bool settings_unknown_variable(const char *assignment)
{
	size_t length = strcspn(assignment, "=");

	if (strncmp(assignment, "TWOSTEP_", 8))
		return false;
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *name = settings_table[i].environment;

		if (name && strlen(name) == length && !memcmp(name, assignment, length))
			return false;
	}
	return true;
}

/* An empty variable counts as unset: that is how shells, units and containers unset one. */
static void take_environment(char *const *environment, struct settings_given *given)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *name = settings_table[i].environment;
		const char *value = name ? variable(environment, name) : NULL;

		if (!value || !*value || given->of[i].text)
			continue;
		given->of[i].text = value;
		given->of[i].source = SOURCE_ENVIRONMENT;
	}
}

/* The default of a setting; "DIR" in it is the data folder, which stands before it in the table. */
static enum err take_preset(struct arena *arena, enum setting_name name, const struct settings *settings,
                            struct settings_given *given)
{
	const char *preset = settings_table[name].preset;
	const char *dir = preset ? strstr(preset, "DIR/") : NULL;

	if (!preset || given->of[name].text)
		return OK;
	given->of[name].source = SOURCE_PRESET;
	given->of[name].text = dir ? arena_printf(arena, "%.*s%s%s", (int)(dir - preset), preset, settings->data, dir + 3) : preset;
	return given->of[name].text ? OK : ERR_MEMORY;
}

/* A text that its reader did not take. */
static enum err refuse_value(const struct setting_reading *reading, struct setting_wrong *wrong)
{
	if (reading->out_of_memory) {
		snprintf(wrong->line, sizeof(wrong->line), "out of memory");
		return ERR_MEMORY;
	}
	setting_complain(wrong, reading->given, reading->name, reading->because);
	return ERR_INVALID;
}

static enum err read_one(struct setting_reading *reading, struct settings_given *given, struct setting_wrong *wrong)
{
	const struct setting *setting = &settings_table[reading->name];
	const char *text = given->of[reading->name].text;

	reading->because = NULL;
	if (!text || (*text && setting->read(reading, text, (char *)reading->settings + setting->offset)))
		return OK;
	return refuse_value(reading, wrong);
}

/* What is right alone and wrong together: a server's mail has to reach people. */
static enum err check_mail(const struct settings *settings, const struct settings_given *given, struct setting_wrong *wrong)
{
	bool file_mail = !strncmp(settings->mail, "file:", 5);

	if (!file_mail && text_ascii_same(settings->mail_from, settings_table[SETTING_MAIL_FROM].preset)) {
		setting_complain(wrong, given, SETTING_MAIL_FROM, "which no mail server delivers for");
		return ERR_INVALID;
	}
	if (file_mail && settings->https && !settings->allow_file_mail) {
		setting_complain(wrong, given, SETTING_MAIL,
		                 "which reaches nobody, with an https public URL and without --allow-file-mail");
		return ERR_INVALID;
	}
	return OK;
}

static enum err read_all(struct arena *arena, struct settings *settings, struct settings_given *given,
                         struct setting_wrong *wrong)
{
	struct setting_reading reading = { .arena = arena, .settings = settings, .given = given };
	enum err err;

	for (size_t i = 0; i < SETTING_COUNT; i++) {
		reading.name = (enum setting_name)i;
		if ((err = take_preset(arena, reading.name, settings, given)) || (err = read_one(&reading, given, wrong)))
			return err;
	}
	settings->mail_print |= isatty(STDOUT_FILENO) == 1 && !given->of[SETTING_MAIL_PRINT].text;
	return OK;
}

enum err settings_read(struct arena *arena, char *const *arguments, char *const *environment, struct settings *out,
                       struct settings_given *given, struct setting_wrong *wrong)
{
	struct settings settings = { 0 };
	enum err err;

	memset(given, 0, sizeof(*given));
	wrong->line[0] = '\0';
	err = take_flags(arguments, given, wrong);
	take_environment(environment, given);
	if (err || (given->of[SETTING_CONFIG].text && (err = settings_file_read(arena, given, wrong))) ||
	    (err = read_all(arena, &settings, given, wrong))) {
		if (err == ERR_MEMORY)
			snprintf(wrong->line, sizeof(wrong->line), "out of memory");
		return err;
	}
	*out = settings;
	return OK;
}

enum err settings_read_mail(struct arena *arena, struct settings *settings, const struct settings_given *given,
                            struct setting_wrong *wrong)
{
	struct setting_reading reading = { .arena = arena, .settings = settings, .given = given, .name = SETTING_MAIL_PASSWORD_FILE };
	const char *path = given->of[SETTING_MAIL_PASSWORD_FILE].text;
	enum err err = check_mail(settings, given, wrong);

	if (err)
		return err;
	return !path || read_mail_password(&reading, path) ? OK : refuse_value(&reading, wrong);
}

/* True where every visitor seems to come from this machine: a proxy in front that is not trusted, or nobody from outside. */
bool settings_networks_blind(const struct settings *settings)
{
	bool local = !strncmp(settings->listen, "127.", 4) || !strncmp(settings->listen, "[::1]", 5);
	bool unix_socket = !strncmp(settings->listen, "unix:", 5);

	if (settings->public_loopback)
		return false;
	return unix_socket ? !settings->trust_unix : local && !settings->trusted_proxies_count;
}

/* IPv4 is kept mapped (::ffff:0:0/96): a network that holds all of it ends before its addresses begin, and is one with their prefix. */
static bool holds_everybody(const struct cidr *network)
{
	static const unsigned char mapped[16] = { [10] = 0xff, [11] = 0xff };

	if (network->prefix_bits > 96)
		return false;
	for (unsigned bit = 0; bit < network->prefix_bits; bit++)
		if ((network->address[bit / 8] ^ mapped[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

bool settings_trust_everybody(const struct settings *settings)
{
	for (size_t i = 0; i < settings->trusted_proxies_count; i++)
		if (holds_everybody(&settings->trusted_proxies[i]))
			return true;
	return false;
}
