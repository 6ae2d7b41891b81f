/*
 * po: reads the subset of gettext's PO format that lang/ uses: comments, msgid "key", msgstr "text", continued strings,
 * the escapes \n \t \" \\. Keys are words of a-z, 0-9, '.', '-' and '_'. For programs of the build: an error ends them.
 */
#ifndef TWOSTEP_GEN_PO_H
#define TWOSTEP_GEN_PO_H

#include <stddef.h>

struct po_entry {
	char *key, *text;
	int line;
};

struct po {
	const char *path;
	struct po_entry *entries; /* sorted by key */
	size_t count;
};

void po_read(const char *path, struct po *out);
const struct po_entry *po_find(const struct po *po, const char *key);

/* Calls back for each {placeholder}; a brace that is none ends the program. */
void po_placeholders(const struct po *po, const struct po_entry *entry, void (*each)(void *to, const char *name, size_t length),
                     void *to);

#endif
