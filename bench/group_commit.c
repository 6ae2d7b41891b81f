/*
 * group_commit: the ceiling of the second step: SQLite alone, synchronous=FULL, that writes what second steps leave behind, as many
 * in one commit as wait for it, and nothing else: no request, no decision, no look at what is there.
 *
 *   group_commit DATA FIRST COUNT WAITING      for people that bench/crowd made with logins; prints second steps a second
 */
#include <sodium.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SPENT_STEP, LOGIN, SESSION, KNOWN_DEVICE, ACCOUNT, AUDIT_EVENT, STATEMENTS };

/* ?1: account, ?2: enrolment, ?3: token of the login, ?4: 32 new random bytes, ?5: now, ?6: 16 of them. */
static const char *const texts[STATEMENTS] = {
	[SPENT_STEP] = "INSERT INTO spent_step (totp_id, step, place) VALUES (?2, ?5 / 30, 2)",
	[LOGIN] = "DELETE FROM login WHERE token = ?3",
	[SESSION] = "INSERT INTO session (id, token, account_id, enrolment, bearer, methods, remembered, signed_in_at, confirmed_at,"
	            " second_step_at, last_seen_at, ends_at, browser, address)"
	            " VALUES (?6, ?4, ?1, ?2, 0, 3, 0, ?5, ?5, ?5, ?5, ?5 + 2592000, '', '127.0.0.1')",
	[KNOWN_DEVICE] = "INSERT INTO known_device (token, account_id, expires_at) VALUES (?4, ?1, ?5 + 31536000)",
	[ACCOUNT] = "UPDATE account SET signed_in_at = ?5 WHERE id = ?1",
	[AUDIT_EVENT] = "INSERT INTO audit_event (at, actor_id, action, account_id, address, browser, details, actor, target)"
	                " VALUES (?5, ?1, 'signed_in', ?1, '127.0.0.1', '', '', '', '')",
};

static sqlite3 *base;
static sqlite3_stmt *statement[STATEMENTS];

static void check(int result)
{
	if (result == SQLITE_OK || result == SQLITE_DONE)
		return;
	fprintf(stderr, "group_commit: %s\n", sqlite3_errmsg(base));
	exit(1);
}

static void run(const char *sql)
{
	check(sqlite3_exec(base, sql, NULL, NULL, NULL));
}

static void of_number(const char *what, long number, uint8_t out[static 32])
{
	char text[64];
	int length = snprintf(text, sizeof(text), "bench %s %ld", what, number);

	crypto_hash_sha256(out, (const uint8_t *)text, (unsigned long long)length);
}

static void bind(int i, int place, const uint8_t *bytes, int length)
{
	if (place <= sqlite3_bind_parameter_count(statement[i]))
		(void)sqlite3_bind_blob(statement[i], place, bytes, length, SQLITE_STATIC);
}

static void second_step(long number)
{
	uint8_t ids[32], token[32], login[32], fresh[32];

	of_number("account", number, ids);
	of_number("login", number, token);
	crypto_hash_sha256(login, token, sizeof(token));
	randombytes_buf(fresh, sizeof(fresh));
	for (int i = 0; i < STATEMENTS; i++) {
		bind(i, 1, ids, 16);
		bind(i, 2, ids + 16, 16);
		bind(i, 3, login, 32);
		bind(i, 4, fresh, 32);
		if (sqlite3_bind_parameter_count(statement[i]) >= 5)
			check(sqlite3_bind_int64(statement[i], 5, time(NULL)));
		bind(i, 6, fresh + 16, 16);
		check(sqlite3_step(statement[i]));
		check(sqlite3_reset(statement[i]));
	}
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	char path[4096];
	long first, count, waiting;
	double begun;

	if (argc != 5 || sodium_init() < 0)
		return 2;
	first = strtol(argv[2], NULL, 10);
	count = strtol(argv[3], NULL, 10);
	waiting = strtol(argv[4], NULL, 10);
	snprintf(path, sizeof(path), "%s/twostep.db", argv[1]);
	check(sqlite3_open_v2(path, &base, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
	run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
	    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000");
	for (int i = 0; i < STATEMENTS; i++)
		check(sqlite3_prepare_v3(base, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &statement[i], NULL));
	begun = now_s();
	for (long done = 0; done < count; done += waiting) {
		run("BEGIN IMMEDIATE");
		for (long i = done; i < done + waiting && i < count; i++)
			second_step(first + i);
		run("COMMIT");
	}
	printf("%.2f\n", (double)count / (now_s() - begun));
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(statement[i]);
	return sqlite3_close(base) == SQLITE_OK ? 0 : 1;
}
