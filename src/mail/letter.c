#include "mail/letter.h"

#include <stdio.h>
#include <time.h>

#include "base/base.h"
#include "keys/keyring.h"
#include "mail/message.h"
#include "mail/queue.h"
#include "mail/sheet.h"

#include "base/banned.h"

#define LEFT_FEW   3    /* recovery codes: the mail asks for new ones */
#define URL_TEXT   2048 /* a page of ours: public URL and path */
#define NUMBER_TEXT 24
#define ROOM_BYTES  12288 /* what a queued letter is filled up to a multiple of: in any language it takes as many pages of the store */

/* A letter on its way: what is known, and the sheet that it is written on. */
struct writing {
	const struct call *call;
	const struct letter_facts *facts;
	struct sheet sheet;
	struct buf words; /* of the part at hand */
	char minutes[NUMBER_TEXT], left[NUMBER_TEXT];
	struct buf from, until; /* moments in words */
};

/* A letter is a row of parts, each written by a function of its own. */
struct part;
typedef void part_writer(struct writing *writing, const struct part *part);
struct part {
	part_writer *write;
	enum msg msg;
	const char *page; /* path below the public URL */
};

static void writing_done(struct writing *writing)
{
	sheet_done(&writing->sheet);
	buf_done(&writing->words);
	buf_done(&writing->from);
	buf_done(&writing->until);
}

/* The text with what is known filled in; valid until the next. */
static const char *fill(struct writing *writing, enum msg msg)
{
	const struct settings *settings = writing->call->settings;
	const struct lang_arg args[] = {
		{ "product", settings->name },
		{ "url", settings->public_url },
		{ "name", writing->facts->name ? writing->facts->name : "" },
		{ "minutes", writing->minutes },
		{ "left", writing->left },
		{ "organization", writing->facts->organization ? writing->facts->organization : "" },
		{ "person", writing->facts->person ? writing->facts->person : "" },
		{ "reason", writing->facts->reason ? writing->facts->reason : "" },
		{ "role", writing->facts->role ? writing->facts->role : "" },
		{ "from", writing->from.length ? buf_string(&writing->from) : "" },
		{ "until", writing->until.length ? buf_string(&writing->until) : "" },
		{ "contact", settings->contact ? settings->contact : "" },
	};

	buf_reset(&writing->words);
	lang_fill(&writing->words, writing->facts->locale, msg, args, COUNT(args));
	writing->sheet.text.failed |= writing->words.failed;
	return buf_string(&writing->words);
}

static void write_words(struct writing *writing, const struct part *part)
{
	sheet_words(&writing->sheet, fill(writing, part->msg));
}

static void write_code(struct writing *writing, const struct part *part UNUSED)
{
	sheet_code(&writing->sheet, writing->facts->code);
}

/* The link that the caller made: the page with the code filled in. */
static void write_button(struct writing *writing, const struct part *part)
{
	sheet_button(&writing->sheet, fill(writing, part->msg), writing->facts->link);
}

static void write_page(struct writing *writing, const struct part *part)
{
	char url[URL_TEXT];
	int length = snprintf(url, sizeof(url), "%s%s", writing->call->settings->public_url, part->page);

	if (length > 0 && (size_t)length < sizeof(url))
		sheet_link(&writing->sheet, fill(writing, part->msg), url);
	else
		writing->sheet.text.failed = true;
}

static void write_few(struct writing *writing, const struct part *part)
{
	if (writing->facts->left > LEFT_FEW)
		return;
	write_words(writing, &(struct part){ .msg = MSG_MAIL_RECOVERY_USED_FEW });
	write_page(writing, part);
}

static void write_contact(struct writing *writing, const struct part *part)
{
	if (writing->call->settings->contact)
		write_words(writing, part);
}

static const enum msg months[] = {
	MSG_MAIL_MONTH_1, MSG_MAIL_MONTH_2, MSG_MAIL_MONTH_3, MSG_MAIL_MONTH_4, MSG_MAIL_MONTH_5, MSG_MAIL_MONTH_6,
	MSG_MAIL_MONTH_7, MSG_MAIL_MONTH_8, MSG_MAIL_MONTH_9, MSG_MAIL_MONTH_10, MSG_MAIL_MONTH_11, MSG_MAIL_MONTH_12,
};

