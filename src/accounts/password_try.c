#include "accounts/password_try.h"

#include <stdio.h>

#include "accounts/caller.h"
#include "audit/audit.h"
#include "base/log.h"
#include "limits/limits.h"
#include "sessions/device.h"
#include "store/store.h"

#include "base/banned.h"

struct charge {
	struct call *call;
	const char *email; /* NULL: the caller's account */
	bool has_device;
	struct token_digest device; /* of the known-device cookie */
	struct password_try *try;
	struct id address;          /* half of the address's digest */
};

enum err blame(struct call *call, const char *field, enum err err)
{
	if (err)
		call->wrong = field;
	return err;
}

enum err address_digest(const struct keyring *keys, const char *email, uint8_t out[static DIGEST_BYTES])
{
	const struct digest_part part = { email, strlen(email) };

	return keyring_digest(keys, DIGEST_ADDRESS, &part, 1, out);
}

static struct limit_of by_network(const struct call *call, const struct password_try *try)
{
	return (struct limit_of){ LIMIT_PASSWORD, &try->subject, try->stranger, &call->peer.network };
}

static struct limit_of in_a_row(const struct password_try *try)
{
	return (struct limit_of){ LIMIT_PASSWORD_ACCOUNT, &try->subject, try->stranger, NULL };
}

static struct limit_of of_network(const struct call *call)
{
	return (struct limit_of){ LIMIT_PASSWORD_NETWORK, NULL, false, &call->peer.network };
}

/* The account, or what counts in its place; neither tells the visitor which. */
static enum err find_whose(struct db *db, struct charge *charge)
{
	struct password_try *try = charge->try;
	enum err err = charge->email ? account_find_email(db, charge->email, &try->account)
	                             : account_find(db, &charge->call->caller->account.id, &try->account);

	if (err && err != ERR_NOT_FOUND)
		return err;
	try->stranger = err;
	try->subject = err ? charge->address : try->account.id;
	err = account_password(db, &try->subject, &try->sealed);
	return err == ERR_NOT_FOUND && try->stranger ? OK : err;
}

static enum err find_known(struct db *db, struct charge *charge)
{
	enum err err;

	if (!charge->has_device)
		return OK;
	err = device_known(db, charge->call->keys, &charge->device, &charge->try->subject, charge->call->now_s);
	charge->try->known = !err;
	return err == ERR_NOT_FOUND ? OK : err;
}

/* A known device passes where strangers have used up the account's or the network's tries, but not its own. */
static enum err charge_all(struct db *db, struct charge *charge)
{
	struct call *call = charge->call;
	struct held_off *held_off = &call->held_off;
	enum err err = limit_charge(db, by_network(call, charge->try), call->now_s, held_off, NULL);

	if (err)
		return err;
	err = limit_charge(db, in_a_row(charge->try), call->now_s, held_off, NULL);
	if (err && !(err == ERR_TOO_MANY && charge->try->known))
		return err;
	if (!call->peer.counted || charge->try->known)
		return OK;
	return limit_charge(db, of_network(call), call->now_s, held_off, NULL);
}

static enum err charge_try(struct db *db, void *argument)
{
	struct charge *charge = argument;
	enum err err;

	*charge->try = (struct password_try){ .turn = charge->try->turn };
	if ((err = find_whose(db, charge)) || (err = find_known(db, charge)))
		return err;
	return charge_all(db, charge);
}

/* What the form gave may be no password of ours at all; it costs the same and fits nothing. Sealing costs what opening does. */
static enum err check(struct call *call, const char *typed, struct password_try *try)
{
	SCOPED(password_wipe) struct password password = { "" };
	SCOPED(hash_text_wipe) struct hash_text stored = { "" }, made = { "" };
	enum err err = password_read(typed, &password);
	bool fits = !err && !try->stranger;

	if (err == ERR_MEMORY)
		return err;
	err = fits ? password_unseal(call->keys, &try->account.id, &try->sealed, &stored)
	           : password_seal(call->keys, &try->subject, &made, &try->refreshed);
	if (err || (err = hash_check(call->hashes, &password, fits ? &stored : NULL, &try->outdated)))
		return err;
	if (!fits)
		return ERR_CREDENTIALS;
	if (!try->outdated)
		return OK;
	if ((err = hash_make(call->hashes, &password, &made)))
		return err;
	return password_seal(call->keys, &try->account.id, &made, &try->refreshed);
}

