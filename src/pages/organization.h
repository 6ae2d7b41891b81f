/*
 * organization: what the pages of an organisation share: the part of the frame that names it and its tabs, and places in it.
 */
#ifndef TWOSTEP_PAGES_ORGANIZATION_H
#define TWOSTEP_PAGES_ORGANIZATION_H

#include "organizations/organization.h"
#include "pages/page.h"

/*
 * For page_frame: the organisation of call->membership with the others to switch to, and what a demand with grace says to its
 * people. What cannot be told is left out: no page is refused for its frame.
 */
void organization_frame(struct call *call, struct part_frame *frame);

/* "/organizations/ID" and what follows ("/leave", "" for the members), in the arena; NULL: memory is at its end. */
const char *organization_place(struct call *call, const char *rest);

/* The page of a member, likewise. */
const char *organization_member_place(struct call *call, const struct id *account);

/* The same at the end of a buffer, for a place with a query behind it: no memory, no failure but the buffer's own. */
void organization_place_add(struct buf *out, const struct call *call, const char *rest);

/* Where its people land: the members, or the services for who may not see them; in the arena. */
const char *organization_home(struct call *call, const struct id *organization, enum role role);

/* Where somebody who is signed in lands: in the organisation used last, or where one is made. */
MUST_USE enum err landing_place(struct call *call, const char **place);

/* In the order of the menu and of the list: each keeps its place, whichever was used last. */
void organizations_by_name(struct organization *organizations, size_t count);

/* The word for a role in the language of the page. */
enum msg role_word(enum role role);
enum msg service_role_word(enum service_role role);

/* Adds name=value to a place's query, where there is a value. */
void query_add(struct buf *place, const char *name, const char *value);

/* An id as a text in the arena. */
const char *page_id(struct call *call, const struct id *id);

#endif