/* "25 November 2026, 01:25 UTC", in the order of the language. */
static void write_when(struct buf *out, enum locale locale, int64_t at_s)
{
	char year[NUMBER_TEXT], day[NUMBER_TEXT], clock[NUMBER_TEXT];
	time_t at = (time_t)at_s;
	struct tm tm = { 0 };

	if (!gmtime_r(&at, &tm))
		out->failed = true;
	(void)snprintf(year, sizeof(year), "%d", 1900 + tm.tm_year);
	(void)snprintf(day, sizeof(day), "%d", tm.tm_mday);
	(void)snprintf(clock, sizeof(clock), "%02d:%02d", tm.tm_hour, tm.tm_min);
	const struct lang_arg args[] = {
		{ "year", year }, { "month", lang_text(locale, months[tm.tm_mon]) }, { "day", day }, { "time", clock },
	};
	lang_fill(out, locale, MSG_MAIL_WHEN, args, COUNT(args));
}

static void write_facts(struct writing *writing, const struct part *part UNUSED)
{
	const struct call *call = writing->call;
	enum locale locale = writing->facts->locale;
	SCOPED(buf_done) struct buf browser = { 0 };

	buf_reset(&writing->words);
	write_when(&writing->words, locale, call->now_s);
	browser_say(&browser, locale, call->browser);
	writing->sheet.text.failed |= writing->words.failed || browser.failed;
	const struct sheet_fact facts[] = {
		{ lang_text(locale, MSG_MAIL_FACT_WHEN), buf_string(&writing->words) },
		{ lang_text(locale, MSG_MAIL_FACT_BROWSER), buf_string(&browser) },
		{ lang_text(locale, MSG_MAIL_FACT_ADDRESS), call->peer.address },
	};
	sheet_facts(&writing->sheet, facts, COUNT(facts));
}

#define WORDS(msg)      { write_words, MSG_MAIL_##msg, NULL }
#define CODE_ALONE      { write_code, MSG_COUNT, NULL }
#define CODE            CODE_ALONE, WORDS(MINUTES)
#define BUTTON(msg)     { write_button, MSG_MAIL_LINK_##msg, NULL }
#define PAGE(msg, path) { write_page, MSG_MAIL_LINK_##msg, path }
#define FACTS           { write_facts, MSG_COUNT, NULL }
#define FEW             { write_few, MSG_MAIL_LINK_TWO_STEP, "/account/two-step" }
#define PARTS_END       { NULL, MSG_COUNT, NULL }

/* Greets by name only whom we know: a stranger may have typed the name, and mail programs make links of "example.com". */
#define HELLO WORDS(HELLO)

/* What to do if it was not you. */
#define PAGE_RESET     PAGE(RESET, "/password-reset")
#define NOT_YOU_IGNORE WORDS(NOT_YOU_IGNORE)
#define NOT_YOU_ACT    WORDS(NOT_YOU_ACT), PAGE(PASSWORD, "/account/password"), PAGE(SESSIONS, "/account/sessions")
#define NOT_YOU_RESET  WORDS(NOT_YOU_RESET), PAGE_RESET
#define NOT_YOU_HELD   WORDS(NOT_YOU_HELD), PAGE_RESET
#define NOT_YOU_MAILBOX WORDS(NOT_YOU_MAILBOX), PAGE_RESET

