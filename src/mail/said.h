/*
 * said: what a mail server answered, for the operator's log: often the only place that says why. Servers repeat what they were given, so
 * that nothing of the recipient's address and no code or link of the mail may stay in it. Arithmetic alone.
 */
#ifndef TWOSTEP_MAIL_SAID_H
#define TWOSTEP_MAIL_SAID_H

#include <stdbool.h>
#include <stddef.h>

#define SAID_BYTES 200 /* shown at most */
#define SAID_TEXT  (SAID_BYTES + 16)

/* One answer, however many lines it has. Zero-initialised is empty. */
struct said {
	char text[2 * SAID_BYTES];
	size_t length;
	bool whole; /* its last line has come: a further one begins the next answer */
};

/* A line as it came, with code and line end; of an answer that has been whole, the first of the next. */
void said_line(struct said *said, const char *line, size_t length);

/*
 * Without the codes of its lines, controls as blanks, cut between words. "***" instead of each word that has an '@' or a '/', is what
 * stands before the '@' of `to`, or has a digit or hyphen and stands in `message` too.
 */
const char *said_show(const struct said *said, const char *to, const char *message, char out[static SAID_TEXT]);

#endif
