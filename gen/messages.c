/*
 * messages: turns the catalogues of lang/ into C.
 *   messages OUT.h OUT.c en.po ko.po …      (the order of enum locale)
 * Every catalogue must have the same keys with the same placeholders; a difference ends the build.
 */
#include "po.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CATALOGUES_MAX 8
#define NAMES_MAX 16

/* The placeholders of a text, each once: languages may order and repeat them as they need. */
struct names {
	const char *name[NAMES_MAX];
	size_t length[NAMES_MAX];
	size_t count;
};

static int names_has(const struct names *names, const char *name, size_t length)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->length[i] == length && !strncmp(names->name[i], name, length))
			return 1;
	return 0;
}

static void names_add(void *to, const char *name, size_t length)
{
	struct names *names = to;

	if (names_has(names, name, length))
		return;
	if (names->count == NAMES_MAX) {
		fprintf(stderr, "a text has more than %d placeholders, the last of them {%.*s}\n", NAMES_MAX, (int)length, name);
		exit(1);
	}
	names->name[names->count] = name;
	names->length[names->count++] = length;
}

static int names_within(const struct names *some, const struct names *all)
{
	for (size_t i = 0; i < some->count; i++)
		if (!names_has(all, some->name[i], some->length[i]))
			return 0;
	return 1;
}

static int compare(const struct po *a, const struct po *b)
{
	int wrong = 0;

	for (size_t i = 0; i < a->count; i++) {
		const struct po_entry *mine = &a->entries[i], *other = po_find(b, mine->key);
		struct names in_mine = { .count = 0 }, in_other = { .count = 0 };
		if (!other) {
			fprintf(stderr, "%s: has no %s (it is in %s:%d)\n", b->path, mine->key, a->path, mine->line);
			wrong = 1;
			continue;
		}
		po_placeholders(a, mine, names_add, &in_mine);
		po_placeholders(b, other, names_add, &in_other);
		if (!names_within(&in_mine, &in_other)) {
			fprintf(stderr, "%s:%d: %s lacks a placeholder of %s:%d\n", b->path, other->line, mine->key, a->path, mine->line);
			wrong = 1;
		}
	}
	return wrong;
}

static void write_name(FILE *out, const char *key)
{
	fputs("MSG_", out);
	for (; *key; key++)
		fputc(isalnum((unsigned char)*key) ? toupper((unsigned char)*key) : '_', out);
}

static void write_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p < ' ' || *p > '~' || *p == '"' || *p == '\\' || *p == '?')
			fprintf(out, "\\%03o", *p);
		else
			fputc(*p, out);
	fputc('"', out);
}

static void write_header(const char *path, const struct po *po)
{
	FILE *out = fopen(path, "w");

	if (!out)
		exit(1);
	fputs("/* Made by gen/messages.c from lang/. */\n#ifndef TWOSTEP_MESSAGES_H\n#define TWOSTEP_MESSAGES_H\n\nenum msg {\n", out);
	for (size_t i = 0; i < po->count; i++) {
		fputc('\t', out);
		write_name(out, po->entries[i].key);
		fputs(",\n", out);
	}
	fputs("\tMSG_COUNT\n};\n\n#endif\n", out);
	if (fclose(out))
		exit(1);
}

static void write_source(const char *path, const struct po *catalogues, size_t count)
{
	FILE *out = fopen(path, "w");

	if (!out)
		exit(1);
	fputs("/* Made by gen/messages.c from lang/. */\n#include \"messages.h\"\n\n", out);
	fprintf(out, "extern const char *const messages[%zu][MSG_COUNT];\n", count);
	fprintf(out, "const char *const messages[%zu][MSG_COUNT] = {\n", count);
	for (size_t c = 0; c < count; c++) {
		fputs("\t{\n", out);
		for (size_t i = 0; i < catalogues[c].count; i++) {
			fputs("\t\t[", out);
			write_name(out, catalogues[c].entries[i].key);
			fputs("] = ", out);
			write_text(out, catalogues[c].entries[i].text);
			fputs(",\n", out);
		}
		fputs("\t},\n", out);
	}
	fputs("};\n", out);
	if (fclose(out))
		exit(1);
}

int main(int argc, char **argv)
{
	struct po catalogues[CATALOGUES_MAX];
	size_t count = argc > 3 ? (size_t)argc - 3 : 0;
	int wrong = 0;

	if (count < 1 || count > CATALOGUES_MAX) {
		fputs("usage: messages OUT.h OUT.c CATALOGUE.po ...\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < count; i++)
		po_read(argv[3 + i], &catalogues[i]);
	for (size_t i = 1; i < count; i++)
		wrong |= compare(&catalogues[0], &catalogues[i]) | compare(&catalogues[i], &catalogues[0]);
	if (wrong)
		return 1;
	write_header(argv[1], &catalogues[0]);
	write_source(argv[2], catalogues, count);
	return 0;
}
