/*
 * crowd: many people, straight into the database of a server that is not running: the rows that their sign-ups, set-ups and
 * sign-ins would have left. Ids, tokens and app secrets follow from a person's number, so that a client can ask for each:
 *
 *   account    first 16 bytes of SHA-256("bench account N"); the enrolment and the session have its last 16
 *   session    token SHA-256("bench session N")
 *   login      token SHA-256("bench login N")
 *   app        secret: first 20 bytes of SHA-256("bench secret N")
 *
 *   crowd DATA FIRST COUNT FLAGS ORGANIZATION SERVICE SEEN_S PASSWORD
 *     FLAGS         of: t two-step is on   s signed in   l a password was right, the second step is owed   m member
 *     ORGANIZATION  32 hex digits; SERVICE too (viewers there), or "-" (then they are managers)
 *     SEEN_S        last seen so many seconds from now
 *
 * What nobody asks for is not computed: recovery codes are random digests.
 */
#include <sodium.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "accounts/account.h"
#include "keys/keyring.h"
#include "otp/totp.h"
#include "recovery/recovery.h"
#include "second_step/second_step_sql.h"

#define DAY_S 86400
#define CACHE_KIB "8000000" /* at most: all that the largest crowd takes, so that no page is written twice */

enum table { ACCOUNT, TOTP, SPENT_STEP, RECOVERY_SET, RECOVERY_CODE, MEMBERSHIP, SERVICE_ROLE, SESSION, SESSION_ORGANIZATION, LOGIN, TABLES };

static const char *const statements[TABLES] = {
	[ACCOUNT] = "INSERT INTO account (id, email, name, locale, password, password_at, created_at) VALUES (?1, ?2, ?3, 'en', ?4, ?5, ?5)",
	[TOTP] = "INSERT INTO totp (id, account_id, secret, enabled_at) VALUES (?1, ?2, ?3, ?4)",
	[SPENT_STEP] = "INSERT INTO spent_step (totp_id, step, place) VALUES (?1, ?2, 1)", /* of the code typed at set-up */
	[RECOVERY_SET] = "INSERT INTO recovery_set (id, account_id, issued_at) VALUES (?1, ?2, ?3)",
	[RECOVERY_CODE] = "INSERT INTO recovery_code (set_number, digest) VALUES (last_insert_rowid(), ?1)",
	[MEMBERSHIP] = "INSERT INTO membership (organization_id, account_id, role, email, name_key, joined_at, last_seen_at)"
	               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
	[SERVICE_ROLE] = "INSERT INTO service_role (service_id, account_id, organization_id, role) VALUES (?1, ?2, ?3, 1)",
	[SESSION] = "INSERT INTO session (id, token, account_id, enrolment, bearer, methods, remembered, signed_in_at, confirmed_at,"
	            " second_step_at, last_seen_at, ends_at, browser, address)"
	            " VALUES (?1, ?2, ?3, ?4, 0, ?5, 0, ?6, ?6, ?7, ?8, ?9, 'Firefox on Linux', '192.0.2.1')",
	[SESSION_ORGANIZATION] = "INSERT INTO session_organization (session_id, organization_id) VALUES (?1, ?2)",
	[LOGIN] = "INSERT INTO login (token, account_id, bearer, version, expires_at) VALUES (?1, ?2, 0, 0, ?3)",
};

struct crowd {
	sqlite3 *base;
	sqlite3_stmt *insert[TABLES];
	struct keyring *keys;
	struct hash_text hash; /* one for all: sealed for each */
	struct id organization, service;
	bool two_step, signed_in, login, member, of_service;
	int64_t now_s, seen_s;
};

struct person {
	struct id account, other; /* other: enrolment, recovery set, session */
	char email[48], name[32], key[32];
};

static void fail(const char *what)
{
	fprintf(stderr, "crowd: %s\n", what);
	exit(1);
}

static void check(const struct crowd *crowd, int result)
{
	if (result != SQLITE_OK && result != SQLITE_DONE)
		fail(sqlite3_errmsg(crowd->base));
}

static void of_number(const char *what, int64_t number, uint8_t out[static 32])
{
	char text[64];
	int length = snprintf(text, sizeof(text), "bench %s %lld", what, (long long)number);

	crypto_hash_sha256(out, (const uint8_t *)text, (unsigned long long)length);
}

static void bind_bytes(const struct crowd *crowd, enum table table, int place, const void *bytes, size_t length)
{
	check(crowd, sqlite3_bind_blob64(crowd->insert[table], place, bytes, length, SQLITE_STATIC));
}

static void bind_id(const struct crowd *crowd, enum table table, int place, const struct id *id)
{
	bind_bytes(crowd, table, place, id->bytes, sizeof(id->bytes));
}

