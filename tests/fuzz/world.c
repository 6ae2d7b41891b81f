#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "accounts/account.h"
#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "cli/health.h"
#include "gate/gate.h"
#include "http/server.h"
#include "mandate/mandate.h"
#include "oidc/oidc.h"
#include "organizations/membership.h"
#include "pages/pages.h"
#include "second_step/second_step_sql.h"
#include "sessions/session.h"
#include "sign_in/guard.h"
#include "signing/signer.h"
#include "wrapped.h"

#define SILENT_MS 60000 /* an answer comes, however busy the machine is */
#define SEED      UINT64_C(1) /* of each input; the world is made from another */

static struct world made;
static struct settings settings;
static struct store *store;
static struct keyring *keys;
static struct hashes *hashes;
static struct signer *signer;
static struct gate *gate;
static struct server *server;
static char folder[64], listening[100], database[100];

/* ---- the server ---- */

static const struct surface *const surfaces[] = {
	&health_surface, &api_surface, &forward_auth_surface, &auth_request_surface, &ext_authz_surface, &gate_surface, &oidc_surface,
	&pages_surface, NULL,
};
static const struct router router = { .surfaces = surfaces, .guard = guard };

static bool answer_fast(const struct fast *fast, struct answer *answer)
{
	return gate_fast(gate, fast, answer) || health_fast(fast->request, answer) || pages_fast(fast->request, answer);
}

static void turn(unsigned loop, bool begins)
{
	gate_turn(gate, loop, begins);
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
	(void)about, (void)type, (void)where;
	return remove(path);
}

static void end(void)
{
	server_stop(server);
	gate_stop(gate);
	server_free(server);
	hashes_free(hashes);
	signer_free(signer);
	store_close(store);
	gate_free(gate);
	keyring_free(keys);
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void open_store(void)
{
	const char *why = "";
	bool created;

	new_folder(folder, sizeof(folder));
	snprintf(database, sizeof(database), "%s/twostep.db", folder);
	snprintf(listening, sizeof(listening), "unix:%s/socket", folder);
	must(!store_open(database, &store, &created, &why));
}

static void start(void)
{
	struct server_options options = {
		.settings = &settings, .store = store, .router = &router, .fast = answer_fast, .turn = turn, .loops = 1, .request_threads = 1,
	};
	const char *why = "";

	settings = (struct settings){ .listen = listening, .public_url = "http://localhost", .public_host = "localhost",
		.public_loopback = true, .name = "twostep", .data = folder, .database = database, .mail = "file:nowhere",
		.mail_from = "twostep@localhost", .password_min = 15, .audit_days = 365, .organizations = ORGANIZATIONS_SIGNED_IN,
		.signup = SIGNUP_OPEN, .trust_unix = true };
	keys = new_keys();
	must(!hashes_new(1, 8, &hashes) && !signer_new(store, keys, &signer) && !gate_new(&settings, store, 1, &gate));
	options.keys = keys;
	options.hashes = hashes;
	options.places = hashes_places(hashes);
	options.signer = signer;
	options.gate = gate;
	store_on_commit(store, gate_forget, gate);
	must(!server_new(&options, &server, &why) && !server_start(server));
	must(OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL)); /* so that its own end comes behind ours */
	atexit(end);
}

/* ---- asking it ---- */

static int connect_to(void)
{
	struct sockaddr_un place = { .sun_family = AF_UNIX };
	int socket_of = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(place.sun_path, sizeof(place.sun_path), "%s", listening + strlen("unix:"));
	must(socket_of >= 0 && !connect(socket_of, (struct sockaddr *)&place, sizeof(place)));
	return socket_of;
}

/* The fuzzer's own clock interrupts now and then. */
static void wait_for(int from)
{
	struct pollfd readable = { from, POLLIN, 0 };
	int ready;

	do
		ready = poll(&readable, 1, SILENT_MS);
	while (ready < 0 && errno == EINTR);
	must(ready == 1);
}

static void read_all(int from, struct buf *answer)
{
	char part[16384];
	ssize_t got = 1;

	while (got > 0) {
		wait_for(from);
		if ((got = recv(from, part, sizeof(part), 0)) > 0)
			buf_add(answer, part, (size_t)got);
	}
	must(!answer->failed);
}

