/*
 * routes: the tables of the pages, one for each group, in a file of that name; and what one group lends another.
 */
#ifndef TWOSTEP_PAGES_ROUTES_H
#define TWOSTEP_PAGES_ROUTES_H

#include "pages/page.h"
#include "sign_in/sign_in.h"

extern const struct route home_pages[];
extern const struct route sign_up_pages[];
extern const struct route login_pages[];
extern const struct route password_reset_pages[];
extern const struct route account_pages[];
extern const struct route sessions_pages[];
extern const struct route two_step_pages[];
extern const struct route setup_pages[];
extern const struct route recovery_codes_pages[];
extern const struct route disable_pages[];

/* login.c: where a sign-in leads: to its second step, to the set-up that is demanded, to where the person came from. */
MUST_USE enum err signed_in(struct call *call, const struct sign_in *result, enum notice notice);

/* recovery_codes.c: the last page of a set-up and of a reissue, and its file. */
struct codes_page {
	bool reissue, replace;
	const char *complete, *download, *cancel, *here;
	int64_t expires_at;
};
MUST_USE enum err show_codes(struct call *call, const struct codes_page *which, const struct recovery_set *codes, enum err err);
MUST_USE enum err send_codes_file(struct call *call, const struct recovery_set *codes);

/* recovery_codes.c: its page once more, where the second step was too old or not right. */
MUST_USE enum err show_reissue(struct call *call, enum err err);

#endif
