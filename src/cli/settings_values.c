#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/settings_values.h"

#include "base/banned.h"

#define PATH_BYTES_MAX     4000 /* what is added to it must fit PATH_MAX */
#define NAME_CHARS_MAX     64
#define CONTACT_CHARS_MAX  200
#define ADDRESS_BYTES_MAX  254 /* RFC 5321 section 4.5.3.1.3 */
#define HOST_BYTES_MAX     253 /* RFC 1035 section 2.3.4, without the dot at the end */
#define MAIL_PASSWORD_MAX  1024 /* bytes */
#define DOMAINS_MAX        100

char *setting_copy(struct setting_reading *reading, const char *text, size_t length)
{
	char *copy = arena_copy(reading->arena, text, length);

	reading->out_of_memory |= !copy;
	return copy;
}

bool setting_number(const char *text, size_t length, unsigned most, unsigned *out)
{
	unsigned long long number = 0;

	if (!length || length > 9)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (unsigned)(text[i] - '0');
	}
	if (number > most)
		return false;
	*out = (unsigned)number;
	return true;
}

bool setting_item(const char **rest, const char **item, size_t *length)
{
	if (!*rest)
		return false;
	*item = *rest + strspn(*rest, " ");
	*length = strcspn(*item, ",");
	*rest = (*item)[*length] ? *item + *length + 1 : NULL;
	while (*length && (*item)[*length - 1] == ' ')
		--*length;
	return true;
}

static bool is_host_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

bool setting_is_host(const char *text, size_t length)
{
	if (!length || length > HOST_BYTES_MAX || text[0] == '.' || text[0] == '-' || text[length - 1] == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_host_character(text[i]) || (text[i] == '.' && text[i + 1] == '.' && i + 1 < length))
			return false;
	return true;
}

/* UTF-8 of at least one and at most so many characters, none of them a control; keeps a copy. */
static bool read_line(struct setting_reading *reading, const char *text, size_t characters_max, const char **out)
{
	if (!text_is_utf8(text, strlen(text))) {
		reading->because = "which is not UTF-8";
		return false;
	}
	if (text_has_controls(text) || text_characters(text) > characters_max || !text[strspn(text, " ")])
		return false;
	*out = setting_copy(reading, text, strlen(text));
	return *out != NULL;
}

/* One of a few words. */
struct choice {
	const char *word;
	int value;
};

static bool choose(const struct choice *choices, size_t count, const char *text, int *out)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(text, choices[i].word)) {
			*out = choices[i].value;
			return true;
		}
	}
	return false;
}

#define CHOOSE(member, type, ...)                                                           \
	do {                                                                                \
		static const struct choice choices[] = { __VA_ARGS__ };                     \
		int value;                                                                  \
		if (!choose(choices, COUNT(choices), text, &value))                         \
			return false;                                                       \
		*(type *)(member) = (type)value;                                            \
		return true;                                                                \
	} while (0)

bool read_nothing(struct setting_reading *reading UNUSED, const char *text UNUSED, void *member UNUSED)
{
	return true;
}

bool read_path(struct setting_reading *reading, const char *text, void *member)
{
	const char **out = member;

	if (strlen(text) > PATH_BYTES_MAX)
		return false;
	*out = setting_copy(reading, text, strlen(text));
	return *out != NULL;
}

/* A path without slashes at its end, so that what is put behind it looks as it should. */
bool read_folder(struct setting_reading *reading, const char *text, void *member)
{
	const char **out = member;
	size_t length = strlen(text);

	while (length > 1 && text[length - 1] == '/')
		length--;
	if (length > PATH_BYTES_MAX)
		return false;
	*out = setting_copy(reading, text, length);
	return *out != NULL;
}

bool read_database(struct setting_reading *reading, const char *text, void *member)
{
	static const char scheme[] = "sqlite:";

	if (!strncmp(text, "postgresql:", 11) || !strncmp(text, "postgres:", 9))
		reading->because = "which this version cannot use";
	/* A name that begins with a colon (":memory:") would be another, empty database for each connection. */
	if (strncmp(text, scheme, strlen(scheme)) || !text[strlen(scheme)] || text[strlen(scheme)] == ':')
		return false;
	return read_path(reading, text + strlen(scheme), member);
}

/* The authenticator app parts issuer and account at the first colon. */
bool read_name(struct setting_reading *reading, const char *text, void *member)
{
	return !strchr(text, ':') && read_line(reading, text, NAME_CHARS_MAX, member);
}

bool read_user(struct setting_reading *reading, const char *text, void *member)
{
	return read_line(reading, text, NAME_CHARS_MAX, member);
}

bool read_contact(struct setting_reading *reading, const char *text, void *member)
{
	return read_line(reading, text, CONTACT_CHARS_MAX, member);
}

static bool is_address(const char *text)
{
	const char *at = strchr(text, '@');

	if (!at || at == text || strlen(text) > ADDRESS_BYTES_MAX || !setting_is_host(at + 1, strlen(at + 1)))
		return false;
	for (const char *c = text; c < at; c++)
		if (*c <= ' ' || *c > '~' || strchr("<>()[]\\,;:\"", *c))
			return false;
	return true;
}

bool read_mail_from(struct setting_reading *reading, const char *text, void *member)
{
	const char **out = member;

	if (!is_address(text))
		return false;
	*out = setting_copy(reading, text, strlen(text));
	return *out != NULL;
}