/* The server may have refused, and closed, before it read all. */
void world_ask(const void *bytes, size_t length, struct buf *answer)
{
	int asking = connect_to();

	while (length) {
		ssize_t sent = send(asking, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			break;
		bytes = (const char *)bytes + sent;
		length -= (size_t)sent;
	}
	shutdown(asking, SHUT_WR);
	read_all(asking, answer);
	close(asking);
}

/* ---- the people ---- */

struct person {
	enum somebody name;
	const char *email, *shown;
	bool two_step, bearer;
	enum somebody same_as; /* another session of that one's account; NOBODY: an account of its own */
};

static const struct person people[] = {
	{ OWNER, "owner@example.com", "Kim Sora", true, false, NOBODY },
	{ OWNER_BEARER, NULL, NULL, true, true, OWNER },
	{ MEMBER, "member@example.com", "Lee Ara", false, false, NOBODY },
	{ STRANGER, "stranger@example.com", "Park Jun", false, false, NOBODY },
	{ RESTRICTED, "strict@example.com", "Han Bit", false, false, NOBODY },
	{ OTHER, NULL, NULL, false, true, NOBODY },
};

static struct sealed_password sealed_password(const struct id *owner)
{
	SCOPED(password_wipe) struct password password = { "" };
	struct sealed_password sealed = { { 0 } };
	struct hash_text hash;

	must(!password_read(WORLD_PASSWORD, &password) && !hash_make(hashes, &password, &hash) &&
	     !password_seal(keys, owner, &hash, &sealed));
	return sealed;
}

static void add_second_step(struct db *db, const struct id *account, struct id *enrolment)
{
	struct sealed_secret sealed;
	struct recovery_set codes;
	struct id set;

	must(!totp_secret_new(&made.secret) && !id_new(enrolment) && !id_new(&set) && !recovery_set_new(&codes));
	must(!keyring_seal(keys, SEAL_TOTP, account, enrolment, made.secret.bytes, sizeof(made.secret.bytes), sealed.bytes));
	must(!totp_row_add(db, account, enrolment, &sealed, WORLD_NOW_S));
	must(!recovery_rows_replace(db, keys, account, &set, &codes, WORLD_NOW_S));
	memcpy(made.recovery, codes.code[0], sizeof(made.recovery));
}

static void add_session(struct db *db, const struct person *person, const struct id *enrolment)
{
	struct session session = { .account = made.account[person->name], .bearer = person->bearer, .methods = USED_PASSWORD,
		.signed_in_at = WORLD_NOW_S, .confirmed_at = WORLD_NOW_S, .last_seen_at = WORLD_NOW_S, .ends_at = WORLD_NOW_S + SESSION_S,
		.browser = "Firefox on Linux", .address = "192.0.2.1" };
	struct token_digest digest;

	if (person->two_step) {
		session.enrolment = *enrolment;
		session.methods |= USED_OTP;
		session.second_step_at = WORLD_NOW_S;
	}
	must(!id_new(&session.id) && !token_new(&made.token[person->name], &digest) && !session_add(db, &session, &digest));
	id_text(&session.id, made.session[person->name]);
}

static void add_person(struct db *db, const struct person *person, struct id *enrolment)
{
	struct account account = { .created_at = WORLD_NOW_S };
	struct sealed_password password;

	must(!id_new(&account.id));
	snprintf(account.email, sizeof(account.email), "%s", person->email ? person->email : "");
	snprintf(account.name, sizeof(account.name), "%s", person->shown ? person->shown : made.mark);
	if (!person->email)
		snprintf(account.email, sizeof(account.email), "%s@example.com", made.mark);
	password = sealed_password(&account.id);
	must(!account_add(db, &account, &password, WORLD_NOW_S));
	made.account[person->name] = account.id;
	if (person->two_step)
		add_second_step(db, &account.id, enrolment);
}

static enum err add_people(struct db *db, void *argument)
{
	struct id enrolment = { { 0 } };

	(void)argument;
	for (size_t i = 0; i < COUNT(people); i++) {
		if (people[i].same_as)
			made.account[people[i].name] = made.account[people[i].same_as];
		else
			add_person(db, &people[i], &enrolment);
		add_session(db, &people[i], &enrolment);
	}
	return OK;
}

/* ---- what they have ---- */

/* Asks as a program would, and takes a text out of the answer: what stands between `before` and the next double quote. */
static void do_as(enum somebody somebody, const char *path, const char *body, const char *before, char *out, size_t room)
{
	SCOPED(buf_done) struct buf request = { 0 }, answer = { 0 };
	const char *found;
	size_t length;

	buf_printf(&request, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n", path,
	           strlen(body));
	if (somebody)
		buf_printf(&request, "Authorization: Bearer %s\r\n", made.token[somebody].text);
	buf_printf(&request, "\r\n%s", body);
	world_ask(buf_string(&request), request.length, &answer);
	must((found = strstr(buf_string(&answer), before)));
	length = strcspn(found += strlen(before), "\"");
	must(length < room);
	memcpy(out, found, length);
	out[length] = '\0';
}

static void build(enum somebody owner, const char *name, const char *host, const char *guest, struct place *out)
{
	char path[200], body[400];

	snprintf(out->host, sizeof(out->host), "%s", host);
	id_text(&made.account[owner == OTHER ? OTHER : MEMBER], out->account);
	snprintf(body, sizeof(body), "{\"name\":\"%s\"}", name);
	do_as(owner, "/api/v1/organizations", body, "\"id\":\"", out->organization, sizeof(out->organization));
	snprintf(path, sizeof(path), "/api/v1/organizations/%s/services", out->organization);
	snprintf(body, sizeof(body), "{\"name\":\"%s\",\"hosts\":[\"%s\"],\"rules\":[{\"path\":\"/admin/\",\"second_step_max_age_s\":600}],"
	         "\"assertion\":true}", name, host);
	do_as(owner, path, body, "\"id\":\"", out->service, sizeof(out->service));
	snprintf(path, sizeof(path), "/api/v1/organizations/%s/invitations", out->organization);
	snprintf(body, sizeof(body), "{\"email\":\"%s\",\"role\":\"member\"}", guest);
	do_as(owner, path, body, "\"id\":\"", out->invitation, sizeof(out->invitation));
}

static struct id id_of(const char *text)
{
	struct id id;

	must(!id_parse(text, &id));
	return id;
}

static void join(struct db *db, const char *organization, enum somebody somebody)
{
	const struct id to = id_of(organization);
	struct account account;

	must(!account_find(db, &made.account[somebody], &account) && !membership_add(db, &to, &account, ROLE_MEMBER, WORLD_NOW_S));
}

static enum err settle(struct db *db, void *argument)
{
	const struct mandate mandate = { .required = true, .from_at = WORLD_NOW_S - 1, .session_idle_s = MANDATE_IDLE_S, .set_at = WORLD_NOW_S };
	const struct id strict = id_of(argument);

	join(db, made.harbor.organization, MEMBER);
	join(db, argument, RESTRICTED);
	must(!mandate_put(db, &strict, &mandate));
	return session_end_all(db, &made.account[OTHER]);
}

static void make_organizations(void)
{
	char guest[64], strict[ID_TEXT];

	build(OWNER_BEARER, "Harbor", WORLD_HOST, "guest@example.com", &made.harbor);
	snprintf(made.invitation, sizeof(made.invitation), "%s", made_look().mailed);
	snprintf(guest, sizeof(guest), "guest-%s@example.com", made.mark);
	build(OTHER, made.mark, "other.example", guest, &made.other);
	do_as(OWNER_BEARER, "/api/v1/organizations", "{\"name\":\"Strict\"}", "\"id\":\"", strict, sizeof(strict));
	must(!store_change(store, settle, strict));
}

/* Half a sign-in, and a token that nobody has. The first key that signs is made when it is first asked for: it is kept, too. */
static void make_strangers(void)
{
	static const char keys_please[] = "GET /oauth2/jwks HTTP/1.1\r\nHost: localhost\r\n\r\n";
	SCOPED(buf_done) struct buf answer = { 0 };
	struct token_digest digest;
	char login[TOKEN_TEXT];

	world_ask(keys_please, strlen(keys_please), &answer);
	must(strstr(buf_string(&answer), "\"kty\":\"EC\""));

	do_as(NOBODY, "/api/v1/login", "{\"email\":\"owner@example.com\",\"password\":\"" WORLD_PASSWORD "\"}", "\"login\":\"", login, sizeof(login));
	memcpy(made.token[LOGIN].text, login, sizeof(login));
	must(!token_new(&made.token[ENDED], &digest));
}

/* Letters that the input cannot have: from the system itself, new in each process. */
static void make_mark(void)
{
	int source = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	must(source >= 0 && read(source, made.mark, MARK_TEXT - 1) == MARK_TEXT - 1);
	close(source);
	for (size_t i = 0; i < MARK_TEXT - 1; i++)
		made.mark[i] = (char)('a' + (unsigned char)made.mark[i] % 26);
}

/* ---- as it was ---- */

/* A table, and what is done with it. The texts stay where they are: that is how a prepared statement is found. */
struct kept {
	char make[160], empty[160], fill[160], differs[400];
	const char *column; /* that says whose a row is; NULL: it is nobody's that we watch */
};
static struct kept kept[80];
static size_t kept_count;
static int64_t changes; /* of the writer's connection, as of the last look */

/* Whose rows must not change: the third organisation's, its service's, its owner's. */
static const struct { const char *table, *column; } watched[] = {
	{ "organization", "id" }, { "membership", "organization_id" }, { "service", "organization_id" }, { "service_host", "service_id" },
	{ "service_rule", "service_id" }, { "service_role", "organization_id" }, { "invitation", "organization_id" },
	{ "mandate", "organization_id" }, { "allowed_host", "organization_id" }, { "account", "id" }, { "totp", "account_id" },
	{ "recovery_set", "account_id" }, { "session", "account_id" },
};

static void describe(struct kept *one, const char *t)
{
	snprintf(one->make, sizeof(one->make), "CREATE TABLE kept_%s AS SELECT * FROM %s", t, t);
	snprintf(one->empty, sizeof(one->empty), "DELETE FROM %s WHERE true", t);
	snprintf(one->fill, sizeof(one->fill), "INSERT INTO %s SELECT * FROM kept_%s", t, t);
	for (size_t i = 0; i < COUNT(watched); i++)
		if (!strcmp(watched[i].table, t))
			one->column = watched[i].column;
	if (one->column)
		snprintf(one->differs, sizeof(one->differs),
		         "SELECT 1 FROM (SELECT * FROM %s WHERE %s IN ($1, $2, $3) EXCEPT SELECT * FROM kept_%s) UNION ALL"
		         " SELECT 1 FROM (SELECT * FROM kept_%s WHERE %s IN ($1, $2, $3) EXCEPT SELECT * FROM %s)",
		         t, one->column, t, t, one->column, t);
}

static enum err keep_all(struct db *db, void *argument)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	(void)argument;
	must(!db_query(db, &rows, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"));
	while (!db_next(&rows)) {
		must(kept_count < COUNT(kept));
		describe(&kept[kept_count++], db_get_text(&rows, 0));
	}
	db_rows_done(&rows);
	for (size_t i = 0; i < kept_count; i++)
		must(!db_change_values(db, NULL, kept[i].make, NULL, 0));
	return OK;
}

static int64_t count_changes(struct db *db)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };

	must(!db_one(db, &rows, "SELECT total_changes()"));
	return db_get_int(&rows, 0);
}

