#include "organizations/hosts.h"

#include "accounts/caller.h"
#include "accounts/password_try.h"
#include "organizations/log.h"
#include "organizations/security_sql.h"
#include "store/store.h"

#include "base/banned.h"

const char *host_state_name(enum host_state state)
{
	return state == HOST_ALLOWED ? "allowed" : "waiting";
}

/* However the public URL is written; all are, where it cannot be read. */
bool host_is_our_own(const struct settings *settings, const char *host)
{
	char own[HOSTNAME_TEXT];

	return !settings->public_loopback && (hostname_read(settings->public_host, settings->https, own) || hostname_same(host, own));
}

enum err host_state(struct db *db, const struct settings *settings, const char *host, const struct id *organization,
                    enum host_state *out)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err;

	*out = HOST_ALLOWED;
	if (settings->public_loopback)
		return OK;
	err = db_one(db, &rows, "SELECT 1 FROM allowed_host WHERE host = $1 AND organization_id = $2", db_text(host),
	        db_id(organization));
	if (err == ERR_NOT_FOUND)
		*out = HOST_WAITING;
	return err == ERR_NOT_FOUND ? OK : err;
}

struct word {
	struct call *call;
	char host[HOSTNAME_TEXT];
	struct id organization;
};

/* Whose service has the host. ERR_NOT_FOUND: none. */
static enum err find_claim(struct db *db, const char *host, struct id *organization)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows,
	        "SELECT s.organization_id FROM service_host h JOIN service s ON s.id = h.service_id WHERE h.host = $1",
	        db_text(host));

	return err ? err : db_get_id(&rows, 0, organization);
}

struct guarded {
	struct call *call;
	const char *host;
	struct id *organization;
};

static enum err find_guarded(struct db *db, void *argument)
{
	const struct guarded *guarded = argument;
	enum host_state state = HOST_WAITING;
	enum err err;

	if ((err = find_claim(db, guarded->host, guarded->organization)) ||
	    (err = host_state(db, guarded->call->settings, guarded->host, guarded->organization, &state)))
		return err;
	return state == HOST_ALLOWED ? OK : ERR_NOT_FOUND;
}

enum err host_guarded(struct call *call, const char *host, struct id *organization)
{
	struct guarded guarded = { call, host, organization };

	return store_read(call->store, find_guarded, &guarded);
}

struct proof {
	const struct call *call;
	const struct id *organization;
	const char *host;
};

/* Of who has a role on the host's service, as a check has it (gate/verdict.c), and once for each proof, host and place that it came from. */
static enum err is_news(struct db *db, void *argument)
{
	const struct proof *proof = argument;
	const struct call *call = proof->call;
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	return db_one(db, &rows,
	        "SELECT 1 FROM service_host h JOIN service s ON s.id = h.service_id"
	        " JOIN membership m ON m.organization_id = s.organization_id AND m.account_id = $3"
	        " LEFT JOIN service_role r ON r.service_id = s.id AND r.account_id = m.account_id"
	        " WHERE h.host = $1 AND s.organization_id = $2 AND (m.role >= $4 OR r.role >= $5)"
	        " AND NOT EXISTS (SELECT 1 FROM audit_event WHERE organization_id = $2 AND account_id = $3 AND at >= $6"
	        " AND action = $7 AND details = $1 AND address = $8)",
	        db_text(proof->host), db_id(proof->organization), db_id(&call->caller->account.id), db_int(ROLE_MANAGER),
	        db_int(SERVICE_VIEWER), db_int(call->caller->session.second_step_at), db_text(audit_action_name(AUDIT_CONFIRMED)),
	        db_text(call->peer.address));
}

static enum err note_proof(struct db *db, void *argument)
{
	const struct proof *proof = argument;
	const struct account *account = &proof->call->caller->account;
	enum err err = is_news(db, argument);

	return err ? err : organization_log(db, proof->call, proof->organization, AUDIT_CONFIRMED,
	        (struct about){ .account = &account->id, .target = account->email, .details = proof->host });
}

enum err host_note_proof(struct call *call, const struct id *organization, const char *host)
{
	struct proof proof = { call, organization, host };
	enum err err = store_read(call->store, is_news, &proof);

	if (!err)
		err = store_change(call->store, note_proof, &proof);
	return err == ERR_NOT_FOUND ? OK : err;
}

static enum err find_allowance(struct db *db, const char *host, struct id *organization)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	enum err err = db_one(db, &rows, "SELECT organization_id FROM allowed_host WHERE host = $1", db_text(host));

	return err ? err : db_get_id(&rows, 0, organization);
}

static enum err drop_allowance(struct db *db, const struct word *word, const struct id *organization)
{
	enum err err = db_change(db, NULL, "DELETE FROM allowed_host WHERE host = $1", db_text(word->host));

	return err ? err : organization_log(db, word->call, organization, AUDIT_HOST_FORBIDDEN, (struct about){ .target = word->host });
}

/* What a stranger's organisation claimed and was never allowed keeps nobody from their own host. */
static enum err drop_claim(struct db *db, const struct word *word, const struct id *organization)
{
	enum err err = db_change(db, NULL, "DELETE FROM service_host WHERE host = $1", db_text(word->host));

