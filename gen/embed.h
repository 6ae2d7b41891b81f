/*
 * embed: files that gen/embed.c has made part of the program.
 */
#ifndef TWOSTEP_EMBED_H
#define TWOSTEP_EMBED_H

#include <stddef.h>

struct embedded {
	const char *name;           /* of the file, without its folders */
	const unsigned char *bytes; /* a NUL follows, so that text is a C string */
	size_t length;              /* without that NUL */
};

#endif