static enum err put_back(struct db *db, void *argument)
{
	(void)argument;
	if (count_changes(db) == changes)
		return OK;
	must(!db_change(db, NULL, "PRAGMA defer_foreign_keys = ON"));
	for (size_t i = 0; i < kept_count; i++)
		must(!db_change_values(db, NULL, kept[i].empty, NULL, 0));
	for (size_t i = 0; i < kept_count; i++)
		must(!db_change_values(db, NULL, kept[i].fill, NULL, 0));
	changes = count_changes(db);
	return OK;
}

void world_reset(void)
{
	must(!store_change(store, put_back, NULL));
	clock_put(WORLD_NOW_S);
	random_put(SEED);
	made_forget();
}

static enum err compare(struct db *db, void *argument)
{
	const struct id organization = id_of(made.other.organization), service = id_of(made.other.service);

	(void)argument;
	for (size_t i = 0; i < kept_count; i++) {
		SCOPED(db_rows_done) struct db_rows rows = { 0 };
		const struct db_value whose[] = { db_id(&organization), db_id(&service), db_id(&made.account[OTHER]) };

		if (kept[i].column && db_one_values(db, &rows, kept[i].differs, whose, COUNT(whose)) != ERR_NOT_FOUND)
			return ERR_WRONG_STATE;
	}
	return OK;
}

bool world_others_untouched(void)
{
	return store_read(store, compare, NULL) == OK;
}

struct looking { const struct id *account; struct enrolment found; };

static enum err look_for_second_step(struct db *db, void *argument)
{
	struct looking *looking = argument;

	return second_step_find(db, looking->account, &looking->found);
}

bool world_has_second_step(enum somebody somebody)
{
	struct looking looking = { .account = &made.account[somebody] };

	return store_read(store, look_for_second_step, &looking) || !id_empty(&looking.found.id);
}

const struct world *world(void)
{
	if (server)
		return &made;
	log_setup(LOG_NOTHING, false);
	clock_put(WORLD_NOW_S);
	random_put(~SEED);
	make_mark();
	open_store();
	start();
	must(!store_change(store, add_people, NULL));
	make_organizations();
	make_strangers();
	must(!store_change(store, keep_all, NULL));
	return &made;
}
