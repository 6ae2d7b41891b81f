#include "accounts/email_code.h"

#include <stdio.h>

#include "base/random.h"
#include "recovery/recovery.h"

#include "base/banned.h"

#define SIX_DIGITS 1000000

/* Where a session stands behind the code, and who guesses it gains no mailbox: it is the account's own. */
static bool is_digits(enum email_code_purpose purpose)
{
	return purpose == CODE_FOR_SETUP;
}

void email_code_wipe(struct email_code *code)
{
	wipe(code, sizeof(*code));
}

enum err email_code_new(enum email_code_purpose purpose, struct email_code *out)
{
	uint32_t number = 0;
	enum err err;

	if (!is_digits(purpose))
		return crockford_new(out->text, EMAIL_CODE_CHARS);
	if ((err = random_below(SIX_DIGITS, &number)))
		return err;
	snprintf(out->text, sizeof(out->text), "%06" PRIu32, number);
	return OK;
}

/* What was typed, in the one spelling that is digested. */
static enum err canonical(enum email_code_purpose purpose, const char *typed, char out[static EMAIL_CODE_TEXT])
{
	if (!is_digits(purpose))
		return crockford_read(typed, out, EMAIL_CODE_CHARS) ? ERR_CODE_INVALID : OK;
	if (strlen(typed) != 6 || strspn(typed, "0123456789") != 6)
		return ERR_CODE_INVALID;
	memcpy(out, typed, 7);
	return OK;
}

static enum err digest_of(const struct keyring *keys, const struct email_code_for *bound, const char *code,
                          uint8_t out[static DIGEST_BYTES])
{
	uint8_t purpose = (uint8_t)bound->purpose;
	const struct digest_part parts[] = {
		{ &purpose, 1 },
		{ bound->subject.bytes, ID_BYTES },
		{ bound->session.bytes, ID_BYTES },
		{ bound->email, strlen(bound->email) },
		{ code, strlen(code) },
	};

	return keyring_digest(keys, DIGEST_EMAIL_CODE, parts, COUNT(parts), out);
}

/* Hyphens are for reading; a digest is of the characters alone. */
static void without_hyphens(const char *text, char out[static EMAIL_CODE_TEXT])
{
	size_t length = 0;

	for (; *text && length + 1 < EMAIL_CODE_TEXT; text++)
		if (*text != '-')
			out[length++] = *text;
	out[length] = '\0';
}

enum err email_code_put(struct db *db, const struct keyring *keys, const struct email_code_for *bound, const struct email_code *code,
                        int64_t now_s)
{
	uint8_t digest[DIGEST_BYTES];
	char plain[EMAIL_CODE_TEXT];
	enum err err;

	without_hyphens(code->text, plain);
	err = digest_of(keys, bound, plain, digest);
	wipe(plain, sizeof(plain));
	if (err)
		return err;

	return db_change(db, NULL,
	        "INSERT INTO email_code (purpose, subject, digest, wrong, expires_at) VALUES ($1, $2, $3, 0, $4)"
	        " ON CONFLICT (purpose, subject) DO UPDATE SET digest = $3, wrong = 0, expires_at = $4",
	        db_int(bound->purpose), db_id(&bound->subject), db_blob(digest, sizeof(digest)), db_int(now_s + EMAIL_CODE_S));
}

static enum err digest_typed(const struct keyring *keys, const struct email_code_for *bound, const char *typed,
                             uint8_t out[static DIGEST_BYTES])
{
	char plain[EMAIL_CODE_TEXT] = "";
	enum err err = canonical(bound->purpose, typed, plain);

	if (!err)
		err = digest_of(keys, bound, plain, out);
	wipe(plain, sizeof(plain));
	return err;
}

enum err email_code_digest(const struct keyring *keys, const struct email_code_for *bound, const char *typed,
                           uint8_t out[static DIGEST_BYTES])
{
	char plain[EMAIL_CODE_TEXT];

	if (strlen(typed) >= sizeof(plain))
		return ERR_CODE_INVALID;
	without_hyphens(typed, plain);
	enum err err = digest_typed(keys, bound, plain, out);
	wipe(plain, sizeof(plain));
	return err;
}

enum err email_code_check(struct db *db, const struct keyring *keys, const struct email_code_for *bound, const char *typed,
                          int64_t now_s)
{
	SCOPED(db_rows_done) struct db_rows rows = { 0 };
	uint8_t digest[DIGEST_BYTES], stored[DIGEST_BYTES];
	int64_t most = bound->purpose == CODE_FOR_RESET ? INT64_MAX : EMAIL_CODE_TRIES;
	enum err err, spelling = digest_typed(keys, bound, typed, digest);

	if (spelling && spelling != ERR_CODE_INVALID)
		return spelling;
	err = db_one(db, &rows,
	        "UPDATE email_code SET wrong = wrong + 1 WHERE purpose = $1 AND subject = $2 AND wrong < $3"
	        " AND expires_at > $4 RETURNING digest",
	        db_int(bound->purpose), db_id(&bound->subject), db_int(most), db_int(now_s));
	if (err)
		return err == ERR_NOT_FOUND ? ERR_CODE_INVALID : err;
	if ((err = db_get_bytes(&rows, 0, stored, sizeof(stored))))
		return err;

	return !spelling && same_bytes(digest, stored, sizeof(stored)) ? OK : ERR_CODE_INVALID;
}

enum err email_code_spend(struct db *db, const struct keyring *keys, const struct email_code_for *bound, const char *typed,
                          int64_t now_s)
{
	uint8_t digest[DIGEST_BYTES];
	int64_t removed = 0;
	enum err err = digest_typed(keys, bound, typed, digest);

	if (err)
		return err;
	err = db_change(db, &removed,
	        "DELETE FROM email_code WHERE purpose = $1 AND subject = $2 AND digest = $3 AND expires_at > $4",
	        db_int(bound->purpose), db_id(&bound->subject), db_blob(digest, sizeof(digest)), db_int(now_s));
	if (err)
		return err;

	return removed == 1 ? OK : ERR_CODE_INVALID;
}

enum err email_code_drop(struct db *db, enum email_code_purpose purpose, const struct id *subject)
{
	return db_change(db, NULL, "DELETE FROM email_code WHERE purpose = $1 AND subject = $2", db_int(purpose), db_id(subject));
}

enum err email_codes_forget(struct db *db, int64_t now_s, int64_t *removed)
{
	return db_change(db, removed,
	        "DELETE FROM email_code WHERE (purpose, subject) IN (SELECT purpose, subject FROM email_code WHERE expires_at <= $1 LIMIT $2)",
	        db_int(now_s), db_int(FORGET_ROWS));
}
