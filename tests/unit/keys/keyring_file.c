/* The file of the keyring: who may have it, and that it is written whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/keyring_file.h"
#include "sandbox.h"

#include "../base/folders_synced.h"

static const struct keyring_keys some_keys = { .count = 1, .key[0] = { .number = 1, .bytes = "0123456789abcdef0123456789abcde" } };

static enum err read_file(const char *path, const char **why)
{
	struct keyring_keys keys;

	*why = NULL;
	return keyring_file_read(path, &keys, why);
}

static void is_made_for_us_alone(void **state)
{
	struct stat about;
	struct keyring_keys keys;
	const char *why = NULL;
	mode_t before = umask(0);

	(void)state;
	assert_int_equal(keyring_file_write(sandbox_path("keyring"), &some_keys, &why), OK);
	umask(0777);
	assert_int_equal(keyring_file_write(sandbox_path("other"), &some_keys, &why), OK);
	umask(before);
	assert_int_equal(stat(sandbox_path("keyring"), &about), 0);
	assert_int_equal(about.st_mode, S_IFREG | 0600);
	assert_int_equal(stat(sandbox_path("other"), &about), 0);
	assert_int_equal(about.st_mode, S_IFREG | 0600);
	assert_int_equal(keyring_file_read(sandbox_path("keyring"), &keys, &why), OK);
	assert_memory_equal(&keys, &some_keys, sizeof(keys));
	assert_int_equal(sandbox_files(), 2); /* nothing is left beside them */
}

static void its_name_lasts(void **state)
{
	const char *why = NULL;

	(void)state;
	assert_int_equal(keyring_file_write(sandbox_path("keyring"), &some_keys, &why), OK);
	assert_true(folder_was_synced(sandbox_path(".")));
	folders_fail_with = EIO;
	assert_int_equal(keyring_file_write(sandbox_path("second"), &some_keys, &why), ERR_IO);
	folders_fail_with = EINVAL; /* some file systems have nothing to sync there */
	assert_int_equal(keyring_file_write(sandbox_path("third"), &some_keys, &why), OK);
	folders_fail_with = 0;
}

static void is_never_written_over_another(void **state)
{
	const char *why = NULL;
	char text[16] = "";

	(void)state;
	sandbox_write("keyring", "mine", 4, 0600);
	assert_int_equal(keyring_file_write(sandbox_path("keyring"), &some_keys, &why), ERR_IO);
	assert_non_null(why);
	assert_int_equal(sandbox_read("keyring", text, sizeof(text)), 4);
	assert_string_equal(text, "mine");
	assert_int_equal(sandbox_files(), 1);
}

/* What a start left that was killed half-way, or what somebody put there to have the keys written elsewhere. */
static void takes_no_heed_of_what_lies_beside_it(void **state)
{
	const char *why = NULL;
	char text[16] = "";

	(void)state;
	sandbox_write("keyring.new", "half a key", 10, 0644);
	assert_int_equal(keyring_file_write(sandbox_path("keyring"), &some_keys, &why), OK);
	assert_int_equal(read_file(sandbox_path("keyring"), &why), OK);
	unlink(sandbox_path("keyring"));
	sandbox_write("elsewhere", "mine", 4, 0600);
	assert_int_equal(symlink(sandbox_path("elsewhere"), sandbox_path("keyring.new")), 0);
	assert_int_equal(keyring_file_write(sandbox_path("keyring"), &some_keys, &why), OK);
	assert_int_equal(sandbox_read("elsewhere", text, sizeof(text)), 4);
}

static void is_refused_where_others_may_have_it(void **state)
{
	static const struct { unsigned mode; enum err err; } cases[] = {
		{ 0600, OK },         { 0400, OK },         { 0700, OK },         { 0640, ERR_CRYPTO }, { 0620, ERR_CRYPTO },
		{ 0610, ERR_CRYPTO }, { 0604, ERR_CRYPTO }, { 0602, ERR_CRYPTO }, { 0601, ERR_CRYPTO }, { 0644, ERR_CRYPTO },
		{ 0666, ERR_CRYPTO },
	};
	const char *why = NULL;

	(void)state;
	assert_int_equal(keyring_file_write(sandbox_path("keyring"), &some_keys, &why), OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(chmod(sandbox_path("keyring"), cases[i].mode), 0);
		if (read_file(sandbox_path("keyring"), &why) != cases[i].err)
			fail_msg("mode %o: %s", cases[i].mode, why ? why : "taken");
		assert_true(!cases[i].err || strstr(why, "others may read it"));
	}
}

/* Needs root, to give a file away and to be somebody else. */
static void is_refused_where_it_is_another_users(void **state)
{
	static const struct { uid_t owner, reader; enum err err; } cases[] = {
		{ 0, 0, OK }, { 65534, 0, ERR_CRYPTO }, { 65534, 65534, OK }, { 65533, 65534, ERR_IO },
	};
	const char *why = NULL;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(chmod(sandbox, 0755), 0);
	assert_int_equal(keyring_file_write(sandbox_path("keyring"), &some_keys, &why), OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(chown(sandbox_path("keyring"), cases[i].owner, 0), 0);
		assert_int_equal(seteuid(cases[i].reader), 0);
		enum err err = read_file(sandbox_path("keyring"), &why);
		assert_int_equal(seteuid(0), 0);
		if (err != cases[i].err)
			fail_msg("owner %u, reader %u: err %d", cases[i].owner, cases[i].reader, err);
	}
}

