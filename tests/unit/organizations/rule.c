/* Which rules a request falls under, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "organizations/rule.h"

#define REFUSED (-1)

static struct view view_of(const char *text)
{
	return (struct view){ text, strlen(text) };
}

/* What one rule of 60 s says to a request: 60, 0 or REFUSED. */
static int64_t ask(const char *rule, const char *methods, const char *method, struct view path)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	struct rule read;
	int64_t age;
	bool fits;

	assert_int_equal(rule_load(&arena, rule, methods, 60, &read), OK);
	if (rules_need(&read, 1, view_of(method), path, &fits, &age))
		return REFUSED;
	assert_int_equal(fits, age == 60);
	return age;
}

struct row {
	const char *rule, *path;
	bool fits;
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int64_t age = ask(rows[i].rule, "", "GET", view_of(rows[i].path));

		if (age != (rows[i].fits ? 60 : 0))
			fail_msg("%s asked for %s: %" PRId64, rows[i].rule, rows[i].path, age);
	}
}

static void plain_paths_are_compared(void **state)
{
	static const struct row rows[] = {
		{ "/export/*", "/export/x", true },
		{ "/export/*", "/export", true },
		{ "/export/*", "/export/", true },
		{ "/export/*", "/export/a/b.c", true },
		{ "/export/*", "/exports", false },
		{ "/export/*", "/a/export/x", false },
		{ "/export/*", "/", false },
		{ "/export/*", "/expor", false },
		{ "/export/*", "/x?to=/export/x", false },
		{ "/export/*", "/export?x", true },
		{ "/export*", "/exports", true },
		{ "/export*", "/export", true },
		{ "/export*", "/export/x", true },
		{ "/export*", "/expor/t", false },
		{ "/export", "/export", true },
		{ "/export", "/export/", true },
		{ "/export", "/export/x", false },
		{ "/export", "/export.css", false },
		{ "/export/", "/export", true },
		{ "/export/", "/export/", true },
		{ "/a/b", "/a/b", true },
		{ "/a/b", "/a", false },
		{ "/a/b", "/a/bc", false },
		{ "/a/b", "/a/b/c", false },
		{ "/EXPORT", "/export", true },
		{ "/export", "/eXpOrT", true },
		{ "/", "/", true },
		{ "/", "/a", false },
		{ "/*", "/", true },
		{ "/*", "/a/b", true },
		{ "/v1:x", "/v1:x", true },
		{ "/v1", "/v1:x", false },
		{ "/\xed\x95\x9c/*", "/%ed%95%9c/x", true },
	};
	(void)state;
	check(rows, COUNT(rows));
}

