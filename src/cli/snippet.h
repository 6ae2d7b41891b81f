/*
 * snippet: a proxy's configuration from a template. Arithmetic alone.
 *   @WORD@            the word's value; words are upper case, any other @ is a sign like others
 *   @@hosts … @@end   lines that stand once for each host
 *   @@WORD| text      a line that stands only where the word is true
 */
#ifndef TWOSTEP_CLI_SNIPPET_H
#define TWOSTEP_CLI_SNIPPET_H

#include "base/buf.h"

struct snippet_word {
	const char *name, *value; /* name NULL at the end of a list */
};

struct snippet_fact {
	const char *name; /* NULL at the end of a list */
	bool holds;
};

#define SNIPPET_WORDS_MAX 8

/* What stands for a host alone. */
struct snippet_host {
	struct snippet_word words[SNIPPET_WORDS_MAX];
	struct snippet_fact facts[SNIPPET_WORDS_MAX];
};

struct snippet {
	const struct snippet_word *words;
	const struct snippet_fact *facts;
	const struct snippet_host *hosts;
	size_t host_count;
};

/* False: the template has a word or a fact that nobody knows. */
MUST_USE bool snippet_write(struct buf *out, const char *template, const struct snippet *snippet);

#endif
