#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "cli/snippet.h"

static const struct snippet_word words[] = { { "NAME", "Shop @HOST@" }, { "PORT", "1" }, { NULL, NULL } };
static const struct snippet_fact facts[] = { { "https", true }, { "http", false }, { NULL, false } };
static const struct snippet_host hosts[] = {
	{ { { "HOST", "a" }, { "PORT", "2" } }, { { "waiting", false } } },
	{ { { "HOST", "b" } }, { { "waiting", true }, { "https", false } } },
};
static const struct snippet snippet = { words, facts, hosts, COUNT(hosts) };

static void writes_words_hosts_and_what_holds(void **state)
{
	static const struct { const char *template, *written; } cases[] = {
		{ "", "" },
		{ "x @NAME@ y", "x Shop @HOST@ y" }, /* a value is no template */
		{ "@ask @ a@b @\n", "@ask @ a@b @\n" },
		{ "@@https| yes\n@@http| no\n", "yes\n" },
		{ "<\n@@hosts\n@HOST@:@PORT@\n@@waiting| waits @NAME@\n@@https| tls\n@@end\n>\n",
		  "<\na:2\ntls\nb:1\nwaits Shop @HOST@\n>\n" },
		{ "@@hosts\n@HOST@\n@@end\n@@hosts\n@HOST@\n@@end\n", "a\nb\na\nb\n" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(buf_done) struct buf out = { 0 };

		if (!snippet_write(&out, cases[i].template, &snippet) || strcmp(buf_string(&out), cases[i].written) != 0)
			fail_msg("%s became %s", cases[i].template, buf_string(&out));
	}
}

static void refuses_what_nobody_knows(void **state)
{
	static const char *const cases[] = {
		"@NAMES@", "@NAME", "@HOST@", "@@ftp| x\n", "@@https x\n", "@@waiting| x\n", "@@hosts\n@HOST@\n", "@@end\n",
		"@@hosts\n@NAMES@\n@@end\n",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(buf_done) struct buf out = { 0 };

		if (snippet_write(&out, cases[i], &snippet))
			fail_msg("%s became %s", cases[i], buf_string(&out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_words_hosts_and_what_holds),
		cmocka_unit_test(refuses_what_nobody_knows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
