/*
 * label: what a backup says of itself, in its table `meta`: that it is one, of when, and to which keyring it belongs.
 */
#ifndef TWOSTEP_CLI_LABEL_H
#define TWOSTEP_CLI_LABEL_H

#include "base/clock.h"
#include "cli/mark.h"

struct label {
	char of[TIME_TEXT]; /* RFC 3339 */
	uint8_t mark[MARK_BYTES];
};

/* store_functions; the argument is a struct label. */
MUST_USE enum err label_write(struct db *db, void *label); /* `of` alone: the mark is there already. ERR_WRONG_STATE: a backup itself */
MUST_USE enum err label_read(struct db *db, void *label);  /* ERR_NOT_FOUND: no backup */
MUST_USE enum err label_find(struct db *db, void *unused); /* is it one? ERR_NOT_FOUND: no */
MUST_USE enum err label_remove(struct db *db);             /* what it was put in the place of is none */

/*
 * Does the file say so by itself? Asked before anything opens it: where it was only copied into place, the log of the database that
 * was there may lie beside it, would be written into it, and hide what it says. false: no, or it cannot be read.
 */
bool label_in_head(const char *path);

#endif
