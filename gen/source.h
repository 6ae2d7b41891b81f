/*
 * source: template files as they are read: where we are, in which line, included from where.
 * For programs of the build: an error ends them with "file:line: what".
 */
#ifndef TWOSTEP_GEN_SOURCE_H
#define TWOSTEP_GEN_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

struct source {
	const char *path;
	const char *text, *at, *end;
	int line;
	const struct source *from; /* what includes it; NULL: nothing */
};

/* The whole file; lives as long as the program. */
void source_open(struct source *source, const char *path);

/* A part of `whole` that begins at `at`. */
void source_part(struct source *part, const struct source *whole, const char *at, const char *end, const struct source *from);

/* Moves on to `to`, counting lines. */
void source_move(struct source *source, const char *to);

/* The next "{{", or the end. */
const char *source_next(const struct source *source);

#define DIRECTIVE_MAX 4096

/* At "{{": takes what stands between the braces, trimmed, and moves behind them. */
void source_directive(struct source *source, char out[static DIRECTIVE_MAX]);

_Noreturn void fail(const struct source *source, const char *what, const char *which);

/* The next word of a directive, or NULL at its end. key="several words" counts as one, without the quotes. */
char *next_word(const struct source *source, char **rest);

/* Ends the program where memory is at its end. */
void *take(size_t bytes);
char *take_text(const char *text, size_t length);

#endif
