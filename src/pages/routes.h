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
extern const struct route account_email_pages[];
extern const struct route audit_pages[];
extern const struct route sessions_pages[];
extern const struct route two_step_pages[];
extern const struct route setup_pages[];
extern const struct route recovery_codes_pages[];
extern const struct route disable_pages[];
extern const struct route demand_pages[];
extern const struct route continue_pages[];
extern const struct route organizations_pages[];
extern const struct route organization_pages[];
extern const struct route members_pages[];
extern const struct route member_pages[];
extern const struct route security_pages[];
extern const struct route invitations_pages[];
extern const struct route services_pages[];
extern const struct route service_pages[];

/* setup.c: where a set-up begins. */
#define SETUP_PATH "/account/two-step/setup"

/* member.c: its page once more, where the second step was too old or not right. */
#define RESET_PATH "/organizations/{o}/members/{a}/reset"
MUST_USE enum err show_reset(struct call *call, enum err err);

/* account_email.c: the same of closing an account. */
#define CLOSE_PATH "/account/close"
MUST_USE enum err show_close(struct call *call, enum err err);

/*
 * security.c: what became of a file that was asked for by a link. A page leads to the code, where one is due, and from there to
 * `back`, which has the link: the file itself would leave nobody anywhere.
 */
MUST_USE enum err page_sent_file(struct call *call, const char *back, enum err err);
bool page_wants_bom(struct call *call);

/* demand.c: to where the person was going; the way back is used once. told: the page there has something to say already. */
MUST_USE enum err go_back(struct call *call);
MUST_USE enum err go_back_told(struct call *call, bool told);

/* demand.c: what holds a restricted session up, and keeps the way back: a set-up that is demanded, a code. */
#define DEMAND_PATH "/account/two-step/required"
#define RETURN_S    3600 /* a set-up takes its time */
MUST_USE enum err ask_to_set_up(struct call *call);
MUST_USE enum err ask_for_code(struct call *call);

/* demand.c: the organisations that demand two-step of the caller, into the arena; with in_force not those that still give time. */
struct part_demander;
MUST_USE enum err demanders_look(struct call *call, bool in_force, const struct part_demander **out, size_t *count);

/*
 * pages.c: the page that the form of this call stood on: by the tables, not by what a browser says. In the arena; NULL: memory is at
 * its end.
 */
const char *form_place(struct call *call);

/*
 * demand.c: what may stand behind a way back, for who comes by it: what was sent from there was not done, for nobody was signed in;
 * a file that waited for a code, whose link has the id "download" there.
 */
#define UNSAVED  "#unsaved"
#define DOWNLOAD "#download"

/* login.c: where a sign-in leads: to its second step, to the set-up that is demanded, to where the person came from. */
MUST_USE enum err signed_in(struct call *call, const struct sign_in *result, enum notice notice);

/* recovery_codes.c: the last page of a set-up and of a reissue, and its file. */
struct codes_page {
	bool reissue, replace;
	const char *complete, *download, *cancel, *here;
	const struct id *shown; /* goes with the form: another tab may have begun anew */
	int64_t expires_at;
};
MUST_USE enum err show_codes(struct call *call, const struct codes_page *which, const struct recovery_set *codes, enum err err);
MUST_USE enum err send_codes_file(struct call *call, const struct recovery_set *codes);

/* The form of that page. */
struct codes_form { const char *shown; bool saved; };
extern const struct form codes_form;

/* Which codes it showed, into `id`; *shown is NULL where it does not say, as the API does not. OK, ERR_WRONG_STATE: none can be meant. */
MUST_USE enum err codes_shown(const struct codes_form *form, struct id *id, const struct id **shown);

/* recovery_codes.c: its page once more, where the second step was too old or not right. */
MUST_USE enum err show_reissue(struct call *call, enum err err);

#endif
