#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"
#include "base/text.h"
#include "cli/settings_file.h"

#include "base/banned.h"

/* libconfuse hands its callbacks no pointer of ours. Settings are read once, before any thread starts. */
static struct {
	const char *path;
	int line_of[SETTING_COUNT]; /* where a key stands; 0: nowhere */
	struct setting_wrong *wrong;
} file;

/* The first complaint is the cause, later ones follow from it. */
__attribute__((format(printf, 2, 0))) static void complain_va(int line, const char *format, va_list values)
{
	char what[SETTING_WRONG_BYTES / 2], shown[SETTING_WRONG_BYTES / 2], path[256];

	if (file.wrong->line[0])
		return;
	vsnprintf(what, sizeof(what), format, values);
	snprintf(file.wrong->line, sizeof(file.wrong->line), "--config: %s line %d: %s; takes lines such as listen = \"127.0.0.1:8080\"",
	         setting_shown(file.path, path, sizeof(path)), line, setting_shown(what, shown, sizeof(shown)));
}

__attribute__((format(printf, 2, 3))) static void complain(int line, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	complain_va(line, format, values);
	va_end(values);
}

__attribute__((format(printf, 2, 0))) static void on_error(cfg_t *cfg, const char *format, va_list values)
{
	complain_va(cfg ? cfg->line : 0, format, values);
}

/* Runs behind each value: the only moment at which libconfuse knows the line. */
static int on_value(cfg_t *cfg, cfg_opt_t *option)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (!settings_table[i].key || strcmp(settings_table[i].key, option->name))
			continue;
		if (file.line_of[i]) {
			complain(cfg->line, "%s is given twice, on line %d too", option->name, file.line_of[i]);
			return -1;
		}
		file.line_of[i] = cfg->line;
	}
	return 0;
}

/* The table as libconfuse wants it: texts alone, so that the readers of the table decide what is right. */
static cfg_t *new_parser(cfg_opt_t options[static SETTING_COUNT + 1])
{
	size_t count = 0;
	cfg_t *cfg;

	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (settings_table[i].key)
			options[count++] = (cfg_opt_t)CFG_STR(settings_table[i].key, NULL, CFGF_NODEFAULT);
	options[count] = (cfg_opt_t)CFG_END();

	if (!(cfg = cfg_init(options, CFGF_NONE)))
		return NULL;
	cfg_set_error_function(cfg, on_error);
	while (count)
		cfg_set_validate_func(cfg, options[--count].name, on_value);
	return cfg;
}

static enum err take_values(struct arena *arena, cfg_t *cfg, struct settings_given *given)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *text = file.line_of[i] ? cfg_getstr(cfg, settings_table[i].key) : NULL;

		if (!text || given->of[i].text)
			continue;
		given->of[i].text = arena_text(arena, text);
		given->of[i].source = SOURCE_FILE;
		given->of[i].line = file.line_of[i];
		if (!given->of[i].text)
			return ERR_MEMORY;
	}
	return OK;
}

/* A string from its quote to its other quote, or what there is of it. */
static size_t quoted_length(const char *text)
{
	size_t length = 1;

	while (text[length] && text[length] != text[0])
		length += text[length] == '\\' && text[length + 1] ? 2 : 1;
	return length + (text[length] != '\0');
}

static size_t block_comment_length(const char *text)
{
	const char *end = strstr(text + 2, "*/");

	return end ? (size_t)(end + 2 - text) : strlen(text);
}

/* How long the comment is that begins here; 0: none does. */
static size_t comment_length(const char *text, bool at_start)
{
	if (!strncmp(text, "/*", 2))
		return block_comment_length(text);
	return *text == '#' || (at_start && !strncmp(text, "//", 2)) ? strcspn(text, "\n") : 0;
}

/* libconfuse 3.3 counts three lines for each comment of one: they become blanks, so that a wrong line is found. */
static void blank_comments(char *text)
{
	for (char *c = text; *c;) {
		size_t comment = comment_length(c, c == text || strchr(" \t\r\n={}()+,", c[-1]));

		if (!comment)
			c += *c == '"' || *c == '\'' ? quoted_length(c) : 1;
		for (; comment; comment--, c++)
			*c = *c == '\n' ? '\n' : ' ';
	}
}

/* What libconfuse makes of any other backslash nobody means: a control character, or a word that has lost it. */
static void refuse_escapes(const char *quoted, const char *end, int line)
{
	for (const char *c = quoted; c < end; c++) {
		line += *c == '\n';
		if (*c == '\\' && !strchr("\\\"$", *++c))
			complain(line, "a backslash in double quotes stands before another one, \" or $ alone");
	}
}

static void check_escapes(const char *text)
{
	int line = 1;

	for (const char *c = text, *end; *c; c = end) {
		end = c + (*c == '"' || *c == '\'' ? quoted_length(c) : 1);
		if (*c == '"')
			refuse_escapes(c, end, line);
		for (; c < end; c++)
			line += *c == '\n';
	}
}

enum err settings_file_take(struct arena *arena, const char *path, const char *text, struct settings_given *given,
                            struct setting_wrong *wrong)
{
	char *code = arena_text(arena, text);
	cfg_opt_t options[SETTING_COUNT + 1];
	enum err err;
	cfg_t *cfg;

	memset(&file, 0, sizeof(file));
	file.path = path;
	file.wrong = wrong;
	wrong->line[0] = '\0';
	if (!*text)
		return OK; /* libconfuse cannot open an empty text */
	if (!code || !(cfg = new_parser(options)))
		return ERR_MEMORY;

	blank_comments(code);
	check_escapes(code);
	if (cfg_parse_buf(cfg, code) == CFG_SUCCESS && !wrong->line[0]) {
		err = take_values(arena, cfg, given);
	} else {
		complain(cfg->line, "cannot be read");
		err = ERR_INVALID;
	}
	cfg_free(cfg);
	return err;
}

/* The whole file, NUL-terminated, in the arena. NULL: *because says why. */
static const char *read_whole(struct arena *arena, const char *path, const char **because)
{
	char *text = arena_alloc(arena, SETTING_FILE_BYTES_MAX + 2);
	int fd = text ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
	size_t length = 0;
	ssize_t got = 0;

	*because = text ? NULL : "which does not fit into memory";
	if (text && fd < 0)
		*because = errno == ENOENT ? "which does not exist" : "which cannot be opened";
	while (fd >= 0 && length <= SETTING_FILE_BYTES_MAX && (got = read(fd, text + length, SETTING_FILE_BYTES_MAX + 1 - length)) > 0)
		length += (size_t)got;
	if (fd >= 0)
		close(fd);
	if (got < 0)
		*because = "which cannot be read";
	else if (length > SETTING_FILE_BYTES_MAX)
		*because = "which is too long";
	else if (!*because && !text_is_utf8(text, length))
		*because = "which is not UTF-8";
	return *because ? NULL : text;
}

enum err settings_file_read(struct arena *arena, struct settings_given *given, struct setting_wrong *wrong)
{
	const char *path = given->of[SETTING_CONFIG].text;
	const char *because;
	const char *text = read_whole(arena, path, &because);

	if (!text) {
		setting_complain(wrong, given, SETTING_CONFIG, *path ? because : NULL);
		return ERR_INVALID;
	}
	return settings_file_take(arena, path, text, given, wrong);
}