static void bind_text(const struct crowd *crowd, enum table table, int place, const char *text)
{
	check(crowd, sqlite3_bind_text(crowd->insert[table], place, text, -1, SQLITE_STATIC));
}

static void bind_int(const struct crowd *crowd, enum table table, int place, int64_t n)
{
	check(crowd, sqlite3_bind_int64(crowd->insert[table], place, n));
}

static void insert(const struct crowd *crowd, enum table table)
{
	check(crowd, sqlite3_step(crowd->insert[table]));
	check(crowd, sqlite3_reset(crowd->insert[table]));
}

/* The digest of a token that follows from the number, as the server will make it of what the client sends. */
static void token_of(const char *what, int64_t number, uint8_t out[static 32])
{
	uint8_t token[32];

	of_number(what, number, token);
	crypto_hash_sha256(out, token, sizeof(token));
}

static void add_account(const struct crowd *crowd, const struct person *person)
{
	struct sealed_password sealed;

	if (password_seal(crowd->keys, &person->account, &crowd->hash, &sealed))
		fail("could not seal a password");
	bind_id(crowd, ACCOUNT, 1, &person->account);
	bind_text(crowd, ACCOUNT, 2, person->email);
	bind_text(crowd, ACCOUNT, 3, person->name);
	bind_bytes(crowd, ACCOUNT, 4, sealed.bytes, sizeof(sealed.bytes));
	bind_int(crowd, ACCOUNT, 5, crowd->now_s);
	insert(crowd, ACCOUNT);
}

static void add_two_step(const struct crowd *crowd, const struct person *person, int64_t number)
{
	uint8_t secret[32], sealed[TOTP_SECRET_BYTES + SEAL_EXTRA_BYTES], digest[RECOVERY_DIGEST_BYTES];

	of_number("secret", number, secret);
	if (keyring_seal(crowd->keys, SEAL_TOTP, &person->account, &person->other, secret, TOTP_SECRET_BYTES, sealed))
		fail("could not seal a secret");
	bind_id(crowd, TOTP, 1, &person->other);
	bind_id(crowd, TOTP, 2, &person->account);
	bind_bytes(crowd, TOTP, 3, sealed, sizeof(sealed));
	bind_int(crowd, TOTP, 4, crowd->now_s);
	insert(crowd, TOTP);
	bind_id(crowd, SPENT_STEP, 1, &person->other);
	bind_int(crowd, SPENT_STEP, 2, totp_step_at(crowd->now_s).n - 10);
	insert(crowd, SPENT_STEP);
	bind_id(crowd, RECOVERY_SET, 1, &person->other);
	bind_id(crowd, RECOVERY_SET, 2, &person->account);
	bind_int(crowd, RECOVERY_SET, 3, crowd->now_s);
	insert(crowd, RECOVERY_SET);
	for (int i = 0; i < RECOVERY_CODES; i++) { /* a table without rowid leaves last_insert_rowid() at the set */
		randombytes_buf(digest, sizeof(digest));
		bind_bytes(crowd, RECOVERY_CODE, 1, digest, sizeof(digest));
		insert(crowd, RECOVERY_CODE);
	}
}

static void add_membership(const struct crowd *crowd, const struct person *person)
{
	bind_id(crowd, MEMBERSHIP, 1, &crowd->organization);
	bind_id(crowd, MEMBERSHIP, 2, &person->account);
	bind_int(crowd, MEMBERSHIP, 3, crowd->of_service ? 1 : 2); /* enum role: member, manager */
	bind_text(crowd, MEMBERSHIP, 4, person->email);
	bind_text(crowd, MEMBERSHIP, 5, person->key);
	bind_int(crowd, MEMBERSHIP, 6, crowd->now_s);
	insert(crowd, MEMBERSHIP);
	if (!crowd->of_service)
		return;
	bind_id(crowd, SERVICE_ROLE, 1, &crowd->service);
	bind_id(crowd, SERVICE_ROLE, 2, &person->account);
	bind_id(crowd, SERVICE_ROLE, 3, &crowd->organization);
	insert(crowd, SERVICE_ROLE);
}

