/* letter and mailer: from a change's transaction to a file in the outbox, in a database and with keys of their own. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "keys/keyring.h"
#include "mail/letter.h"
#include "mail/mailer.h"
#include "mail/message.h"
#include "store/store.h"

#include "../base/folders_synced.h"

#define TEXT 256
#define SETTLE_MS 5000
#define LOCKED_MS 20000 /* longer than the store waits for a lock, and longer than the mailer pauses */

struct house {
	char folder[TEXT], mail[TEXT];
	struct settings settings;
	struct store *store;
	struct keyring *keys;
	struct mailer *mailer;
};

static void wake(void *to, unsigned bits UNUSED)
{
	mailer_wake(to);
}

static const char *below(const struct house *house, const char *name, char out[static 2 * TEXT])
{
	(void)snprintf(out, 2 * TEXT, "%s/%s", house->folder, name);
	return out;
}

static int set_up(void **state)
{
	struct house *house = calloc(1, sizeof(*house));
	char path[2 * TEXT];
	const char *why = "";
	bool created;

	(void)snprintf(house->folder, sizeof(house->folder), "%s/twostep-mail-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(house->folder));
	(void)snprintf(house->mail, sizeof(house->mail), "file:%.200s/outbox", house->folder);
	house->settings = (struct settings){ .mail = house->mail, .mail_from = "login@example.com", .name = "Console",
		.public_url = "https://login.example.com", .public_host = "login.example.com", .contact = "desk <desk@example.com>" };
	if (keyring_open(below(house, "keyring", path), true, &house->keys, &why) ||
	    store_open(below(house, "twostep.db", path), &house->store, &created, &why) ||
	    mailer_new(&house->settings, house->store, house->keys, &house->mailer, &why))
		fail_msg("%s", why);
	store_on_wake(house->store, wake, house->mailer);
	*state = house;
	return 0;
}

static int remove_one(const char *path, const struct stat *at UNUSED, int type UNUSED, struct FTW *walk UNUSED)
{
	return remove(path);
}

/* The mail thread ends before the store that it reads, and is freed after the writer that wakes it. */
static int tear_down(void **state)
{
	struct house *house = *state;

	mailer_stop(house->mailer);
	store_close(house->store);
	mailer_free(house->mailer);
	keyring_free(house->keys);
	(void)nftw(house->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(house);
	return 0;
}

struct order {
	const struct call *call;
	enum letter letter;
	const struct letter_facts *facts;
	enum err refuse; /* after the letter was queued */
};

static enum err queue_in_change(struct db *db, void *argument)
{
	const struct order *order = argument;
	enum err err = letter_queue(db, order->call, order->letter, order->facts);

	return err ? err : order->refuse;
}

static enum err send_letter(struct house *house, enum letter letter, const struct letter_facts *facts, enum err refuse)
{
	struct call call = { .settings = &house->settings, .keys = house->keys, .store = house->store, .browser = "Firefox on Linux",
		.now_s = clock_now_s(), .peer = { .address = "203.0.113.7" } };
	struct order order = { &call, letter, facts, refuse };

	return store_change(house->store, queue_in_change, &order);
}

/* Reads all mails of the outbox one behind the other; returns how many there are. */
static int read_outbox(struct house *house, struct buf *all)
{
	char path[2 * TEXT], file[3 * TEXT];
	DIR *folder = opendir(below(house, "outbox", path));
	struct dirent *entry;
	int count = 0;

	buf_reset(all);
	while ((entry = readdir(folder)))
		if (strstr(entry->d_name, ".eml")) {
			(void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
			FILE *in = fopen(file, "r");
			char bytes[4096];
			size_t length;
			while ((length = fread(bytes, 1, sizeof(bytes), in)))
				buf_add(all, bytes, length);
			fclose(in);
			count++;
		}
	closedir(folder);
	return count;
}

static const struct letter_facts facts_of_kim = {
	.to = "kim@example.com", .name = "Kim <b>", .code = "ABCD-EFGH-JKMN", .link = "https://login.example.com/x?a=1&code=ABCD-EFGH-JKMN",
	.left = 3,
};

static void every_letter_is_whole_in_each_language(void **state)
{
	struct house *house = *state;
	SCOPED(buf_done) struct buf all = { 0 };
	int sent = 0;

	assert_int_equal(mailer_start(house->mailer), OK);
	for (enum letter letter = LETTER_NONE + 1; letter < LETTER_COUNT; letter++)
		for (enum locale locale = 0; locale < LOCALE_COUNT; locale++) {
			struct letter_facts facts = facts_of_kim;
			facts.locale = locale;
			facts.expires_at = clock_now_s() + 600;
			enum err err = send_letter(house, letter, &facts, OK);
			mailer_settle(house->mailer, SETTLE_MS);
			if (err || read_outbox(house, &all) != ++sent)
				fail_msg("letter %d in %s: err %d", (int)letter, locale_tag(locale), (int)err);
			if (strchr(buf_string(&all), '{'))
				fail_msg("letter %d in %s: a placeholder is left", (int)letter, locale_tag(locale));
			assert_null(strstr(buf_string(&all), "Kim <b>\r\n<"));
		}
}

/* The one mail of the outbox as a person reads it. */
static const char *only_mail(struct house *house, struct buf *all, struct buf *shown)
{
	mailer_settle(house->mailer, SETTLE_MS);
	assert_int_equal(read_outbox(house, all), 1);
	buf_reset(shown);
	assert_int_equal(message_show(shown, buf_string(all)), OK);
	return buf_string(shown);
}

static void says_what_when_and_where_from(void **state)
{
	struct house *house = *state;
	SCOPED(buf_done) struct buf all = { 0 }, shown = { 0 };
	struct letter_facts facts = facts_of_kim;

	facts.expires_at = clock_now_s() + 600;
	assert_int_equal(mailer_start(house->mailer), OK);
	assert_int_equal(send_letter(house, LETTER_RESET_CODE, &facts, OK), OK);
	const char *text = only_mail(house, &all, &shown);
	static const char *const expected[] = {
		"From: \"Console\" <login@example.com>\n", "To: <kim@example.com>\n", "Hello Kim <b>,\n", "\nABCD-EFGH-JKMN\n",
		"10 minutes", "\nhttps://login.example.com/x?a=1&code=ABCD-EFGH-JKMN\n", " UTC\n", "Browser: Firefox on Linux\n",
		"Network address: 203.0.113.7\n", "desk <desk@example.com>",
	};
	for (size_t i = 0; i < COUNT(expected); i++)
		if (!strstr(text, expected[i]))
			fail_msg("no %s in\n%s", expected[i], text);
	assert_non_null(strstr(buf_string(&all), "Kim &lt;b&gt;"));
	assert_null(strstr(buf_string(&all), "desk <desk@example.com></p>"));
}

/* A stranger chooses the name of a sign-up: a mail program would make a link of "evil.example". */
static void the_name_of_a_sign_up_is_not_repeated(void **state)
{
	struct house *house = *state;
	SCOPED(buf_done) struct buf all = { 0 }, shown = { 0 };
	struct letter_facts facts = facts_of_kim;

	facts.name = "evil.example";
	facts.expires_at = clock_now_s() + 600;
	assert_int_equal(mailer_start(house->mailer), OK);
	assert_int_equal(send_letter(house, LETTER_SIGNUP_CODE, &facts, OK), OK);
	(void)only_mail(house, &all, &shown);
	assert_null(strstr(buf_string(&all), "evil"));
}

static void asks_for_new_codes_when_few_are_left(void **state)
{
	static const struct { int left; bool asks; } cases[] = { { 9, false }, { 4, false }, { 3, true }, { 0, true } };
	struct house *house = *state;
	SCOPED(buf_done) struct buf all = { 0 };
	int asking = 0;

	assert_int_equal(mailer_start(house->mailer), OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct letter_facts facts = facts_of_kim;
		facts.left = cases[i].left;
		assert_int_equal(send_letter(house, LETTER_RECOVERY_USED, &facts, OK), OK);
		mailer_settle(house->mailer, SETTLE_MS);
		assert_int_equal(read_outbox(house, &all), i + 1);
		int found = 0;
		for (const char *p = buf_string(&all); (p = strstr(p, "Few are left")); p++)
			found++;
		asking += cases[i].asks ? 2 : 0; /* as text and as HTML */
		if (found != asking)
			fail_msg("%d left: %d found, %d expected", cases[i].left, found, asking);
	}
}

static void what_is_refused_sends_nothing(void **state)
{
	static const struct { const char *to; enum err refuse, expected; } cases[] = {
		{ "kim@example.com", ERR_CODE_INVALID, ERR_CODE_INVALID },
		{ "kim@example.com\r\nBcc: x@example.com", OK, ERR_INVALID }, { "nobody", OK, ERR_INVALID },
	};
	struct house *house = *state;
	SCOPED(buf_done) struct buf all = { 0 };

	assert_int_equal(mailer_start(house->mailer), OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct letter_facts facts = facts_of_kim;
		facts.to = cases[i].to;
		enum err err = send_letter(house, LETTER_PASSWORD_CHANGED, &facts, cases[i].refuse);
		mailer_settle(house->mailer, SETTLE_MS);
		if (err != cases[i].expected || read_outbox(house, &all))
			fail_msg("%s: err %d", cases[i].to, (int)err);
	}
}

/* The file is private, its name sorts by time, and no half of one ever ends in .eml. */
static void files_are_private_and_in_order(void **state)
{
	struct house *house = *state;
	char path[2 * TEXT], file[3 * TEXT];
	struct dirent **names;
	struct stat at;
	int count;

	assert_int_equal(mailer_start(house->mailer), OK);
	assert_int_equal(send_letter(house, LETTER_TWO_STEP_ON, &facts_of_kim, OK), OK);
	mailer_settle(house->mailer, SETTLE_MS);
	assert_int_equal(send_letter(house, LETTER_TWO_STEP_OFF, &facts_of_kim, OK), OK);
	mailer_settle(house->mailer, SETTLE_MS);
	assert_int_equal(stat(below(house, "outbox", path), &at), 0);
	assert_int_equal(at.st_mode & 07777, 0700);
	count = scandir(path, &names, NULL, alphasort);
	assert_int_equal(count, 4); /* with . and .. */
	for (int i = 2; i < count; i++) {
		SCOPED(buf_done) struct buf bytes = { 0 };
		(void)snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		assert_int_equal(stat(file, &at), 0);
		assert_int_equal(at.st_mode & 07777, 0600);
		int in = open(file, O_RDONLY);
		ssize_t got = read(in, buf_grow(&bytes, 4096), 4096);
		buf_grown(&bytes, (size_t)got);
		close(in);
		assert_non_null(strstr(buf_string(&bytes), i == 2 ? "verification is on" : "verification is off"));
	}
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* What was queued while nobody sent goes out at the start; what expired meanwhile does not. */
static void a_start_sends_what_waits(void **state)
{
	struct house *house = *state;
	SCOPED(buf_done) struct buf all = { 0 }, shown = { 0 };
	struct letter_facts late = facts_of_kim;

	late.expires_at = clock_now_s() - 1;
	assert_int_equal(send_letter(house, LETTER_RESET_CODE, &late, OK), OK);
	assert_int_equal(send_letter(house, LETTER_NEW_PHONE, &facts_of_kim, OK), OK);
	assert_int_equal(read_outbox(house, &all), 0);
	assert_int_equal(mailer_start(house->mailer), OK);
	assert_non_null(strstr(only_mail(house, &all, &shown), "Subject: Your codes come from a new app now: Console\n"));
}

/* A folder that somebody removed is made again; a mail that could not be written stays queued. */
static void the_folder_comes_back(void **state)
{
	struct house *house = *state;
	SCOPED(buf_done) struct buf all = { 0 }, shown = { 0 };
	char path[2 * TEXT];

	assert_int_equal(mailer_start(house->mailer), OK);
	assert_int_equal(rmdir(below(house, "outbox", path)), 0);
	(void)folder_was_synced(house->folder);
	assert_int_equal(send_letter(house, LETTER_NEW_PHONE, &facts_of_kim, OK), OK);
	(void)only_mail(house, &all, &shown);
	assert_true(folder_was_synced(house->folder)); /* with its name */
}

/* Some file systems have nothing to sync there. */
static void a_folder_that_cannot_be_synced_is_no_trouble(void **state)
{
	struct house *house = *state;
	SCOPED(buf_done) struct buf all = { 0 }, shown = { 0 };
	char path[2 * TEXT];

	folders_fail_with = EINVAL;
	assert_int_equal(rmdir(below(house, "outbox", path)), 0);
	assert_int_equal(send_letter(house, LETTER_NEW_PHONE, &facts_of_kim, OK), OK);
	assert_int_equal(mailer_start(house->mailer), OK);
	(void)only_mail(house, &all, &shown);
	folders_fail_with = 0;
}

/*
 * Somebody else holds the database: the mail goes out, but that cannot be written down. It is written down later, and the
 * mail is not sent again meanwhile.
 */
static void what_cannot_be_noted_is_not_sent_again(void **state)
{
	struct house *house = *state;
	SCOPED(buf_done) struct buf all = { 0 }, shown = { 0 };
	char path[2 * TEXT];
	sqlite3 *other = NULL;
	int left = -1;

	assert_int_equal(send_letter(house, LETTER_NEW_PHONE, &facts_of_kim, OK), OK);
	assert_int_equal(sqlite3_open(below(house, "twostep.db", path), &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(mailer_start(house->mailer), OK);
	mailer_settle(house->mailer, LOCKED_MS);
	assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	for (int waited_ms = 0; left != 0 && waited_ms < LOCKED_MS; waited_ms += 100) {
		sqlite3_stmt *count = NULL;
		usleep(100 * 1000);
		assert_int_equal(sqlite3_prepare_v2(other, "SELECT count(*) FROM mail_queue", -1, &count, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_step(count), SQLITE_ROW);
		left = sqlite3_column_int(count, 0);
		sqlite3_finalize(count);
	}
	sqlite3_close(other);
	assert_int_equal(left, 0);
	(void)only_mail(house, &all, &shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_letter_is_whole_in_each_language, set_up, tear_down),
		cmocka_unit_test_setup_teardown(says_what_when_and_where_from, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_name_of_a_sign_up_is_not_repeated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(asks_for_new_codes_when_few_are_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_refused_sends_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(files_are_private_and_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_start_sends_what_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_folder_comes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_synced_is_no_trouble, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_noted_is_not_sent_again, set_up, tear_down),
	};

	umask(0); /* what is private must be so by itself */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