	return err ? err : organization_log(db, word->call, organization, AUDIT_HOST_FORBIDDEN,
	        (struct about){ .target = word->host, .details = "given to another organization" });
}

static enum err make_way(struct db *db, const struct word *word)
{
	struct id claimed, allowed;
	enum err claim = find_claim(db, word->host, &claimed), allowance = find_allowance(db, word->host, &allowed), err = OK;
	bool others_claim = !claim && !id_same(&claimed, &word->organization);
	bool others_allowance = !allowance && !id_same(&allowed, &word->organization);

	if ((claim && claim != ERR_NOT_FOUND) || (allowance && allowance != ERR_NOT_FOUND))
		return ERR_STORE;
	if (others_claim && (word->call->settings->public_loopback || (others_allowance && id_same(&claimed, &allowed))))
		return blame(word->call, "host", ERR_HOST_TAKEN); /* it counts, as in host_state */
	if (others_allowance)
		err = drop_allowance(db, word, &allowed);
	return err || !others_claim ? err : drop_claim(db, word, &claimed);
}

static enum err allow(struct db *db, void *argument)
{
	const struct word *word = argument;
	char name[ORGANIZATION_NAME_TEXT];
	int64_t added = 0;
	enum err err;

	if ((err = organization_name(db, &word->organization, name)) || (err = make_way(db, word)) ||
	    (err = db_change(db, &added,
	             "INSERT INTO allowed_host (host, organization_id, allowed_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
	             db_text(word->host), db_id(&word->organization), db_int(word->call->now_s))) ||
	    !added)
		return err;
	return organization_log(db, word->call, &word->organization, AUDIT_HOST_ALLOWED, (struct about){ .target = word->host });
}

enum err host_allow(struct call *call, const char *host, const char *organization)
{
	struct word word = { .call = call };
	enum err err;

	if ((err = blame(call, "host", hostname_claim(host, call->settings->https, word.host))) ||
	    (err = blame(call, "host", host_is_our_own(call->settings, word.host) ? ERR_HOST_OURS : OK)) ||
	    (err = id_parse(organization, &word.organization)))
		return err;
	return store_change(call->store, allow, &word);
}

static enum err forbid(struct db *db, void *argument)
{
	struct word *word = argument;
	enum err err = find_allowance(db, word->host, &word->organization);

	return err ? err : drop_allowance(db, word, &word->organization);
}

enum err host_forbid(struct call *call, const char *host)
{
	struct word word = { .call = call };
	enum err err = blame(call, "host", hostname_read(host, call->settings->https, word.host));

	return err ? err : store_change(call->store, forbid, &word);
}

struct listing {
	const struct settings *settings;
	const char *after;
	size_t rows;
	struct known_host *out;
	size_t *count;
};

static enum err read_known(const struct db_rows *rows, struct known_host *out)
{
	enum err err;

	*out = (struct known_host){ .host = "" };
	if ((err = db_copy_text(rows, 0, out->host, sizeof(out->host))) || (err = db_get_id(rows, 1, &out->allowed_to)) ||
	    (err = db_copy_text(rows, 2, out->allowed_to_name, sizeof(out->allowed_to_name))) ||
	    (err = db_get_id(rows, 3, &out->claimed_by)) ||
	    (err = db_copy_text(rows, 4, out->claimed_by_name, sizeof(out->claimed_by_name))))
		return err;
	return db_copy_text(rows, 5, out->service, sizeof(out->service));
}

/* On a loopback name a claim counts without the operator's word, as in host_state. */
static void allow_claim(struct known_host *host)
{
	if (id_empty(&host->claimed_by))
		return;
	host->allowed_to = host->claimed_by;
	memcpy(host->allowed_to_name, host->claimed_by_name, sizeof(host->allowed_to_name));
}

static enum err list(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	const struct listing *listing = argument;
	enum err err = db_query(db, &rows,
	        "SELECT k.host, a.organization_id, ao.name, s.organization_id, so.name, s.name"
	        " FROM (SELECT host FROM allowed_host UNION SELECT host FROM service_host) k"
	        " LEFT JOIN allowed_host a ON a.host = k.host LEFT JOIN organization ao ON ao.id = a.organization_id"
	        " LEFT JOIN service_host h ON h.host = k.host LEFT JOIN service s ON s.id = h.service_id"
	        " LEFT JOIN organization so ON so.id = s.organization_id WHERE k.host > $1 ORDER BY k.host LIMIT $2",
	        db_text(listing->after ? listing->after : ""), db_int((int64_t)listing->rows));

	*listing->count = 0;
	while (!err && *listing->count < listing->rows && !(err = db_next(&rows)) &&
	       !(err = read_known(&rows, &listing->out[*listing->count]))) {
		if (listing->settings->public_loopback)
			allow_claim(&listing->out[*listing->count]);
		*listing->count += 1;
	}
	return err == ERR_NOT_FOUND ? OK : err;
}

enum err host_list(struct call *call, const char *after, size_t rows, struct known_host **out, size_t *count)
{
	struct listing listing = { call->settings, after, rows, arena_alloc(call->arena, rows * sizeof(**out)), count };

	if (!listing.out)
		return ERR_MEMORY;
	*out = listing.out;
	return store_read(call->store, list, &listing);
}