static void add_session(const struct crowd *crowd, const struct person *person, int64_t number)
{
	uint8_t digest[32];

	token_of("session", number, digest);
	bind_id(crowd, SESSION, 1, &person->other);
	bind_bytes(crowd, SESSION, 2, digest, sizeof(digest));
	bind_id(crowd, SESSION, 3, &person->account);
	if (crowd->two_step) { /* else both stay NULL */
		bind_id(crowd, SESSION, 4, &person->other);
		bind_int(crowd, SESSION, 7, crowd->now_s);
	}
	bind_int(crowd, SESSION, 5, crowd->two_step ? 3 : 1); /* enum method_used: password, and code */
	bind_int(crowd, SESSION, 6, crowd->now_s);
	bind_int(crowd, SESSION, 8, crowd->seen_s);
	bind_int(crowd, SESSION, 9, crowd->now_s + DAY_S);
	insert(crowd, SESSION);
	if (!crowd->member)
		return;
	bind_id(crowd, SESSION_ORGANIZATION, 1, &person->other);
	bind_id(crowd, SESSION_ORGANIZATION, 2, &crowd->organization);
	insert(crowd, SESSION_ORGANIZATION);
}

static void add_login(const struct crowd *crowd, const struct person *person, int64_t number)
{
	uint8_t digest[32];

	token_of("login", number, digest);
	bind_bytes(crowd, LOGIN, 1, digest, sizeof(digest));
	bind_id(crowd, LOGIN, 2, &person->account);
	bind_int(crowd, LOGIN, 3, crowd->now_s + 600);
	insert(crowd, LOGIN);
}

static void add_person(const struct crowd *crowd, int64_t number)
{
	struct person person;
	uint8_t name[32];

	of_number("account", number, name);
	memcpy(person.account.bytes, name, ID_BYTES);
	memcpy(person.other.bytes, name + ID_BYTES, ID_BYTES);
	snprintf(person.email, sizeof(person.email), "person%07lld@example.com", (long long)number);
	snprintf(person.name, sizeof(person.name), "Person %lld", (long long)number);
	snprintf(person.key, sizeof(person.key), "person %lld", (long long)number);
	add_account(crowd, &person);
	if (crowd->two_step)
		add_two_step(crowd, &person, number);
	if (crowd->member)
		add_membership(crowd, &person);
	if (crowd->signed_in)
		add_session(crowd, &person, number);
	if (crowd->login)
		add_login(crowd, &person, number);
}

static void run(const struct crowd *crowd, const char *sql)
{
	check(crowd, sqlite3_exec(crowd->base, sql, NULL, NULL, NULL));
}

static void open_base(struct crowd *crowd, const char *data)
{
	char path[4096];
	const char *why = "";

	snprintf(path, sizeof(path), "%s/twostep.db", data);
	if (sqlite3_open_v2(path, &crowd->base, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL))
		fail("could not open the database");
	run(crowd, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -" CACHE_KIB "; PRAGMA foreign_keys = OFF; BEGIN");
	for (int i = 0; i < TABLES; i++)
		check(crowd, sqlite3_prepare_v3(crowd->base, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &crowd->insert[i], NULL));
	snprintf(path, sizeof(path), "%s/keyring", data);
	if (keyring_open(path, false, &crowd->keys, &why))
		fail(why);
}

static void close_base(struct crowd *crowd)
{
	run(crowd, "COMMIT");
	for (int i = 0; i < TABLES; i++)
		sqlite3_finalize(crowd->insert[i]);
	run(crowd, "PRAGMA journal_mode = WAL");
	sqlite3_close(crowd->base);
	keyring_free(crowd->keys);
}

static void read_id(const char *hex, struct id *out)
{
	size_t length = 0;

	if (sodium_hex2bin(out->bytes, sizeof(out->bytes), hex, strlen(hex), NULL, &length, NULL) || length != sizeof(out->bytes))
		fail("an id is 32 hex digits");
}

int main(int argc, char **argv)
{
	struct crowd crowd = { .now_s = time(NULL) };
	int64_t first, count;

	if (argc != 9 || sodium_init() < 0)
		fail("DATA FIRST COUNT FLAGS ORGANIZATION SERVICE SEEN_S PASSWORD");
	first = strtoll(argv[2], NULL, 10);
	count = strtoll(argv[3], NULL, 10);
	crowd.two_step = strchr(argv[4], 't');
	crowd.signed_in = strchr(argv[4], 's');
	crowd.login = strchr(argv[4], 'l');
	crowd.member = strchr(argv[4], 'm');
	crowd.of_service = strcmp(argv[6], "-");
	crowd.seen_s = crowd.now_s + strtoll(argv[7], NULL, 10);
	if (crowd.member)
		read_id(argv[5], &crowd.organization);
	if (crowd.of_service)
		read_id(argv[6], &crowd.service);
	if (crypto_pwhash_argon2id_str(crowd.hash.text, argv[8], strlen(argv[8]), HASH_PASSES, HASH_MEMORY_BYTES))
		fail("could not hash the password");
	open_base(&crowd, argv[1]);
	for (int64_t number = first; number < first + count; number++)
		add_person(&crowd, number);
	close_base(&crowd);
	return 0;
}
