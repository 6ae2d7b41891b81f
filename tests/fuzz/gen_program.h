/*
 * gen_program: runs a program of the build inside a target, again and again: its main is called `generate`, its files are parts of the
 * input, its exit comes back here, and what it left allocated or open goes with it. Linked with the names of GEN_WRAPPED wrapped.
 */
#ifndef TWOSTEP_FUZZ_GEN_PROGRAM_H
#define TWOSTEP_FUZZ_GEN_PROGRAM_H

#include "fuzz.h"

int generate(int argc, char **argv);

struct gen_file {
	const char *path;
	const char *bytes;
	size_t length;
};

/* What a run came to. */
struct gen_run {
	int status;
	size_t said;    /* bytes on standard error */
	size_t written; /* bytes of all files that it made */
};

/* Files by their path, one without a path at the end; another one cannot be read. */
struct gen_run gen_run(const struct gen_file *files, int argc, char **argv);

/* Cuts the input at lines of "@@" into at most `most` parts; those that it lacks keep what they have. */
void gen_cut(const uint8_t *bytes, size_t length, struct gen_file *parts, size_t most);

#endif