#define LETTER(SUBJECT, ...) \
	{ MSG_MAIL_##SUBJECT##_SUBJECT, (const struct part[]){ __VA_ARGS__, { write_contact, MSG_MAIL_CONTACT, NULL }, PARTS_END } }

static const struct {
	enum msg subject;
	const struct part *parts;
} letters[LETTER_COUNT] = {
	[LETTER_SIGNUP_CODE] = LETTER(SIGNUP_CODE,
	        WORDS(SIGNUP_CODE_TEXT), CODE, WORDS(OR_LINK), BUTTON(SIGNUP), FACTS, NOT_YOU_IGNORE),
	[LETTER_SIGNUP_EXISTS] = LETTER(SIGNUP_EXISTS,
	        HELLO, WORDS(SIGNUP_EXISTS_TEXT), PAGE(SIGN_IN, "/login"), PAGE_RESET, FACTS, WORDS(SIGNUP_EXISTS_NOT_YOU)),
	[LETTER_RESET_CODE] = LETTER(RESET_CODE,
	        HELLO, WORDS(RESET_CODE_TEXT), CODE, WORDS(OR_LINK), BUTTON(NEW_PASSWORD), FACTS, NOT_YOU_IGNORE),
	[LETTER_SETUP_CODE] = LETTER(SETUP_CODE,
	        HELLO, WORDS(SETUP_CODE_TEXT), CODE, FACTS, NOT_YOU_ACT),
	[LETTER_SETUP_EARLIER] = LETTER(SETUP_EARLIER,
	        HELLO, WORDS(SETUP_EARLIER_TEXT), CODE, FACTS, WORDS(SETUP_EARLIER_NOT_YOU)),
	[LETTER_TWO_STEP_ON] = LETTER(TWO_STEP_ON,
	        HELLO, WORDS(TWO_STEP_ON_TEXT), WORDS(KEEP_CODES), FACTS, NOT_YOU_HELD),
	[LETTER_TWO_STEP_OFF] = LETTER(TWO_STEP_OFF,
	        HELLO, WORDS(TWO_STEP_OFF_TEXT), FACTS, NOT_YOU_ACT, PAGE(TWO_STEP, "/account/two-step")),
	[LETTER_NEW_PHONE] = LETTER(NEW_PHONE,
	        HELLO, WORDS(NEW_PHONE_TEXT), WORDS(KEEP_CODES), FACTS, NOT_YOU_HELD),
	[LETTER_RECOVERY_REISSUED] = LETTER(RECOVERY_REISSUED,
	        HELLO, WORDS(RECOVERY_REISSUED_TEXT), WORDS(KEEP_CODES), FACTS, NOT_YOU_ACT),
	[LETTER_RECOVERY_USED] = LETTER(RECOVERY_USED,
	        HELLO, WORDS(RECOVERY_USED_TEXT), FEW, FACTS, NOT_YOU_ACT),
	[LETTER_PASSWORD_CHANGED] = LETTER(PASSWORD_CHANGED,
	        HELLO, WORDS(PASSWORD_CHANGED_TEXT), FACTS, NOT_YOU_RESET),
	[LETTER_PASSWORD_RESET] = LETTER(PASSWORD_RESET,
	        HELLO, WORDS(PASSWORD_RESET_TEXT), FACTS, NOT_YOU_MAILBOX),
	[LETTER_WRONG_SECOND_STEPS] = LETTER(WRONG_SECOND_STEPS,
	        HELLO, WORDS(WRONG_SECOND_STEPS_TEXT), WORDS(WRONG_SECOND_STEPS_YOU), FACTS, NOT_YOU_ACT),
	[LETTER_SECOND_STEP_RESET] = LETTER(SECOND_STEP_RESET,
	        HELLO, WORDS(SECOND_STEP_RESET_TEXT), WORDS(SECOND_STEP_RESET_REASON), WORDS(SECOND_STEP_RESET_NEXT),
	        PAGE(SIGN_IN, "/login"), NOT_YOU_RESET),
	[LETTER_DEMAND_GRACE] = LETTER(DEMAND_GRACE,
	        HELLO, WORDS(DEMAND_GRACE_TEXT), WORDS(DEMAND_WHAT), PAGE(TWO_STEP, "/account/two-step")),
	[LETTER_DEMAND_IN_FORCE] = LETTER(DEMAND_IN_FORCE,
	        HELLO, WORDS(DEMAND_IN_FORCE_TEXT), WORDS(DEMAND_WHAT), PAGE(TWO_STEP, "/account/two-step")),
	[LETTER_INVITATION] = LETTER(INVITATION,
	        WORDS(INVITATION_TEXT), WORDS(INVITATION_HOW), CODE_ALONE, WORDS(INVITATION_UNTIL), WORDS(OR_LINK),
	        BUTTON(INVITATION), WORDS(INVITATION_NOT_YOU)),
	[LETTER_EMAIL_CODE] = LETTER(EMAIL_CODE,
	        HELLO, WORDS(EMAIL_CODE_TEXT), CODE, FACTS, NOT_YOU_IGNORE),
	[LETTER_EMAIL_WANTED] = LETTER(EMAIL_WANTED,
	        HELLO, WORDS(EMAIL_WANTED_TEXT), FACTS, WORDS(SIGNUP_EXISTS_NOT_YOU)),
	[LETTER_EMAIL_MOVED_AWAY] = LETTER(EMAIL_MOVED_AWAY,
	        HELLO, WORDS(EMAIL_MOVED_AWAY_TEXT), FACTS, WORDS(EMAIL_MOVED_AWAY_UNDO), BUTTON(UNDO)),
	[LETTER_EMAIL_MOVED_HERE] = LETTER(EMAIL_MOVED_HERE,
	        HELLO, WORDS(EMAIL_MOVED_HERE_TEXT), FACTS, NOT_YOU_ACT),
	[LETTER_EMAIL_UNDONE] = LETTER(EMAIL_UNDONE,
	        HELLO, WORDS(EMAIL_UNDONE_TEXT), PAGE_RESET, FACTS),
	[LETTER_ACCOUNT_CLOSED] = LETTER(ACCOUNT_CLOSED,
	        HELLO, WORDS(ACCOUNT_CLOSED_TEXT), FACTS),
};

/* Whole minutes that are left, as they stand on paper when the mail leaves. */
static void count_words(struct writing *writing)
{
	int64_t minutes = (writing->facts->expires_at - writing->call->now_s) / 60;

	(void)snprintf(writing->minutes, sizeof(writing->minutes), "%" PRId64, minutes);
	(void)snprintf(writing->left, sizeof(writing->left), "%d", writing->facts->left);
	if (writing->facts->from_at)
		write_when(&writing->from, writing->facts->locale, writing->facts->from_at);
	if (writing->facts->expires_at)
		write_when(&writing->until, writing->facts->locale, writing->facts->expires_at);
	writing->sheet.text.failed |= writing->from.failed || writing->until.failed;
}

static enum err write_message(struct writing *writing, enum letter letter, struct buf *out)
{
	SCOPED(buf_done) struct buf subject = { 0 };
	const struct call *call = writing->call;
	enum err err;

	buf_text(&subject, fill(writing, letters[letter].subject));
	sheet_begin(&writing->sheet, writing->facts->locale, buf_string(&subject));
	for (const struct part *part = letters[letter].parts; part->write; part++)
		part->write(writing, part);
	sheet_end(&writing->sheet, fill(writing, MSG_MAIL_SIGN_OFF));
	if ((err = buf_check(&subject)) || (err = sheet_check(&writing->sheet)))
		return err;

	struct message message = { .sender = call->settings->name, .from = call->settings->mail_from,
		.to = writing->facts->to, .subject = buf_string(&subject), .locale = writing->facts->locale,
		.at_s = call->now_s, .text = buf_string(&writing->sheet.text), .html = buf_string(&writing->sheet.html) };
	return message_write(out, &message);
}

enum err mail_queue_item(const struct keyring *keys, const char *recipient, struct id *out)
{
	const struct digest_part part = { recipient, strlen(recipient) };
	uint8_t digest[DIGEST_BYTES];
	enum err err = keyring_digest(keys, DIGEST_ADDRESS, &part, 1, digest);

	if (!err)
		memcpy(out->bytes, digest, ID_BYTES);
	return err;
}

static enum err seal_message(const struct call *call, const struct buf *message, struct queued *mail)
{
	size_t length = message->length + SEAL_EXTRA_BYTES;
	uint8_t *sealed = (uint8_t *)buf_grow(&mail->sealed, length);
	struct id item;
	enum err err;

	if (!sealed)
		return ERR_MEMORY;
	if ((err = mail_queue_item(call->keys, mail->recipient, &item)))
		return err;
	err = keyring_seal(call->keys, SEAL_MAIL, &mail->id, &item, message->bytes, message->length, sealed);
	if (!err)
		buf_grown(&mail->sealed, length);
	return err;
}

static void queued_done(struct queued *mail)
{
	buf_done(&mail->sealed);
}

static enum err queue(struct db *db, const struct call *call, const struct letter_facts *facts, const struct buf *message)
{
	SCOPED(queued_done) struct queued mail = { .created_at = call->now_s, .expires_at = facts->expires_at };
	size_t length = strlen(facts->to);
	enum err err;

	if (length >= sizeof(mail.recipient))
		return ERR_INVALID;
	memcpy(mail.recipient, facts->to, length + 1);
	if ((err = id_new(&mail.id)) || (err = seal_message(call, message, &mail)) || (err = mail_queue_add(db, &mail)))
		return err;

	db_wake(db, DB_WAKE_MAIL);
	return OK;
}

static enum err write_letter(const struct call *call, enum letter letter, const struct letter_facts *facts, struct buf *out)
{
	SCOPED(writing_done) struct writing writing = { .call = call, .facts = facts };

	count_words(&writing);
	return write_message(&writing, letter, out);
}

/* Of each line one goes out, in the language of the account or else of who asked: which one tells who has an account. */
static const enum letter alike[][2] = {
	{ LETTER_SIGNUP_CODE, LETTER_SIGNUP_EXISTS },
	{ LETTER_RESET_CODE, LETTER_RESET_CODE },
	{ LETTER_EMAIL_CODE, LETTER_EMAIL_WANTED },
	{ LETTER_INVITATION, LETTER_INVITATION },
};

/* In every language but, for the one that goes out, its own. */
static enum err write_in_vain(const struct call *call, enum letter letter, enum letter goes_out, const struct letter_facts *facts)
{
	struct letter_facts other = *facts;
	enum err err = OK;

	other.code = facts->code ? facts->code : "0000-0000-0000";
	other.link = facts->link ? facts->link : call->settings->public_url;
	for (int locale = 0; locale < LOCALE_COUNT && !err; locale++) {
		SCOPED(buf_done) struct buf dropped = { 0 };
		other.locale = (enum locale)locale;
		if (letter != goes_out || other.locale != facts->locale)
			err = write_letter(call, letter, &other, &dropped);
	}
	return err;
}

/* Whichever goes out, all that might have are written: the time must not tell. */
static enum err write_others(const struct call *call, enum letter letter, const struct letter_facts *facts)
{
	for (size_t i = 0; i < COUNT(alike); i++) {
		enum letter first = alike[i][0], second = alike[i][1];
		enum err err;
		if (letter != first && letter != second)
			continue;
		if ((err = write_in_vain(call, first, letter, facts)) || first == second)
			return err;
		return write_in_vain(call, second, letter, facts);
	}
	return OK;
}

static enum err fill_up(struct buf *message)
{
	size_t missing = ROOM_BYTES - message->length % ROOM_BYTES;
	char *room = buf_grow(message, missing);

	if (!room)
		return ERR_MEMORY;
	memset(room, '\0', missing);
	buf_grown(message, missing);
	return OK;
}

enum err letter_queue(struct db *db, const struct call *call, enum letter letter, const struct letter_facts *facts)
{
	SCOPED(buf_done) struct buf message = { 0 };
	enum err err;

	if ((err = write_letter(call, letter, facts, &message)) || (err = write_others(call, letter, facts)) ||
	    (err = fill_up(&message)))
		return err;
	if (facts->decoy)
		message.bytes[0] = MAIL_DECOY;

	return queue(db, call, facts, &message);
}
