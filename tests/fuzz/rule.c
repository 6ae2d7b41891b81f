/*
 * A line with a rule's path, then the path that somebody asks for: the same answer twice, `fits` says what the age says, and a path
 * that is taken, and fits, is and does so encoded once more.
 */
#include "fuzz.h"
#include "base/text.h"
#include "organizations/rule.h"

static enum err ask(const struct rule *rule, struct view path, bool *fits)
{
	int64_t age = -1, again = -1;
	enum err err = rules_need(rule, 1, (struct view){ "GET", 3 }, path, fits, &age);

	must(rules_need(rule, 1, (struct view){ "GET", 3 }, path, NULL, &again) == err && age == again);
	must(err ? err == ERR_INVALID && age == -1 : age == (*fits ? 60 : 0));
	return err;
}

/* Each byte as an escape: one reading more, so what fitted fits. The first slash stays. */
static void ask_encoded(const struct rule *rule, struct view path, bool fitted)
{
	static const char digits[] = "0123456789abcdef";
	char text[READINGS_PATH_BYTES_MAX];
	size_t length = 1;
	bool fits;

	text[0] = '/';
	for (size_t i = 1; i < path.length && path.bytes[i] != '?'; i++) {
		unsigned char c = (unsigned char)path.bytes[i];

		if (length + 3 > sizeof(text))
			return;
		text[length++] = '%';
		text[length++] = digits[c >> 4];
		text[length++] = digits[c & 15];
	}
	if (ask(rule, (struct view){ text, length }, &fits))
		must(!text_is_utf8(path.bytes, path.length)); /* halves of a character were escapes, halves were not */
	else
		must(fits || !fitted);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *text = (const char *)bytes, *line = length ? memchr(text, '\n', length) : NULL;
	SCOPED(arena_done) struct arena arena = { 0 };
	struct view path;
	struct rule rule;
	bool fits = false;
	char *written;

	if (!line)
		return 0;
	written = arena_copy(&arena, text, (size_t)(line - text));
	path = (struct view){ line + 1, length - (size_t)(line + 1 - text) };
	if (!written || rule_load(&arena, written, "GET,PUT", 60, &rule) || ask(&rule, path, &fits))
		return 0;
	ask_encoded(&rule, path, fits);
	return 0;
}
