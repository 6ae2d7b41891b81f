/* The words of an operator's command, each on a line: understood, or refused in one line that a terminal may show. */
#include "fuzz.h"
#include "cli/operator.h"

#define WORDS_MAX 24

static size_t split(struct arena *arena, const uint8_t *bytes, size_t length, char *words[static WORDS_MAX + 1])
{
	char *text = input_text(arena, bytes, length), *word;
	size_t count = 0;

	while (count < WORDS_MAX && (word = strsep(&text, "\n")))
		words[count++] = word;
	words[count] = NULL;
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	SCOPED(operation_done) struct operation operation = { .json = false };
	char *words[WORDS_MAX + 1];
	const char *settings[2 * WORDS_MAX + 1];
	const struct operator_command *command;

	if (split(&arena, bytes, length, words) < 2 || !(command = operator_find(words[0], words[1])))
		return 0;
	operation.call.arena = &arena;
	if (operation_read(&operation, command, words + 2, settings))
		must(operation.line.length && !strpbrk(buf_string(&operation.line), "\r\n\x1b"));
	else
		must(operation.words == command->words);
	return 0;
}