/* What somebody tries who wants /export/x and not the question; who reads it so stands beside. */
static void every_reading_counts(void **state)
{
	static const struct row rows[] = {
		{ "/export/*", "/%65xport/x", true },
		{ "/export/*", "/%2565xport/x", true },
		{ "/export/*", "/%252565xport/x", true },
		{ "/export/*", "/%25252565xport/x", true },
		{ "/export/*", "/%2565xport/100%25", true },      /* the second decoding meets a broken escape */
		{ "/export/*", "/%2565xport/%25zz%25", true },
		{ "/export/*", "/%25%36%35xport/x", true },
		{ "/export/*", "/y/..//export//../x", true },     /* dots before doubled slashes */
		{ "/export/*", "//export//x", true },
		{ "/export/*", "/a//../export/x", true },
		{ "/export/*", "/a//../../export/x", true },
		{ "/export/*", "/a/../export/x", true },
		{ "/export/*", "/a/%2e%2e/export/x", true },
		{ "/export/*", "/a/%252e%252e/export/x", true },
		{ "/export/*", "/a/.%2e/export/x", true },
		{ "/export/*", "/../export/x", true },
		{ "/export/*", "/./export/x", true },
		{ "/export/*", "/a/b/../../export/x", true },
		{ "/export/*", "/a/b/../export/x", false },
		{ "/export/*", "/a/./export/x", false },
		{ "/export/*", "/export/../x", true },            /* by who resolves nothing */
		{ "/export/x", "/export/../x", true },            /* by who strips the dots */
		{ "/export/x", "/export/./x", true },
		{ "/export", "/export/x/..", true },
		{ "/export", "/export/.", true },
		{ "/export", "/export//", true },
		{ "/export/*", "/a%2fb/../%65xport/x", true },    /* split, resolved, and only then decoded */
		{ "/export/*", "/a%2f../export/x", true },
		{ "/export/*", "/a/b%2f..%2f../export/x", true },
		{ "/export/*", "/export%2fx", true },
		{ "/export/*", "/export%252fx", true },
		{ "/export/*", "/a\\..\\export\\x", true },
		{ "/export/*", "/%5cexport%5cx", true },
		{ "/export/*", "/export;v=1/x", true },           /* Tomcat, Jetty, Spring */
		{ "/export/*", "/;a/export/x", true },
		{ "/export/*", "/;/export/x", true },
		{ "/export/*", "/a/..;/export/x", true },
		{ "/export/*", "/a/..;b=c;d/export/x", true },
		{ "/export/*", "/a;b/..;c/export;d/x", true },
		{ "/export/*", "/export%3bv/x", true },
		{ "/export/*", "/export;a%2fb/x", true },
		{ "/export", "/export;a%2fb", true },
		{ "/export", "/export;a%5cb/;c", true },
		{ "/export", "/export;v=1/x", true },             /* Shiro: all behind the first ';' is gone */
		{ "/export", "/a/..;/export;/../x", true },
		{ "/export", "/export/x;/..", true },
		{ "/export", "/export/x;", false },
		{ "/export/*", "/exp;ort/x", false },
		{ "/export/*", "/export%3fx", true },             /* decoded, and split once more */
		{ "/export", "/export%3fx", true },
		{ "/export", "/export/%3fx/y", true },
		{ "/export", "/export%253fx", true },
		{ "/export", "/export%23x", true },
		{ "/export", "/a/..%2fexport%3f/..", true },
		{ "/export", "/exp%3fort", false },
		{ "/export/*", "/export./x", true },              /* Windows */
		{ "/export/*", "/export%20/x", true },
		{ "/export/*", "/export.%20./x", true },
		{ "/export", "/export...", true },
		{ "/export/*", "/a/..%20/export/x", true },
		{ "/export/*", "/a/..../export/x", true },
		{ "/export/*", "/a/.%20/../export/x", true },
		{ "/export", "/export::$DATA", true },            /* NTFS */
		{ "/export/*", "/export:$i30:$INDEX_ALLOCATION/x", true },
		{ "/export/*", "/%25u0065xport/x", true },        /* IIS, once more decoded */
		{ "/export/*", "/a/%25u002e%25u002e/export/x", true },
		{ "/export/*", "/a%25u2215..%25u2215export/x", true },
		{ "/export/*", "/%ef%bd%85xport/x", true },       /* full width */
		{ "/export/*", "/a/%ef%bc%8e%ef%bc%8e/export/x", true },
		{ "/export/*", "/a%ef%bc%8f..%ef%bc%8fexport/x", true },
		{ "/e\xef\xbd\x98/*", "/ex/y", true },
		{ "/e\xef\xbd\x98/*", "/e%ef%bd%98/y", true },
		{ "/\xef\xbc\x8f*", "/a", true },                /* a folder, as "/" and the star is one */
		{ "/\xef\xbc\x8f*", "/%61", true },
		{ "/a\xef\xbc\x8f*", "/ab", false },
		{ "/a\xef\xbc\x8f*", "/a/b", true },
		{ "/desk/*", "/des%e2%84%aa/x", true },           /* the Kelvin sign is a k to Java */
		{ "/desk/*", "/de%c5%bfk/x", true },
		{ "/export/*", "//host/export/x", true },         /* `//host` is an authority to URL parsers */
		{ "/export/*", "/\\host:80/export/x", true },
		{ "/export/*", "///host/export/x", true },
		{ "/export/*", "/a//host/export/x", false },
		{ "/export/*", "/index.php/export/x", true },     /* PATH_INFO */
		{ "/export/*", "/a/../index.PHP/export/x", true },
		{ "/export/*", "/x.phpx/export/x", false },
		{ "/export/*", "/(S(abc))/export/x", true },      /* ASP.NET without cookies */
		{ "/export/*", "/(A(a)F(b))/export/x", true },
		{ "/export/*", "/exp/(S(x))ort/x", true },
		{ "/export/*", "/(a)/export/x", false },
		{ "/\xed\x95\x9c/*", "/%e1%84%92%e1%85%a1%e1%86%ab/x", true }, /* composed and not */
		{ "/\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab/*", "/%ed%95%9c/x", true },
		{ "/cafe*", "/cafe%cc%81", true },
		{ "/caf\xc3\xa9*", "/cafe%cc%81s", true },
		{ "/export/*", "/ex%25ffport/x", true },          /* by who drops what is no UTF-8 */
		{ "/", "/a/..", true },
		{ "/", "//", true },
		{ "/", "/;x", true },
		{ "/a/a/b", "/a/a/a/../b", true },
		{ "/a/b/c", "/a/x/../b/y/..//c", true },
		{ "/a/b/c", "/a/b/x/c", false },
	};
	(void)state;
	check(rows, COUNT(rows));
}

