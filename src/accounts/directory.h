/*
 * directory: all accounts of the installation, for its operator.
 */
#ifndef TWOSTEP_ACCOUNTS_DIRECTORY_H
#define TWOSTEP_ACCOUNTS_DIRECTORY_H

#include "accounts/account.h"

struct listed {
	struct id id;
	char email[EMAIL_TEXT], name[NAME_TEXT];
	bool two_step;
	int64_t created_at, signed_in_at; /* the last: 0 never */
	int64_t organizations;
};

/*
 * By address, those behind `after` ("": from the first); search: a part of address or name, NULL: all. Short: the last page.
 * ERR_INVALID: a search longer than a name, or no UTF-8.
 */
MUST_USE enum err directory_select(struct db *db, const char *search, const char *after, struct listed *out, size_t room,
                                   size_t *count);

#endif
