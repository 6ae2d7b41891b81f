#include "mail/said.h"

#include <stdio.h>

#include "base/base.h"

#include "base/banned.h"

#define CODE_BYTES   4 /* "550 " or "550-" */
#define SECRET_BYTES 4 /* no code is shorter */

static bool is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

void said_line(struct said *said, const char *line, size_t length)
{
	if (said->whole)
		*said = (struct said){ .length = 0 };
	said->whole = length < CODE_BYTES || line[CODE_BYTES - 1] != '-';
	for (size_t i = CODE_BYTES - 1; i < length && said->length < sizeof(said->text); i++)
		said->text[said->length++] = i < CODE_BYTES || is_blank(line[i]) ? ' ' : line[i];
}

/* A word without the brackets, quotes and stops around it. */
static size_t core_of(const char **word, size_t length)
{
	while (length && !is_word(**word)) {
		++*word;
		length--;
	}
	while (length && !is_word((*word)[length - 1]))
		length--;
	return length;
}

static bool is_secret(const char *word, size_t length, const char *to, const char *message)
{
	const char *core = word;
	size_t n = core_of(&core, length), local = strcspn(to, "@");
	char text[2 * SAID_BYTES + 1];

	if (memchr(word, '@', length) || memchr(word, '/', length))
		return true;
	if (n && n == local && !strncasecmp(core, to, n))
		return true;
	snprintf(text, sizeof(text), "%.*s", (int)n, core);
	return n >= SECRET_BYTES && text[strcspn(text, "-0123456789")] && strcasestr(message, text);
}

const char *said_show(const struct said *said, const char *to, const char *message, char out[static SAID_TEXT])
{
	static const char hidden[] = "***";
	size_t at = 0, used = 0;

	out[0] = '\0';
	while (at < said->length) {
		const char *word = said->text + at;
		size_t length = 0;

		while (at + length < said->length && !is_blank(word[length]))
			length++;
		at += length + 1;
		if (!length || at > sizeof(said->text)) /* one that was cut may have been anything */
			continue;
		if (is_secret(word, length, to, message)) {
			word = hidden;
			length = strlen(hidden);
		}
		if (used + 1 + length > SAID_BYTES)
			break;
		used += (size_t)snprintf(out + used, SAID_TEXT - used, "%s%.*s", used ? " " : "", (int)length, word);
	}
	return out;
}
