/*
 * readings: all that servers may take a path for, and whether one of these readings fits a pattern.
 * Which readings, and why: docs/decisions/0008-readings-of-a-path.md.
 * Arithmetic alone: no clock, no storage, no memory but the caller's.
 */
#ifndef TWOSTEP_ORGANIZATIONS_READINGS_H
#define TWOSTEP_ORGANIZATIONS_READINGS_H

#include "http/request.h"

/* In a text of readings: what was or looks like a slash, but may be none. Controls are refused, so it is no other character. */
#define READINGS_SOFT_SLASH '\001'

#define READINGS_PATH_BYTES_MAX 4096 /* longest path that is looked at */
#define READINGS_SEGMENTS_MAX   128  /* of a path that is not plain */
#define READINGS_KEY_BYTES_MAX  200  /* as written */
#define READINGS_KEY_TEXT       (3 * READINGS_KEY_BYTES_MAX + 1) /* composing lets text grow */

struct pattern {
	const char *key; /* as readings_key writes it, without '/' at its end */
	size_t key_bytes;
	bool below;      /* fits what is beneath it too */
	bool begins;     /* fits whatever begins with it */
};

struct readings {
	struct view plain; /* a path that all servers read alike but for letter case; empty: it is not one */
	char text[2][READINGS_PATH_BYTES_MAX + 1]; /* else: decoded and folded; as sent, and composed (NFC) where that is another */
	size_t texts;
};

/*
 * What a pattern is compared by, folded as paths are; all that looks like a slash is one.
 * path  without its star; UTF-8 that begins with '/', without '%' and without controls, at most READINGS_KEY_BYTES_MAX bytes
 */
MUST_USE enum err readings_key(struct view path, char key[static READINGS_KEY_TEXT]); /* ERR_MEMORY */

/*
 * path  as asked, percent-encoded, up to '?' (what stands behind is not looked at); it must outlive *out
 * OK
 * ERR_INVALID  nobody can say what it means: no '/' in front, '#', a broken escape, a control or no UTF-8 (decoded once or more
 *              often), too long, more than READINGS_SEGMENTS_MAX segments
 * ERR_MEMORY
 */
MUST_USE enum err readings_take(struct view path, struct readings *out);

bool readings_fit(const struct readings *readings, const struct pattern *pattern);

#endif