static void is_a_file_and_no_link(void **state)
{
	const char *why = NULL;

	(void)state;
	assert_int_equal(keyring_file_write(sandbox_path("real"), &some_keys, &why), OK);
	assert_int_equal(symlink(sandbox_path("real"), sandbox_path("link")), 0);
	assert_int_equal(read_file(sandbox_path("link"), &why), ERR_CRYPTO);
	assert_string_equal(why, "it is a symbolic link");
	assert_int_equal(mkfifo(sandbox_path("pipe"), 0600), 0);
	assert_int_equal(read_file(sandbox_path("pipe"), &why), ERR_CRYPTO); /* and does not wait for a writer */
	assert_int_equal(mkdir(sandbox_path("folder"), 0700), 0);
	assert_int_equal(read_file(sandbox_path("folder"), &why), ERR_CRYPTO);
	assert_int_equal(read_file(sandbox_path("none"), &why), ERR_NOT_FOUND);
	assert_int_equal(read_file(sandbox_path("real/below"), &why), ERR_IO);
	assert_non_null(why);
}

/* A file whose beginning is a whole keyring is not one. */
static void is_read_to_its_end(void **state)
{
	char text[4096];
	const char *why = NULL;
	size_t length;

	(void)state;
	memset(text, '\n', sizeof(text));
	length = keyring_text_write(&some_keys, text);
	sandbox_write("exact", text, length, 0600);
	assert_int_equal(read_file(sandbox_path("exact"), &why), OK);
	memset(text + length, '\n', 100);
	for (size_t more = 1; length + more <= sizeof(text); more += 61) {
		sandbox_write("longer", text, length + more, 0600);
		assert_int_equal(read_file(sandbox_path("longer"), &why), ERR_CRYPTO);
	}
	sandbox_write("empty", "", 0, 0600);
	assert_int_equal(read_file(sandbox_path("empty"), &why), ERR_CRYPTO);
	assert_string_equal(why, "it is empty");
}

static void opens_or_makes_a_keyring(void **state)
{
	uint8_t first[16], second[16];
	struct keyring *keys = NULL;
	const char *why = NULL;

	(void)state;
	assert_int_equal(keyring_open(sandbox_path("keyring"), false, &keys, &why), ERR_CRYPTO);
	assert_non_null(strstr(why, "missing"));
	assert_null(keys);
	assert_int_equal(sandbox_files(), 0);

	assert_int_equal(keyring_open(sandbox_path("keyring"), true, &keys, &why), OK);
	assert_int_equal(keyring_mark(keys, first), OK);
	keyring_free(keys);
	assert_int_equal(keyring_open(sandbox_path("keyring"), true, &keys, &why), OK); /* the one that is there */
	assert_int_equal(keyring_mark(keys, second), OK);
	keyring_free(keys);
	assert_memory_equal(first, second, sizeof(first));

	assert_int_equal(unlink(sandbox_path("keyring")), 0);
	assert_int_equal(keyring_open(sandbox_path("keyring"), true, &keys, &why), OK);
	assert_int_equal(keyring_mark(keys, second), OK);
	keyring_free(keys);
	assert_memory_not_equal(first, second, sizeof(first));
}

/* A damaged one is never taken for an absent one, and never replaced. */
static void makes_none_where_one_is_damaged(void **state)
{
	struct keyring *keys = NULL;
	const char *why = NULL;
	char text[16] = "";

	(void)state;
	sandbox_write("keyring", "damaged", 7, 0600);
	assert_int_equal(keyring_open(sandbox_path("keyring"), true, &keys, &why), ERR_CRYPTO);
	assert_int_equal(sandbox_read("keyring", text, sizeof(text)), 7);
	assert_int_equal(keyring_open(sandbox_path("no/such/folder"), true, &keys, &why), ERR_IO);
	assert_non_null(why);
	assert_null(keys);
	keyring_free(NULL);
}

int main(void)
{
#define IN_SANDBOX(test) cmocka_unit_test_setup_teardown(test, sandbox_open, sandbox_close)
	const struct CMUnitTest tests[] = {
		IN_SANDBOX(is_made_for_us_alone), IN_SANDBOX(its_name_lasts),
		IN_SANDBOX(is_never_written_over_another),
		IN_SANDBOX(takes_no_heed_of_what_lies_beside_it),
		IN_SANDBOX(is_refused_where_others_may_have_it),
		IN_SANDBOX(is_refused_where_it_is_another_users),
		IN_SANDBOX(is_a_file_and_no_link),
		IN_SANDBOX(is_read_to_its_end),
		IN_SANDBOX(opens_or_makes_a_keyring),
		IN_SANDBOX(makes_none_where_one_is_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
