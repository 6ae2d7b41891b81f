#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"
#include "cli/own_user.h"

#include "../base/folders_synced.h"

#define OTHER "nobody"

/* In a process of its own, which cannot come back: how many of the ways up to root again are open, or 100 where it did not even begin. */
static int ways_back(void)
{
	const gid_t root_group = 0;
	struct own_user user;
	const char *why = "";
	int open_ways = 0, file;

	if (own_user_find(OTHER, &user, &why) || !user.change || own_user_become(&user))
		return 100;
	open_ways += !setuid(0) + !seteuid(0) + !setreuid(0, 0) + !setresuid(0, 0, 0);
	open_ways += !setgid(0) + !setegid(0) + !setregid(0, 0) + !setresgid(0, 0, 0);
	open_ways += !setgroups(1, &root_group);
	open_ways += prctl(PR_GET_DUMPABLE) != 0;
	if ((file = open("/proc/1/environ", O_RDONLY | O_CLOEXEC)) >= 0)
		open_ways++;
	return open_ways;
}

static void no_way_leads_back(void **state)
{
	int status = 0;
	pid_t child;

	(void)state;
	if (geteuid())
		skip();
	child = fork();
	if (!child)
		_exit(ways_back());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void knows_whom_it_must_not_become(void **state)
{
	static const char *const names[] = { "root", "no-such-user", "0", "", " " };
	struct own_user user;
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		why = NULL;
		if (own_user_find(names[i], &user, &why) != ERR_INVALID || !why)
			fail_msg("%s", names[i]);
	}
}

static void hands_over_what_it_makes_and_nothing_else(void **state)
{
	char place[] = "/tmp/twostep-unit-XXXXXX", made[64], there[64];
	struct own_user user;
	struct stat found;
	const char *why;

	(void)state;
	if (geteuid())
		skip();
	assert_non_null(mkdtemp(place));
	assert_int_equal(chmod(place, 0711), 0);
	snprintf(made, sizeof(made), "%s/made", place);
	snprintf(there, sizeof(there), "%s/there", place);
	assert_int_equal(own_user_find(OTHER, &user, &why), OK);
	assert_int_equal(own_user_make_folder(&user, made), OK);
	assert_true(folder_was_synced(place));
	assert_int_equal(stat(made, &found), 0);
	assert_int_equal(found.st_uid, user.user);
	assert_int_equal(found.st_gid, user.group);
	assert_int_equal(found.st_mode & 07777, 0700);

	assert_int_equal(mkdir(there, 0700), 0);
	assert_int_equal(own_user_make_folder(&user, there), OK);
	assert_int_equal(stat(there, &found), 0);
	assert_int_equal(found.st_uid, 0);

	assert_int_equal(rmdir(made), 0);
	assert_int_equal(chmod(place, 0700), 0);
	assert_int_equal(own_user_make_folder(&user, made), OK);
	assert_int_equal(access(made, F_OK), -1); /* that user could not reach it */
	rmdir(there);
	rmdir(place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_way_leads_back),
		cmocka_unit_test(knows_whom_it_must_not_become),
		cmocka_unit_test(hands_over_what_it_makes_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
