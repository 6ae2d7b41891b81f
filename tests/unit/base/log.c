/* Log lines: one write each, and no value can forge one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <jansson.h>

#include "base/base.h"
#include "base/log.h"

/*
 * Standard error is a pipe of packets for the time of one call: a second write would be a second packet.
 * Fills `line` with the first packet and says how many there were.
 */
static int caught(char *line, size_t room, const struct log_field *fields, size_t count)
{
	int ends[2], before = dup(STDERR_FILENO), packets = 0;
	char more[8192];
	ssize_t got;

	assert_true(before >= 0 && !pipe2(ends, O_DIRECT | O_NONBLOCK | O_CLOEXEC));
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_write(LOG_INFO, "event", fields, count);
	dup2(before, STDERR_FILENO);
	close(before);
	line[0] = '\0';
	while ((got = read(ends[0], packets ? more : line, packets ? sizeof(more) : room - 1)) > 0)
		if (!packets++)
			line[got] = '\0';
	close(ends[0]);
	close(ends[1]);
	return packets;
}

/* What stands behind time, level and event. */
static const struct { const char *value, *text, *json; } values[] = {
	{ "plain", "plain", "plain" },
	{ "/login?x", "/login?x", "/login?x" },
	{ "", "\"\"", "" },
	{ "two words", "\"two words\"", "two words" },
	{ "a=b", "\"a=b\"", "a=b" },
	{ "say \"hi\"", "\"say \\\"hi\\\"\"", "say \"hi\"" },
	{ "back\\slash", "\"back\\\\slash\"", "back\\slash" },
	{ "한국어", "\"한국어\"", "한국어" },
	{ "line\nforged", "\"line\\u000aforged\"", "line\nforged" },
	{ "cr\rforged", "\"cr\\u000dforged\"", "cr\rforged" },
	{ "\x1b[2Jclear", "\"\\u001b[2Jclear\"", "\x1b[2Jclear" },
	{ "c1\xc2\x85line", "\"c1\\u0085line\"", "c1\xc2\x85line" },
	{ "csi\xc2\x9b" "2J", "\"csi\\u009b2J\"", "csi\xc2\x9b" "2J" },
	{ "ls\u2028ps\u2029", "\"ls\\u2028ps\\u2029\"", "ls\u2028ps\u2029" },
	{ "rtl\u202eoverride", "\"rtl\\u202eoverride\"", "rtl\u202eoverride" },
	{ "\x7f", "\"\\u007f\"", "\x7f" },
	{ "bad\xff" "byte", "\"bad\\ufffdbyte\"", "bad\xef\xbf\xbd" "byte" },
	{ "cut\xe2\x82", "\"cut\\ufffd\\ufffd\"", "cut\xef\xbf\xbd\xef\xbf\xbd" },
	{ "c1 as a byte \x9b", "\"c1 as a byte \\ufffd\"", "c1 as a byte \xef\xbf\xbd" },
	{ "\U000e0fff", "\"\\udb43\\udfff\"", "\U000e0fff" },
};

static void escapes_what_could_forge_a_line(void **state)
{
	(void)state;
	log_setup(LOG_INFO, false);
	for (size_t i = 0; i < COUNT(values); i++) {
		const struct log_field fields[] = { LOG_TEXT("field", values[i].value), LOG_INT("status", -200) };
		char line[8192], right[256];
		assert_int_equal(caught(line, sizeof(line), fields, COUNT(fields)), 1);
		snprintf(right, sizeof(right), "Z info event field=%s status=-200\n", values[i].text);
		if (strlen(line) < 20 || strcmp(line + 19, right))
			fail_msg("row %zu: %s", i, line);
	}
}

