/*
 * Against another way of asking: short paths of odd pieces, rewritten one place at a time by what servers do, until nothing new comes
 * up. Where anything that comes up fits by plain comparison, the rule must hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

#include <cmocka.h>

#include "base/base.h"
#include "organizations/rule.h"

#define TRIES      4000
#define ROOM       100
#define TEXTS_MAX  600 /* where more come up, those are enough */

static uint64_t seed = 88172645463325252u;

static size_t any(size_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % below);
}

struct known {
	char text[TEXTS_MAX][ROOM];
	size_t count;
};

static void remember(struct known *known, const char *text)
{
	for (size_t i = 0; i < known->count; i++)
		if (!strcmp(known->text[i], text))
			return;
	if (known->count < TEXTS_MAX)
		memcpy(known->text[known->count++], text, strlen(text) + 1);
}

/* `text` with `with` in the place of `length` bytes at `at`; never longer, and always with its first slash. */
static void rewrite(struct known *known, const char *text, size_t at, size_t length, const char *with)
{
	char out[ROOM];
	size_t more = strlen(with);

	assert_true(more <= length);
	memcpy(out, text, at);
	memcpy(out + at, with, more);
	memcpy(out + at + more, text + at + length, strlen(text + at + length) + 1);
	remember(known, out[0] ? out : "/");
}

static bool ends(char c)
{
	return c == '/' || !c;
}

static void rewrite_escape(struct known *known, const char *text, size_t at)
{
	char digits[3] = { text[at + 1], text[at + 1] ? text[at + 2] : '\0', '\0' }, *end, c[2] = { 0 };
	unsigned long value = strtoul(digits, &end, 16);

	if (end != digits + 2 || strchr("+- ", digits[0]) || value < ' ' || value >= 0x7f)
		return;
	c[0] = (char)value;
	rewrite(known, text, at, 3, c);
}

static void rewrite_slash(struct known *known, const char *text, size_t at)
{
	size_t length = strcspn(text + at + 1, "/"), next = at + 1 + length;
	const char *segment = text + at + 1;
	bool dots = length && strspn(segment, ".") >= length;

	if (!length && text[next])
		rewrite(known, text, at, 1, ""); /* doubled */
	if (length == 1 && dots)
		rewrite(known, text, at + 1, text[next] ? 2 : 1, "");
	if (!at && length == 2 && dots)
		rewrite(known, text, 1, text[next] ? 3 : 2, ""); /* above the top is the top */
	if (text[next] && !(dots && length <= 2) && text[next + 1] == '.' && text[next + 2] == '.' && ends(text[next + 3]))
		rewrite(known, text, at + 1, length + 3 + (text[next + 3] != '\0'), "");
	if (length > 1 && !dots && (text[next - 1] == '.' || text[next - 1] == ' '))
		rewrite(known, text, next - 1, 1, "");
}

static void rewrite_at(struct known *known, const char *text, size_t at)
{
	switch (text[at]) {
	case '%':
		rewrite_escape(known, text, at);
		break;
	case '\\':
		rewrite(known, text, at, 1, "/");
		break;
	case '/':
		rewrite_slash(known, text, at);
		break;
	case ';':
		rewrite(known, text, at, strcspn(text + at, "/"), "");
		rewrite(known, text, at, strlen(text + at), "");
		break;
	case '?':
	case '#':
		rewrite(known, text, at, strlen(text + at), "");
		break;
	default:
		break;
	}
}

static bool fits_plainly(const char *text, bool below)
{
	size_t length = strlen(text);

	if (strncasecmp(text, "/a/b", 4) != 0)
		return false;
	return length == 4 || (text[4] == '/' && (below || length == 5));
}

/* The text by which it fits, NULL: none. */
static const char *find_fit(struct known *known, bool below)
{
	for (size_t i = 0; i < known->count; i++) {
		if (fits_plainly(known->text[i], below))
			return known->text[i];
		for (size_t at = 0; known->text[i][at]; at++)
			rewrite_at(known, known->text[i], at);
	}
	return NULL;
}

static void add(char path[static ROOM], const char *piece)
{
	size_t length = strlen(path);

	if (length + strlen(piece) < ROOM)
		memcpy(path + length, piece, strlen(piece) + 1);
}

/* "/a/b", each byte in some dress and odd pieces between them. */
static void make_path(char path[static ROOM])
{
	static const char *const odd[] = {
		"/", "a", "b", "/a", "/x", "..", "/..", ".", "/.", "//", "\\", ";", ";a", "%2f", "%5c", "%3b", "%2e", "%3f", "%23", "%252f", "%252e", "%25",
		"%2525", "2f", "%25%32f", ".%20", "/x/..", "/x%2fy/..", "..;", "%2e.", "/../", "//../",
	};
	static const char *const dressed[][4] = { { "/", "\\", "%2f", "%255c" }, { "a", "%61", "%2561", "A" }, { "b", "%62", "%25%362", "B" } };

	path[0] = '\0';
	for (size_t i = 0; i < 4; i++) {
		for (size_t left = any(5) < 3 ? 0 : 1 + any(2); path[0] && left; left--)
			add(path, odd[any(COUNT(odd))]);
		add(path, i ? dressed[i % 2 ? 1 + i / 2 : 0][any(3) ? 0 : any(4)] : "/");
	}
	if (any(2))
		add(path, odd[any(COUNT(odd))]);
}

static void whatever_comes_up_counts(void **state)
{
	static struct known known;
	SCOPED(arena_done) struct arena arena = { 0 };
	struct rule rules[2];
	size_t fitting = 0, refused = 0;

	(void)state;
	assert_int_equal(rule_load(&arena, "/a/b", "", 60, &rules[0]), OK);
	assert_int_equal(rule_load(&arena, "/a/b/*", "", 60, &rules[1]), OK);
	for (size_t n = 0; n < TRIES; n++) {
		bool below = any(2), fits = false;
		const char *by;
		char path[ROOM];
		int64_t age;

		make_path(path);
		if (rules_need(&rules[below], 1, (struct view){ "GET", 3 }, (struct view){ path, strlen(path) }, &fits, &age)) {
			refused++;
			continue;
		}
		known.count = 0;
		remember(&known, path);
		by = find_fit(&known, below);
		fitting += by != NULL;
		if (by && !fits)
			fail_msg("%s is %s to somebody, and the rule for %s does not hold", path, by, rules[below].path);
	}
	assert_true(fitting > TRIES / 4); /* so that it says something */
	assert_true(refused < TRIES / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_comes_up_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
