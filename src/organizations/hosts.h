/*
 * hosts: the operator's word on which organisation may have which host. A claim counts from then on; where the public URL is
 * on a loopback name it counts at once.
 */
#ifndef TWOSTEP_ORGANIZATIONS_HOSTS_H
#define TWOSTEP_ORGANIZATIONS_HOSTS_H

#include "organizations/hostname.h"
#include "organizations/membership.h"

enum host_state { HOST_WAITING, HOST_ALLOWED };

/* "waiting", "allowed"; static. */
const char *host_state_name(enum host_state state);

/* The public URL's, whatever the port, which is no application's but where nobody can reach it from outside. As hostname_read writes it. */
bool host_is_our_own(const struct settings *settings, const char *host);

/* Does a claim of this organisation count? host as hostname_read writes it. OK, ERR_STORE */
MUST_USE enum err host_state(struct db *db, const struct settings *settings, const char *host, const struct id *organization,
                             enum host_state *out);

/*
 * For who is led back to an application, or passes its check. Whose the host is: ERR_NOT_FOUND where no service has it, or it waits.
 * host_note_proof: the second step that a rule of its service asked for was given; of who has no role there, or what is noted already,
 * nothing is written.
 */
MUST_USE enum err host_guarded(struct call *call, const char *host, struct id *organization);
MUST_USE enum err host_note_proof(struct call *call, const struct id *organization, const char *host);

/* A host that an organisation has been given, or that its service claims, or both. */
struct known_host {
	char host[HOSTNAME_TEXT];
	struct id allowed_to;                          /* empty: to nobody */
	char allowed_to_name[ORGANIZATION_NAME_TEXT];
	struct id claimed_by;                          /* the organisation of the service; empty: no service has it */
	char claimed_by_name[ORGANIZATION_NAME_TEXT], service[NAME_TEXT];
};

/*
 * The operator's (call->caller NULL): host as typed, organization an id as text. Each is one change, in the organisations' logs.
 *
 * host_allow   An allowance that another organisation has and does not use is moved; what another organisation's service claims
 *              and was never allowed, it loses. Twice is fine.
 *              ERR_INVALID blames `host` (as hostname_claim), ERR_HOST_OURS too; ERR_NOT_FOUND: no such organisation; ERR_HOST_TAKEN blames
 *              `host`: a service of another one has it, allowed: forbid it first; where the public URL is on a loopback name, take
 *              it off the service
 * host_forbid  The service keeps its claim and waits. ERR_INVALID blames `host`; ERR_NOT_FOUND: it was not allowed
 */
MUST_USE enum err host_allow(struct call *call, const char *host, const char *organization);
MUST_USE enum err host_forbid(struct call *call, const char *host);

/* By name, those behind `after` (NULL: from the first), at most `rows`; into the arena. Fewer than `rows`: the last. */
MUST_USE enum err host_list(struct call *call, const char *after, size_t rows, struct known_host **out, size_t *count);

#endif
