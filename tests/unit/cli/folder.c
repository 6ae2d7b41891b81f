#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"
#include "cli/folder.h"
#include "cli/notify.h"

#include "../base/folders_synced.h"

/* A folder of the test's own, and a path in it. */
static int make_place(void **state)
{
	static char place[64];

	snprintf(place, sizeof(place), "/tmp/twostep-unit-XXXXXX");
	*state = mkdtemp(place);
	return *state ? 0 : -1;
}

static int remove_place(void **state)
{
	static const char *const names[] = { "data/lock", "data", "file", "socket" };
	char path[128];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", (char *)*state, names[i]);
		remove(path);
	}
	return rmdir(*state);
}

static const char *in_place(void **state, const char *name, char out[static 128])
{
	snprintf(out, 128, "%s/%s", (char *)*state, name);
	return out;
}

static void makes_a_folder_for_its_owner_alone(void **state)
{
	char path[128], why[FOLDER_WHY_BYTES] = "";
	struct stat found;

	umask(0);
	assert_int_equal(folder_open(in_place(state, "data", path), why), OK);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 07777, 0700);
	assert_int_equal(folder_open(path, why), OK);
}

/* Else a loss of power could take away the folder with all that was synced within. */
static void makes_a_name_that_lasts(void **state)
{
	char path[128], why[FOLDER_WHY_BYTES] = "";

	(void)folder_was_synced(*state);
	assert_int_equal(folder_open(in_place(state, "data", path), why), OK);
	assert_true(folder_was_synced(*state));
	assert_int_equal(folder_open(path, why), OK);
	assert_false(folder_was_synced(*state)); /* it was there */
	rmdir(path);

	folders_fail_with = EIO;
	assert_int_equal(folder_open(path, why), ERR_IO);
	assert_non_null(strstr(why, "Input/output error"));
	assert_int_equal(access(path, F_OK), -1); /* the next start makes it, and syncs it */
	folders_fail_with = EINVAL;
	assert_int_equal(folder_open(path, why), OK);
	folders_fail_with = 0;
}

static void refuses_a_folder_that_others_can_enter(void **state)
{
	static const mode_t modes[] = { 0701, 0710, 0720, 0740, 0704, 0755, 0777 };
	char path[128], why[FOLDER_WHY_BYTES] = "";

	assert_int_equal(mkdir(in_place(state, "data", path), 0700), 0);
	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		if (folder_open(path, why) != ERR_IO || !strstr(why, "chmod 700"))
			fail_msg("mode %o: %s", (unsigned)modes[i], why);
	}
}

static void refuses_what_is_no_folder(void **state)
{
	char path[128], why[FOLDER_WHY_BYTES] = "";

	fclose(fopen(in_place(state, "file", path), "w"));
	assert_int_equal(folder_open(path, why), ERR_IO);
	assert_non_null(strstr(why, "no folder"));
	assert_int_equal(folder_open(in_place(state, "not/there", path), why), ERR_IO);
	assert_non_null(strstr(why, "cannot be made"));
}

/* flock belongs to an open file, so a second open in this process is refused as another process would be. */
static void lets_one_alone_in_and_names_it(void **state)
{
	char path[128], why[FOLDER_WHY_BYTES] = "", pid[32];
	int first = -1, second = -1;

	in_place(state, "data", path);
	assert_int_equal(folder_open(path, why), OK);
	assert_int_equal(folder_lock(path, &first, why), OK);
	assert_int_equal(folder_lock(path, &second, why), ERR_BUSY);
	assert_int_equal(second, -1);
	snprintf(pid, sizeof(pid), "process %ld ", (long)getpid());
	assert_non_null(strstr(why, pid));

	folder_unlock(&first);
	folder_unlock(&first);
	assert_int_equal(folder_lock(path, &second, why), OK);
	folder_unlock(&second);
}

static void tells_whoever_asked_how_the_start_stands(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int asked = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char got[16] = { 0 };

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/socket", (char *)*state);
	assert_int_equal(bind(asked, (struct sockaddr *)&at, sizeof(at)), 0);
	unsetenv("NOTIFY_SOCKET");
	notify("READY=1");
	setenv("NOTIFY_SOCKET", "relative", 1);
	notify("READY=1");
	assert_int_equal(recv(asked, got, sizeof(got) - 1, 0), -1);

	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	notify("READY=1");
	assert_int_equal(recv(asked, got, sizeof(got) - 1, 0), 7);
	assert_string_equal(got, "READY=1");
	close(asked);
	unsetenv("NOTIFY_SOCKET");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(makes_a_folder_for_its_owner_alone, make_place, remove_place),
		cmocka_unit_test_setup_teardown(makes_a_name_that_lasts, make_place, remove_place),
		cmocka_unit_test_setup_teardown(refuses_a_folder_that_others_can_enter, make_place, remove_place),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_folder, make_place, remove_place),
		cmocka_unit_test_setup_teardown(lets_one_alone_in_and_names_it, make_place, remove_place),
		cmocka_unit_test_setup_teardown(tells_whoever_asked_how_the_start_stands, make_place, remove_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
