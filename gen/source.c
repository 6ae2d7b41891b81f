#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1u << 20)

_Noreturn void fail(const struct source *source, const char *what, const char *which)
{
	fprintf(stderr, "%s:%d: %s%s%s\n", source->path, source->line, what, which ? ": " : "", which ? which : "");
	for (source = source->from; source; source = source->from)
		fprintf(stderr, "%s:%d: included from here\n", source->path, source->line);
	exit(1);
}

void *take(size_t bytes)
{
	void *memory = calloc(1, bytes ? bytes : 1);
	if (!memory) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	return memory;
}

char *take_text(const char *text, size_t length)
{
	char *copy = take(length + 1);
	memcpy(copy, text, length);
	return copy;
}

void source_open(struct source *source, const char *path)
{
	char *text = take(FILE_MAX);
	FILE *file = fopen(path, "rb");
	size_t length = file ? fread(text, 1, FILE_MAX - 1, file) : 0;

	*source = (struct source){ .path = path, .text = text, .at = text, .end = text + length, .line = 1 };
	if (!file || ferror(file) || length == FILE_MAX - 1)
		fail(source, "cannot be read, or is too large", NULL);
	fclose(file);
	if (memchr(text, '\0', length))
		fail(source, "a NUL", NULL);
}

static int lines_between(const char *from, const char *to)
{
	int lines = 0;
	for (; from < to; from++)
		lines += *from == '\n';
	return lines;
}

void source_part(struct source *part, const struct source *whole, const char *at, const char *end, const struct source *from)
{
	*part = (struct source){ whole->path, whole->text, at, end, 1 + lines_between(whole->text, at), from };
}

void source_move(struct source *source, const char *to)
{
	source->line += lines_between(source->at, to);
	source->at = to;
}

const char *source_next(const struct source *source)
{
	const char *found = memmem(source->at, (size_t)(source->end - source->at), "{{", 2);
	return found ? found : source->end;
}

void source_directive(struct source *source, char out[static DIRECTIVE_MAX])
{
	const char *begin = source->at + 2;
	const char *end = memmem(begin, (size_t)(source->end - begin), "}}", 2);
	size_t length;

	if (!end)
		fail(source, "{{ without }}", NULL);
	begin += strspn(begin, " \t\r\n");
	for (length = end > begin ? (size_t)(end - begin) : 0; length && strchr(" \t\r\n", begin[length - 1]); )
		length--;
	if (!length || length >= DIRECTIVE_MAX)
		fail(source, "an empty or endless {{ }}", NULL);
	memcpy(out, begin, length);
	out[length] = '\0';
	source_move(source, end + 2);
}

char *next_word(const struct source *source, char **rest)
{
	char *from = *rest + strspn(*rest, " \t\r\n"), *read = from, *write = from;
	bool quoted = false;

	if (!*from)
		return NULL;
	for (; *read && (quoted || !strchr(" \t\r\n", *read)); read++)
		if (*read == '"')
			quoted = !quoted;
		else
			*write++ = *read;
	if (quoted)
		fail(source, "a quote without its end", from);
	*rest = *read ? read + 1 : read;
	*write = '\0';
	return from;
}