/* For the operator: who is being guessed at, and from where; what was typed stays out of the log. */
static void log_failure(const struct call *call, const struct password_try *try)
{
	char account[ID_TEXT];

	log_info("sign_in_failed", LOG_TEXT("id", call->id), LOG_TEXT("address", call->peer.address),
	         LOG_TEXT("account", try->stranger ? NULL : id_text(&try->account.id, account)), LOG_TEXT("method", "pwd"));
}

struct failed {
	const struct call *call;
	const struct password_try *try;
	bool signed_in;
};

/* One event an account and hour. An address without account goes the same way, for the time must not tell. */
static enum err note_failure(struct db *db, void *argument)
{
	const struct failed *failed = argument;
	const struct id *account = &failed->try->account.id;
	char details[64];
	int count;
	enum err err = limit_note(db, in_a_row(failed->try), failed->call->now_s, &count);

	if (err)
		return err;
	snprintf(details, sizeof(details), "password, %d wrong in a row", count);
	const struct audit_event event = { .action = AUDIT_SIGN_IN_FAILED, .actor = failed->signed_in ? account : NULL,
		.account = account, .target = failed->try->account.email, .details = details };
	return audit_write_if(db, failed->call, &event, !failed->try->stranger);
}

static enum err fail(struct call *call, const struct password_try *try, bool signed_in)
{
	struct failed failed = { call, try, signed_in };
	enum err err;

	log_failure(call, try);
	err = store_change(call->store, note_failure, &failed);
	return err && err != ERR_NOT_FOUND ? err : ERR_CREDENTIALS;
}

enum err password_place(struct call *call)
{
	enum err err = call->place.of ? OK : hash_place_take(hashes_places(call->hashes), &call->peer, &call->place);

	if (err)
		call->held_off.for_s = HASH_RETRY_AFTER_S;
	return err;
}

enum err password_try(struct call *call, const char *email, const char *password, struct password_try *out)
{
	struct charge charge = { .call = call, .email = email, .try = out };
	const char *cookie = cookie_get(call, COOKIE_KNOWN);
	uint8_t digest[DIGEST_BYTES];
	enum err err;

	charge.has_device = cookie && !token_parse(cookie, &charge.device);
	if ((err = address_digest(call->keys, email ? email : call->caller->account.email, digest)))
		return err;
	memcpy(charge.address.bytes, digest, ID_BYTES);

	if ((err = password_place(call)))
		return err;
	hash_turn_take(call->hashes, &charge.address, &call->peer.network, &out->turn);
	if ((err = store_change(call->store, charge_try, &charge)))
		return err;
	err = check(call, password, out);
	return err == ERR_CREDENTIALS ? fail(call, out, !email) : err;
}

void password_try_done(struct password_try *try)
{
	hash_turn_done(&try->turn);
}

static enum err refund_network(struct db *db, const struct call *call, const struct password_try *try)
{
	return call->peer.counted && !try->known ? limit_refund(db, of_network(call), call->now_s) : OK;
}

/*
 * It was right when it was charged, and has been changed since: it opens nothing, but was no wrong guess. What stood in a row
 * the change has forgotten; another network's charge it has not.
 */
static enum err give_back(struct db *db, const struct call *call, const struct password_try *try)
{
	enum err err;

	if ((err = limit_refund(db, by_network(call, try), call->now_s)) || (err = refund_network(db, call, try)))
		return err;
	return db_keep(db, ERR_CREDENTIALS);
}

enum err password_try_settle(struct db *db, const struct call *call, const struct password_try *try)
{
	enum err err = account_password_is(db, &try->account.id, &try->sealed);

	if (err)
		return err == ERR_NOT_FOUND ? give_back(db, call, try) : err;
	if ((err = limit_clear(db, by_network(call, try))) || (err = limit_clear_noted(db, in_a_row(try), call->now_s)) ||
	    (err = refund_network(db, call, try)))
		return err;

	return try->outdated ? account_refresh_password(db, &try->account.id, &try->refreshed) : OK;
}

enum err password_tries_forget(struct db *db, const struct call *call, const struct id *account)
{
	const struct password_try try = { .subject = *account };
	enum err err = limit_clear(db, by_network(call, &try));

	return err ? err : limit_clear_noted(db, in_a_row(&try), call->now_s);
}

enum err password_make(struct call *call, const struct password *password, const struct id *owner, struct sealed_password *out)
{
	SCOPED(hash_text_wipe) struct hash_text hash = { "" };
	enum err err;

	if ((err = password_place(call)) || (err = hash_make(call->hashes, password, &hash)))
		return err;
	return password_seal(call->keys, owner, &hash, out);
}
