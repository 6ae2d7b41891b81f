#include "po.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 8192

static _Noreturn void die(const char *path, int line, const char *what, const char *which)
{
	fprintf(stderr, "%s:%d: %s%s%s\n", path, line, what, which ? ": " : "", which ? which : "");
	exit(1);
}

static char *copy(const char *text)
{
	char *made = strdup(text);
	if (!made)
		exit(1);
	return made;
}

/* Appends the quoted string that a line carries. */
static void read_quoted(const struct po *po, int line, const char *from, char *to)
{
	size_t length = strlen(to);
	const char *p = strchr(from, '"');

	if (!p)
		die(po->path, line, "a quoted string is missing", NULL);
	for (p++; *p && *p != '"'; p++) {
		char c = *p;
		if (c == '\\') {
			p++;
			c = *p == 'n' ? '\n' : *p == 't' ? '\t' : *p == '"' || *p == '\\' ? *p : '\0';
			if (!c)
				die(po->path, line, "an unknown escape", from);
		}
		if (length + 2 > TEXT_MAX)
			die(po->path, line, "too long", NULL);
		to[length++] = c;
		to[length] = '\0';
	}
	if (*p != '"' || p[1 + strspn(p + 1, " \t\r\n")])
		die(po->path, line, "the string does not end with its line", from);
}

static void check_key(const struct po *po, int line, const char *key)
{
	if (!*key || key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789._-")])
		die(po->path, line, "not a key", key);
}

static void add(struct po *po, const char *key, const char *text, int line)
{
	if (!*key) /* the header entry */
		return;
	check_key(po, line, key);
	if (!*text)
		die(po->path, line, "no text for", key);
	po->entries = realloc(po->entries, (po->count + 1) * sizeof(*po->entries));
	if (!po->entries)
		exit(1);
	po->entries[po->count++] = (struct po_entry){ copy(key), copy(text), line };
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct po_entry *)a)->key, ((const struct po_entry *)b)->key);
}

void po_read(const char *path, struct po *out)
{
	char row[TEXT_MAX], key[TEXT_MAX] = "", text[TEXT_MAX] = "";
	char *target = NULL;
	int line = 0, begun = 0;
	FILE *file = fopen(path, "r");

	*out = (struct po){ path, NULL, 0 };
	if (!file)
		die(path, 0, "cannot be read", NULL);
	while (fgets(row, sizeof(row), file)) {
		line++;
		const char *p = row + strspn(row, " \t\r\n");
		if (!*p || *p == '#')
			continue;
		if (!strncmp(p, "msgid ", 6)) {
			if (target == key)
				die(path, line, "a key without a text before", key);
			if (target)
				add(out, key, text, begun);
			target = key, *key = *text = '\0', begun = line;
		} else if (!strncmp(p, "msgstr ", 7) && target == key) {
			target = text;
		} else if (*p != '"' || !target) {
			die(path, line, "not understood", row);
		}
		read_quoted(out, line, p, target);
	}
	fclose(file);
	if (target == text)
		add(out, key, text, begun);
	if (!out->count)
		die(path, line, "no texts", NULL);
	qsort(out->entries, out->count, sizeof(*out->entries), by_key);
	for (size_t i = 1; i < out->count; i++)
		if (!strcmp(out->entries[i].key, out->entries[i - 1].key))
			die(path, out->entries[i].line, "twice", out->entries[i].key);
}

const struct po_entry *po_find(const struct po *po, const char *key)
{
	struct po_entry wanted = { (char *)(size_t)key, NULL, 0 };
	return bsearch(&wanted, po->entries, po->count, sizeof(*po->entries), by_key);
}

void po_placeholders(const struct po *po, const struct po_entry *entry, void (*each)(void *to, const char *name, size_t length),
                     void *to)
{
	for (const char *p = entry->text; (p = strpbrk(p, "{}")); ) {
		size_t length = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz_");
		if (*p != '{' || !length || p[1 + length] != '}')
			die(po->path, entry->line, "a brace that is no {placeholder}", entry->key);
		each(to, p + 1, length);
		p += length + 2;
	}
}
