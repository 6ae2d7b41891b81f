/*
 * A path that fits, spelled anew by steps that some server takes back, fits still: whatever the steps and their order.
 * And what somebody spells oddly, without going there, does not begin to fit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base.h"
#include "organizations/rule.h"

#define TRIES     60000
#define STEPS_MAX 8
#define ROOM      1500

/* xorshift: the same tries each time, so that a failure can be looked at. */
static uint64_t seed = 88172645463325252u;

static size_t any(size_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % below);
}

struct spelling {
	char text[ROOM + 1];
	size_t length;
};

static void replace(struct spelling *spelling, size_t at, size_t taken, const char *with)
{
	size_t more = strlen(with);

	if (spelling->length - taken + more > ROOM)
		return;
	memmove(spelling->text + at + more, spelling->text + at + taken, spelling->length - at - taken + 1);
	memcpy(spelling->text + at, with, more);
	spelling->length += more - taken;
}

/* Not of an escape: those are encoded whole, by their '%'. */
static bool in_escape(const struct spelling *spelling, size_t at)
{
	for (size_t back = 1; back <= 4 && back <= at; back++)
		if (spelling->text[at - back] == '%')
			return true;
	return false;
}

/* Where a segment begins, behind its '/'; the first byte is never one to be touched. */
static size_t any_slash(const struct spelling *spelling)
{
	size_t at = any(spelling->length);

	while (spelling->text[at] != '/')
		at--;
	return at;
}

static void encode(struct spelling *spelling)
{
	size_t at = 1 + any(spelling->length);
	char escape[8];

	if (at >= spelling->length || in_escape(spelling, at))
		return;
	snprintf(escape, sizeof(escape), any(2) ? "%%%02x" : "%%%02X", (unsigned char)spelling->text[at]);
	replace(spelling, at, 1, escape);
}

static void encode_all(struct spelling *spelling)
{
	for (int i = 0; i < 20; i++)
		encode(spelling);
}

static void upper(struct spelling *spelling)
{
	size_t at = any(spelling->length);

	if (!in_escape(spelling, at) && spelling->text[at] >= 'a' && spelling->text[at] <= 'z')
		spelling->text[at] = (char)(spelling->text[at] - 32);
}

static void turn_slash(struct spelling *spelling)
{
	static const char *const others[] = { "\\", "%2f", "%5C", "%252F", "%25u2215", "%25uff0f" };
	size_t at = any_slash(spelling);

	if (at)
		replace(spelling, at, 1, others[any(COUNT(others))]);
}

static void insert_behind_slash(struct spelling *spelling)
{
	static const char *const odd[] = { "/", "./", ".;a/", "zz/../", "../", "z%2fz/../", ";x=y/", "a/b/../../", "a//../", "//../../", "a/b//../../../",
		                           "..;b/", "a\\..\\", "..%2f", ".%20/", ".../", "%2e/", "a/%252e./" };

	replace(spelling, any_slash(spelling) + 1, 0, odd[any(COUNT(odd))]);
}

static void insert_before_slash(struct spelling *spelling)
{
	static const char *const odd[] = { ";", ";v=1", ";a%2fb", ".", "%20", "...", ". .", "%2e", ".;z", "::$DATA", "/.", "//", "/;", "/z/.." };
	size_t at = any_slash(spelling);

	if (at)
		replace(spelling, at, 0, odd[any(COUNT(odd))]);
}

static void add_at_the_end(struct spelling *spelling)
{
	static const char *const odd[] = { "/", ";", ";x", "%3f", "%3fx/y", "%23z", ".", "%20", "/.", "/z/..", "/%3f", "?x", "%253fa" };

	if (!strchr(spelling->text, '?'))
		replace(spelling, spelling->length, 0, odd[any(COUNT(odd))]);
}

static void (*const steps[])(struct spelling *spelling) = {
	encode, encode, encode_all, upper, turn_slash, insert_behind_slash, insert_before_slash, add_at_the_end,
};

static void whatever_is_taken_back_fits(void **state)
{
	static const struct { const char *rule, *path; } cases[] = {
		{ "/export/*", "/export/x" }, { "/export/*", "/export" }, { "/exp*", "/export" }, { "/export", "/export" }, { "/a/b/c", "/a/b/c" },
		{ "/a/a/b/*", "/a/a/b/a" }, { "/a/b*", "/a/bc/d" }, { "/", "/" }, { "/*", "/x" }, { "/v1:run", "/v1:run" }, { "/x.y/z", "/x.y/z" },
	};
	(void)state;
	for (size_t n = 0; n < TRIES; n++) {
		SCOPED(arena_done) struct arena arena = { 0 };
		size_t which = any(COUNT(cases));
		struct spelling spelling = { .length = strlen(cases[which].path) };
		struct rule rule;
		int64_t age;
		enum err err;

		memcpy(spelling.text, cases[which].path, spelling.length + 1);
		for (size_t left = any(STEPS_MAX + 1); left; left--)
			steps[any(COUNT(steps))](&spelling);
		assert_int_equal(rule_load(&arena, cases[which].rule, "", 60, &rule), OK);
		err = rules_need(&rule, 1, (struct view){ "GET", 3 }, (struct view){ spelling.text, spelling.length }, NULL, &age);
		if (err || age != 60)
			fail_msg("%s for %s: %s", cases[which].rule, spelling.text, err_name(err));
	}
}

static void what_goes_elsewhere_does_not(void **state)
{
	static const char *const paths[] = { "/other", "/exports", "/other/export", "/expor/t", "/e/xport", "/a/export/x" };
	static void (*const mild[])(struct spelling *spelling) = { encode, encode_all, upper, turn_slash };
	SCOPED(arena_done) struct arena arena = { 0 };
	struct rule rule;
	int64_t age;

	(void)state;
	assert_int_equal(rule_load(&arena, "/export/*", "", 60, &rule), OK);
	for (size_t n = 0; n < TRIES / 4; n++) {
		struct spelling spelling = { 0 };

		replace(&spelling, 0, 0, paths[any(COUNT(paths))]);
		for (size_t left = any(STEPS_MAX + 1); left; left--)
			mild[any(COUNT(mild))](&spelling);
		if (rules_need(&rule, 1, (struct view){ "GET", 3 }, (struct view){ spelling.text, spelling.length }, NULL, &age) || age)
			fail_msg("%s is taken for one of /export/*", spelling.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_is_taken_back_fits),
		cmocka_unit_test(what_goes_elsewhere_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
