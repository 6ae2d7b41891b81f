/*
 * facts: what a check is decided from, packed for memory: a person, what a cookie of theirs opens, a site that is asked for.
 * Made from the store by a request thread; constant from then on, but for what is atomic.
 */
#ifndef TWOSTEP_GATE_FACTS_H
#define TWOSTEP_GATE_FACTS_H

#include "accounts/caller.h"
#include "base/token.h"
#include "gate/table.h"
#include "organizations/hostname.h"
#include "organizations/roles.h"
#include "organizations/rule.h"

/* An account, with what it belongs to. */
struct person {
	struct entry entry;
	struct id account;
	atomic_bool dead;   /* something of it has changed: nothing here is to be believed */
	bool two_step, setup_required, demanded;
	uint32_t users;     /* passes that point here: the writer's */
	uint32_t as_of;     /* memory_as_of: another number once anything of it has changed */
	uint32_t idle_s;
	int64_t valid_until; /* seconds since 1970, as all moments here: a demand comes into force then, or ends what is unused since before it did; 0: none */
	uint16_t organizations, services, email_bytes, name_bytes;
	uint8_t data[];     /* pairs of id and role, by id: organizations, services; e-mail; name, percent-encoded */
};

/* What a cookie opens: everything (a session), or one host (what a hand-over left there). */
struct pass {
	struct entry entry;  /* hash: the first 8 bytes of the token's digest */
	uint64_t digest;     /* the next 8: 128 of SHA-256, of tokens that nobody can choose */
	struct person *person;
	uint64_t host;       /* host_mark of it; 0: any */
	uint8_t session[ID_BYTES];
	atomic_int_fast64_t last_seen;
	int64_t ends_at, second_step_at; /* 0: never */
	uint32_t proven;     /* half the mark of the host whose rule asked for the second step last, which stands in the log; 0: none */
	uint16_t on_record;  /* bit n: the sign-in stands in the log of the person's n-th organisation */
	uint8_t methods;     /* enum method_used */
};
#define PASS_RECORDS 16 /* bits of on_record; of an organisation beyond them each check asks the store */

/* A host, and the service that it is of. */
struct site {
	struct entry entry;
	char host[HOSTNAME_TEXT];
	uint64_t mark; /* host_mark */
	struct id service, organization;
	bool allowed, assertion;
	const struct rule *rules;
	size_t rule_count;
	struct arena arena; /* of the rules */
};

uint64_t host_hash(const char *host);
uint64_t host_mark(const char *host); /* never 0; of a digest, so that no two hosts are alike by design */

/* Where an id stands among the pairs, -1: nowhere. *role: what stands beside it. */
int person_organization(const struct person *person, const struct id *id, enum role *role);
int person_service(const struct person *person, const struct id *id, enum service_role *role);
struct view person_email(const struct person *person);
struct view person_name(const struct person *person); /* percent-encoded */

/*
 * In a transaction. The caller is filled (second_step/caller_fill.h); with its session.
 * pass_load  host: of an app's cookie; NULL: a session's own. The pass is not yet its person's
 * site_load  ERR_NOT_FOUND: no service has the host
 * ERR_MEMORY, ERR_STORE
 */
MUST_USE enum err person_load(struct db *db, const struct caller *caller, int64_t now_s, struct person **out);
MUST_USE enum err pass_load(struct db *db, const struct caller *caller, const struct person *person,
                            const struct token_digest *token, const char *host, struct pass **out);
MUST_USE enum err site_load(struct db *db, const struct settings *settings, const char *host, struct site **out);

void person_free(struct person *person);
void pass_free(struct pass *pass);
void site_free(struct site *site);

static inline uint32_t site_proof_mark(const struct site *site)
{
	return (uint32_t)(site->mark >> 32) | 1;
}

#endif