static void writes_json_that_reads_back(void **state)
{
	(void)state;
	log_setup(LOG_INFO, true);
	for (size_t i = 0; i < COUNT(values); i++) {
		const struct log_field fields[] = { LOG_TEXT("field", values[i].value), LOG_INT("status", INT64_MIN) };
		char line[8192];
		json_error_t error;
		json_t *json;
		assert_int_equal(caught(line, sizeof(line), fields, COUNT(fields)), 1);
		if (!(json = json_loads(line, JSON_REJECT_DUPLICATES, &error)))
			fail_msg("row %zu: %s: %s", i, error.text, line);
		assert_string_equal(json_string_value(json_object_get(json, "field")), values[i].json);
		assert_true(json_integer_value(json_object_get(json, "status")) == INT64_MIN);
		assert_string_equal(json_string_value(json_object_get(json, "level")), "info");
		assert_string_equal(json_string_value(json_object_get(json, "event")), "event");
		assert_int_equal(strlen(json_string_value(json_object_get(json, "time"))), 20);
		assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
		json_decref(json);
	}
}

/* Values of every kind and length: one packet of at most a pipe's atomic size, still JSON, and it says that it was cut. */
static void cuts_whole(void **state)
{
	static const char *const fills[] = { "x", "\x01", "\xff", "\"", "한", "\U000e0fff" };
	(void)state;
	log_setup(LOG_INFO, true);
	for (size_t f = 0; f < COUNT(fills); f++)
		for (size_t repeat = 90; repeat < 4000; repeat = repeat * 3 / 2) {
			char value[20000] = "", line[8192];
			for (size_t i = 0; i < repeat; i++)
				memcpy(value + i * strlen(fills[f]), fills[f], strlen(fills[f]) + 1);
			const struct log_field fields[] = {
				LOG_TEXT("a", value), LOG_TEXT("b", value), LOG_TEXT("c", value), LOG_INT("d", 1), LOG_TEXT("e", value),
				LOG_TEXT("f", value), LOG_TEXT("g", value), LOG_TEXT("h", value),
			};
			assert_int_equal(caught(line, sizeof(line), fields, COUNT(fields)), 1);
			assert_in_range(strlen(line), 100, 4096);
			json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
			if (!json || !json_object_get(json, "a"))
				fail_msg("fill %zu × %zu: %s", f, repeat, line);
			if (!json_object_get(json, "h"))
				assert_true(json_is_true(json_object_get(json, "cut")));
			json_decref(json);
		}
}

/* Where a value goes on, its end says so, and no character is cut in two. */
static void cuts_between_characters(void **state)
{
	char value[4000] = "", line[8192];
	const struct log_field fields[] = { LOG_TEXT("v", value) };

	(void)state;
	log_setup(LOG_INFO, false);
	for (size_t i = 0; i < 1000; i++)
		memcpy(value + 1 + i * 3, "한", 4);
	value[0] = 'x';
	assert_int_equal(caught(line, sizeof(line), fields, 1), 1);
	assert_non_null(strstr(line, "한\\u2026\"\n"));
	assert_null(strstr(line, "fffd"));
}

static void says_only_what_is_wanted(void **state)
{
	const struct log_field fields[] = { LOG_TEXT("a", NULL) };
	char line[8192];

	(void)state;
	log_setup(LOG_WARN, false);
	assert_int_equal(caught(line, sizeof(line), fields, 1), 0);
	assert_true(log_wants(LOG_ERROR) && log_wants(LOG_WARN) && !log_wants(LOG_INFO));
	log_setup(LOG_DEBUG, false);
	assert_int_equal(caught(line, sizeof(line), fields, 1), 1);
	assert_non_null(strstr(line, " info event a=-\n"));
	assert_int_equal(caught(line, sizeof(line), fields, 0), 1);
	assert_non_null(strstr(line, " info event\n"));
}

static void keeps_errno(void **state)
{
	int standard_error = dup(STDERR_FILENO), after;

	(void)state;
	close(STDERR_FILENO);
	errno = ENOSPC;
	log_write(LOG_ERROR, "nobody_reads", NULL, 0);
	after = errno;
	dup2(standard_error, STDERR_FILENO);
	close(standard_error);
	assert_int_equal(after, ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_what_could_forge_a_line), cmocka_unit_test(writes_json_that_reads_back),
		cmocka_unit_test(cuts_whole),                      cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(says_only_what_is_wanted),        cmocka_unit_test(keeps_errno),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