static void what_nobody_can_say_the_meaning_of_is_refused(void **state)
{
	static const char *const paths[] = {
		"", "export", "http://host/export/x", "%2fexport/x", "*", "?", "/%", "/%2", "/%zz", "/%%32%35", "/%u002e", "/a#b", "/%00", "/%0a",
		"/a%09b", "/\t", "/%7f", "/%ff", "/\xff", "/%c0%ae%c0%ae/export/x", "/%ed%a0%80",
		"/%2500", "/%250d%250a", "/%25c0%25ae/x", "/%25e0%2580%25af", "/%25f0%2580%2580%25af", "/%25u0000",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++)
		if (ask("/export/*", "", "GET", view_of(paths[i])) != REFUSED)
			fail_msg("%s is taken", paths[i]);
}

/* The view ends where it says, and what is too long or has too many parts is not looked at. */
static void views_and_bounds(void **state)
{
	char path[READINGS_PATH_BYTES_MAX + 2], parts[2 * READINGS_SEGMENTS_MAX + 4];
	size_t length = 0;

	(void)state;
	assert_int_equal(ask("/a", "", "GET", (struct view){ "/ab", 2 }), 60);
	assert_int_equal(ask("/a", "", "GET", (struct view){ "/%61%6", 4 }), 60);
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	assert_int_equal(ask("/*", "", "GET", (struct view){ path, READINGS_PATH_BYTES_MAX }), 60);
	assert_int_equal(ask("/*", "", "GET", (struct view){ path, READINGS_PATH_BYTES_MAX + 1 }), REFUSED);
	while (length < 2 * READINGS_SEGMENTS_MAX) {
		parts[length++] = '/';
		parts[length++] = '.';
	}
	assert_int_equal(ask("/*", "", "GET", (struct view){ parts, length }), 60);
	memcpy(parts + length, "/.", 2);
	assert_int_equal(ask("/*", "", "GET", (struct view){ parts, length + 2 }), REFUSED);
}

static void methods_are_held_to_rules(void **state)
{
	static const struct {
		const char *rule, *method;
		int64_t age;
	} cases[] = {
		{ "", "GET", 60 },
		{ "GET", "GET", 60 },
		{ "GET", "HEAD", 60 },
		{ "HEAD", "GET", 60 },
		{ "GET", "POST", 0 },
		{ "POST,DELETE", "DELETE", 60 },
		{ "POST,DELETE", "PUT", 0 },
		{ "OPTIONS", "GET", 0 },
		{ "", "PROPFIND", 60 },
		{ "GET", "PROPFIND", 60 }, /* nobody knows what it does */
		{ "POST", "TRACE", 60 },
		{ "POST", "get", 60 },     /* some take it for GET, some for anything */
		{ "POST", "X!#$%&'*+-.^_`|~9", 60 },
		{ "", "", REFUSED },
		{ "", "GE T", REFUSED },
		{ "", "GET ", REFUSED },
		{ "", "G/T", REFUSED },
		{ "", "\xed\x95\x9c", REFUSED },
		{ "", "A23456789012345678901234567890123", REFUSED },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t age = ask("/x", cases[i].rule, cases[i].method, view_of("/x"));

		if (age != cases[i].age)
			fail_msg("rule for %s, asked by %s: %" PRId64, cases[i].rule, cases[i].method, age);
	}
}

static void the_strictest_holds(void **state)
{
	static const struct { const char *path; int64_t age; } rows[] = { { "/*", 300 }, { "/a/*", 60 }, { "/a/b", 120 }, { "/c", 5 } };
	SCOPED(arena_done) struct arena arena = { 0 };
	struct rule rules[COUNT(rows)];
	bool fits[COUNT(rows)];
	int64_t age = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(rule_load(&arena, rows[i].path, "", rows[i].age, &rules[i]), OK);
	assert_int_equal(rules_need(rules, COUNT(rows), view_of("GET"), view_of("/%"), fits, &age), ERR_INVALID);
	assert_int_equal(age, 7);
	for (int told = 0; told < 2; told++) {
		assert_int_equal(rules_need(rules, COUNT(rows), view_of("GET"), view_of("/a/b"), told ? fits : NULL, &age), OK);
		assert_int_equal(age, 60);
		assert_int_equal(rules_need(rules, COUNT(rows), view_of("GET"), view_of("/a/%62"), told ? fits : NULL, &age), OK);
		assert_int_equal(age, 60);
	}
	assert_true(fits[0] && fits[1] && fits[2] && !fits[3]);
	assert_int_equal(rules_need(NULL, 0, view_of("GET"), view_of("/a/b"), NULL, &age), OK);
	assert_int_equal(age, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_paths_are_compared),
		cmocka_unit_test(every_reading_counts),
		cmocka_unit_test(what_nobody_can_say_the_meaning_of_is_refused),
		cmocka_unit_test(views_and_bounds),
		cmocka_unit_test(methods_are_held_to_rules),
		cmocka_unit_test(the_strictest_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
