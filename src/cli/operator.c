#include "cli/operator.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/text.h"
#include "cli/command.h"

#include "base/banned.h"

#define SHOWN_BYTES 1200
#define LABEL_WIDTH 22

void operation_done(struct operation *operation)
{
	buf_done(&operation->out);
	buf_done(&operation->line);
}

const struct operator_command *const operator_groups[] = { user_commands, host_commands, organization_commands, proxy_commands, NULL };

const struct operator_command *operator_find(const char *group, const char *name)
{
	for (size_t i = 0; operator_groups[i]; i++)
		for (const struct operator_command *command = operator_groups[i]; command->group; command++)
			if (!strcmp(command->group, group) && !strcmp(command->name, name))
				return command;
	return NULL;
}

static int refuse(struct operation *operation, const char *subject, const char *what)
{
	char safe[SHOWN_BYTES];

	buf_text(&operation->line, setting_shown(subject, safe, sizeof(safe)));
	buf_text(&operation->line, ": ");
	buf_text(&operation->line, what);
	return EXIT_WRONG;
}

/* A flag of commands: with a text, or alone. */
struct known_flag {
	const char *name;
	enum operator_flag flag;
	const char **text;
	bool *truth;
};

static const struct known_flag *flag_find(const struct known_flag *flags, size_t count, const char *argument)
{
	size_t length = strcspn(argument, "=");

	for (size_t i = 0; i < count; i++)
		if (strlen(flags[i].name) == length && !strncmp(flags[i].name, argument, length))
			return &flags[i];
	return NULL;
}

/* "--flag VALUE" or "--flag=VALUE"; moves past what it took. NULL: there is none. */
static const char *take_value(char *const **at)
{
	const char *equals = strchr(**at, '=');

	if (equals)
		return equals + 1;
	if (!(*at)[1])
		return NULL;
	return *++*at;
}

/* A setting goes on to who reads settings, with its value. */
static void pass_on(char *const **at, const char ***settings)
{
	size_t length = strcspn(**at, "=");

	*(*settings)++ = **at;
	if ((**at)[length])
		return;
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (settings_table[i].flag && !strcmp(settings_table[i].flag, **at) && settings_table[i].value && (*at)[1]) {
			*(*settings)++ = *++*at;
			return;
		}
}

static int take_flag(struct operation *operation, const struct operator_command *command, const struct known_flag *flag,
                     char *const **at)
{
	const char *name = **at, *value;

	if (!(command->flags & (unsigned)flag->flag))
		return refuse(operation, name, "not a flag of this command");
	if (flag->truth) {
		*flag->truth = true;
		return strchr(name, '=') ? refuse(operation, name, "takes no value") : EXIT_SUCCESS;
	}
	if (!(value = take_value(at)))
		return refuse(operation, name, "wants a value");
	*flag->text = value;
	return EXIT_SUCCESS;
}

static int take_word(struct operation *operation, const char *word)
{
	if (operation->words == OPERATOR_WORDS_MAX)
		return refuse(operation, word, "not understood");
	operation->word[operation->words++] = word;
	return EXIT_SUCCESS;
}

static int check_words(struct operation *operation, const struct operator_command *command)
{
	if (operation->words == command->words)
		return EXIT_SUCCESS;
	buf_text(&operation->line, "usage: twostep ");
	buf_text(&operation->line, command->group);
	buf_text(&operation->line, *command->name ? " " : "");
	buf_text(&operation->line, command->name);
	buf_text(&operation->line, *command->usage ? " " : "");
	buf_text(&operation->line, command->usage);
	return EXIT_WRONG;
}