bool read_switch(struct setting_reading *reading UNUSED, const char *text, void *member)
{
	CHOOSE(member, bool, { "yes", true }, { "true", true }, { "1", true }, { "no", false }, { "false", false }, { "0", false });
}

bool read_print(struct setting_reading *reading UNUSED, const char *text, void *member)
{
	CHOOSE(member, bool, { "1", true }, { "0", false });
}

bool read_locale(struct setting_reading *reading UNUSED, const char *text, void *member)
{
	CHOOSE(member, enum locale, { "en", LOCALE_EN }, { "ko", LOCALE_KO });
}

bool read_password_policy(struct setting_reading *reading UNUSED, const char *text, void *member)
{
	CHOOSE(member, enum password_policy, { "nist", POLICY_NIST }, { "classic", POLICY_CLASSIC });
}

bool read_organizations(struct setting_reading *reading UNUSED, const char *text, void *member)
{
	CHOOSE(member, enum organizations_mode, { "signed-in", ORGANIZATIONS_SIGNED_IN }, { "operator", ORGANIZATIONS_OPERATOR });
}

bool read_log_level(struct setting_reading *reading UNUSED, const char *text, void *member)
{
	CHOOSE(member, int, { "error", LOG_ERROR }, { "warn", LOG_WARN }, { "info", LOG_INFO }, { "debug", LOG_DEBUG });
}

bool read_log_format(struct setting_reading *reading UNUSED, const char *text, void *member)
{
	CHOOSE(member, bool, { "text", false }, { "json", true });
}

bool read_password_min(struct setting_reading *reading UNUSED, const char *text, void *member)
{
	unsigned *out = member;
	unsigned number;

	if (!setting_number(text, strlen(text), 128, &number) || number < 8)
		return false;
	*out = number;
	return true;
}

bool read_members_max(struct setting_reading *reading UNUSED, const char *text, void *member)
{
	return setting_number(text, strlen(text), 1000000, member);
}

bool read_audit_days(struct setting_reading *reading UNUSED, const char *text, void *member)
{
	unsigned *out = member;
	unsigned number;

	if (!setting_number(text, strlen(text), 36500, &number) || number < 1)
		return false;
	*out = number;
	return true;
}

/* The list behind `domain:`: host names in lower case. */
static bool read_domains(struct setting_reading *reading, const char *text)
{
	const char **domains = arena_alloc(reading->arena, (DOMAINS_MAX + 1) * sizeof(*domains)), *item;
	size_t count = 0, length;
	char *domain;

	if (!domains)
		return !(reading->out_of_memory = true);
	while (setting_item(&text, &item, &length)) {
		if (count == DOMAINS_MAX) {
			reading->because = "which names more than 100";
			return false;
		}
		if (!setting_is_host(item, length) || !(domain = setting_copy(reading, item, length)))
			return false;
		text_ascii_lower(domain);
		domains[count++] = domain;
	}
	reading->settings->signup_domains = domains;
	return true;
}

bool read_signup(struct setting_reading *reading, const char *text, void *member)
{
	if (!strncmp(text, "domain:", 7)) {
		*(enum signup_mode *)member = SIGNUP_DOMAINS;
		return read_domains(reading, text + 7);
	}
	CHOOSE(member, enum signup_mode, { "open", SIGNUP_OPEN }, { "invitation", SIGNUP_INVITATION });
}

/* Reads at most room - 1 bytes and ends them with NUL; false where the file cannot be read. */
static bool read_start(const char *path, char *out, size_t room)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t length;

	if (file < 0)
		return false;
	length = read(file, out, room - 1);
	close(file);
	if (length < 0)
		return false;
	out[length] = '\0';
	return true;
}

/* The first line of a file; NULL where it cannot be had, and why. */
static char *first_line(struct setting_reading *reading, const char *path)
{
	char start[MAIL_PASSWORD_MAX + 2], *line = NULL;
	size_t length;

	if (!read_start(path, start, sizeof(start))) {
		reading->because = "which cannot be read";
		return NULL;
	}
	length = strcspn(start, "\r\n");
	if (length && length <= MAIL_PASSWORD_MAX)
		line = setting_copy(reading, start, length);
	else
		reading->because = "whose first line is empty or too long";
	wipe(start, sizeof(start));
	return line;
}

static bool mails_to_files(const struct settings *settings)
{
	return !strncmp(settings->mail, "file:", 5);
}

/* Comes after --mail in the table. The file is opened by who needs what stands in it. */
bool read_mail_password_file(struct setting_reading *reading, const char *text UNUSED, void *member UNUSED)
{
	const struct settings *settings = reading->settings;

	if (mails_to_files(settings) || (settings->mail_user && !settings->mail_password))
		return true;
	reading->because = settings->mail_password ? "beside a password in the mail URL" : "without a user in the mail URL";
	return false;
}

/*
 * Where mail goes to files the password is shown to nobody, but one that is not there is told at this start too, not at the one that
 * changes --mail.
 */
bool read_mail_password(struct setting_reading *reading, const char *path)
{
	struct settings *settings = reading->settings;
	char *line = first_line(reading, path);

	if (!line)
		return false;
	if (mails_to_files(settings))
		wipe(line, strlen(line));
	else
		settings->mail_password = line;
	return true;
}