int operation_read(struct operation *operation, const struct operator_command *command, char *const *arguments,
                   const char **settings)
{
	const struct known_flag flags[] = {
		{ "--json", OPERATOR_JSON, NULL, &operation->json },        { "--yes", OPERATOR_YES, NULL, &operation->yes },
		{ "--search", OPERATOR_SEARCH, &operation->search, NULL },  { "--reason", OPERATOR_REASON, &operation->reason, NULL },
		{ "--hand-over", OPERATOR_HAND_OVER, &operation->hand_over, NULL },
		{ "--owner", OPERATOR_OWNER, &operation->owner, NULL },
		{ "--service", OPERATOR_SERVICE, &operation->service, NULL },
		{ "--organization", OPERATOR_ORGANIZATION, &operation->organization, NULL },
		{ "--application", OPERATOR_APPLICATION, &operation->application, NULL },
		{ "--with-keyring", OPERATOR_KEYRING, &operation->with_keyring, NULL },
		{ "--force", OPERATOR_FORCE, NULL, &operation->force },
	};
	int status = EXIT_SUCCESS;

	for (; *arguments && strcmp(*arguments, "--"); arguments++) {
		const struct known_flag *flag = flag_find(flags, COUNT(flags), *arguments);

		if (flag)
			status = take_flag(operation, command, flag, &arguments);
		else if (strncmp(*arguments, "--", 2))
			status = take_word(operation, *arguments);
		else if (settings)
			pass_on(&arguments, &settings);
		else
			status = refuse(operation, *arguments, "not understood");
		if (status)
			return status;
	}
	while (*arguments && *++arguments)
		if ((status = take_word(operation, *arguments)))
			return status;
	if (settings)
		*settings = NULL;
	return check_words(operation, command);
}

int operation_fail(struct operation *operation, enum err err, const char *what)
{
	const struct lang_arg args[] = {
		{ "field", operation->call.wrong ? operation->call.wrong : what },
		{ "product", operation->call.settings->name },
	};

	buf_text(&operation->line, shown(operation, what));
	buf_text(&operation->line, ": ");
	lang_fill(&operation->line, LOCALE_EN, err_message(err), args, COUNT(args));
	return err == ERR_INVALID || err == ERR_HOST_OURS || err == ERR_EMAIL || err == ERR_NAME ? EXIT_WRONG : EXIT_FAILURE;
}

int operation_refuse(struct operation *operation, int status, const char *subject, const char *text)
{
	buf_text(&operation->line, subject ? shown(operation, subject) : "?");
	buf_text(&operation->line, ": ");
	buf_text(&operation->line, text);
	return status;
}

void operation_about(struct operation *operation, const char *name, const char *value)
{
	if (operation->abouts < OPERATOR_ABOUT_MAX)
		operation->about[operation->abouts++] = LOG_TEXT(name, arena_printf(operation->call.arena, "%s", value));
}

void operation_about_id(struct operation *operation, const char *name, const struct id *id)
{
	char text[ID_TEXT];

	operation_about(operation, name, id_text(id, text));
}

/* What a terminal would obey, or turn around, is written as its number. */
void put_shown(struct buf *out, const char *text)
{
	size_t length = strlen(text), taken;
	uint32_t c;

	for (; length; text += taken, length -= taken) {
		if (!(taken = text_next(text, length, &c))) {
			taken = 1;
			c = (unsigned char)*text;
		}
		if (text_is_control(c) || (taken == 1 && c > 0x7e))
			buf_printf(out, "\\u{%" PRIx32 "}", c);
		else
			buf_add(out, text, taken);
	}
}

const char *shown(struct operation *operation, const char *text)
{
	SCOPED(buf_done) struct buf out = { 0 };
	const char *copy;

	put_shown(&out, text);
	copy = arena_buf(operation->call.arena, &out);
	return copy ? copy : "?";
}

/* Outside of its texts JSON is ASCII, and what is below U+0080 is escaped already. */
void put_json(struct operation *operation, const struct answer *answer)
{
	const char *text = buf_string(&answer->body);
	size_t length = answer->body.length, taken;
	struct buf *out = &operation->out;
	uint32_t c = 0;

	out->failed |= answer->body.failed;
	for (; length; text += taken, length -= taken) {
		if (!(taken = text_next(text, length, &c)))
			taken = 1;
		if (c < 0x80 || !text_is_control(c))
			buf_add(out, text, taken);
		else if (c <= 0xffff)
			buf_printf(out, "\\u%04" PRIx32, c);
		else
			buf_printf(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
	}
	buf_char(out, '\n');
}

void put_pair(struct operation *operation, const char *label, const char *value)
{
	size_t width = text_characters(label);

	buf_text(&operation->out, label);
	do
		buf_text(&operation->out, " ");
	while (++width < LABEL_WIDTH);
	buf_text(&operation->out, value ? value : "?");
	buf_text(&operation->out, "\n");
}
