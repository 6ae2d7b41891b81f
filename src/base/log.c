#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/outlet.h"
#include "base/text.h"

#include "base/banned.h"

#define LOG_LINE_BYTES  OUTLET_PIECE_BYTES
#define LOG_TAIL_BYTES    32 /* kept for the note that fields were left out, and the end of the line */
#define LOG_VALUE_BYTES  600 /* of a value's own; escaped it is six times that at most */
#define LOG_WAIT_MS      200 /* for who reads it */

static enum log_level wanted = LOG_INFO;
static bool as_json;
static pthread_mutex_t write_mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t lost; /* lines that nobody took; under write_mutex */

struct line {
	char bytes[LOG_LINE_BYTES];
	size_t length, room;
	bool full;
};

static const char *const level_names[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug",
};

void log_setup(enum log_level level, bool json)
{
	wanted = level;
	as_json = json;
}

bool log_wants(enum log_level level)
{
	return level <= wanted;
}

static void add(struct line *line, const char *bytes, size_t length)
{
	if (line->full || length > line->room - line->length) {
		line->full = true;
		return;
	}
	memcpy(line->bytes + line->length, bytes, length);
	line->length += length;
}

static void add_text(struct line *line, const char *text)
{
	add(line, text, strlen(text));
}

/* \u and four digits; above U+FFFF the two halves that JSON wants. */
static void add_escaped(struct line *line, uint32_t character)
{
	char text[13];

	if (character > 0xffff) {
		uint32_t above = character - 0x10000;
		uint32_t high = 0xd800 + (above >> 10 & 0x3ff), low = 0xdc00 + (above & 0x3ff);
		snprintf(text, sizeof(text), "\\u%04" PRIx32 "\\u%04" PRIx32, high, low);
	} else {
		snprintf(text, sizeof(text), "\\u%04" PRIx32, character);
	}
	add_text(line, text);
}

/*
 * Between quotes, in both formats the same. What ends a line, moves a terminal's cursor or turns the direction of
 * writing is escaped; a byte that is no UTF-8 is shown as U+FFFD.
 */
static void add_quoted(struct line *line, const char *value)
{
	size_t left = strlen(value), most = left < LOG_VALUE_BYTES ? left : LOG_VALUE_BYTES, taken;
	const char *end = value + most;

	add_text(line, "\"");
	for (; value < end; value += taken, left -= taken) {
		uint32_t character = 0;
		if (!(taken = text_next(value, left, &character))) {
			taken = 1;
			add_escaped(line, 0xfffd);
		} else if (text_is_control(character)) {
			add_escaped(line, character);
		} else {
			if (character == '"' || character == '\\')
				add_text(line, "\\");
			add(line, value, taken);
		}
	}
	add_text(line, left ? "\\u2026\"" : "\""); /* an ellipsis: it went on */
}

/* Text that needs no quotes in a line for people: no space, quote, equals sign or escape in it. */
static bool is_plain(const char *value)
{
	size_t length = strlen(value);

	if (!length || length > LOG_VALUE_BYTES)
		return false;
	for (; *value; value++)
		if (*value <= ' ' || *value >= 0x7f || strchr("\"\\=", *value))
			return false;
	return true;
}

static void add_value(struct line *line, const char *value)
{
	if (as_json || !is_plain(value))
		add_quoted(line, value);
	else
		add_text(line, value);
}

static void add_number(struct line *line, int64_t number)
{
	char text[21];

	snprintf(text, sizeof(text), "%" PRId64, number);
	add_text(line, text);
}

/* Whole or not at all, so that a line that is too long is still well-formed. */
static void add_field(struct line *line, const struct log_field *field)
{
	size_t before = line->length;

	if (line->full)
		return;
	add_text(line, as_json ? "," : " ");
	add_value(line, field->name);
	add_text(line, as_json ? ":" : "=");
	if (field->text)
		add_value(line, field->text);
	else
		add_number(line, field->number);
	if (line->full)
		line->length = before;
}

static void open_line(struct line *line, enum log_level level, const char *event)
{
	char time[TIME_TEXT];

	time_text(clock_shown_s(), time);
	add_text(line, as_json ? "{\"time\":\"" : "");
	add_text(line, time);
	add_text(line, as_json ? "\",\"level\":\"" : " ");
	add_text(line, level_names[level]);
	add_text(line, as_json ? "\",\"event\":" : " ");
	add_value(line, event);
}

static void close_line(struct line *line)
{
	bool cut = line->full;

	line->full = false;
	line->room = sizeof(line->bytes);
	if (cut)
		add_text(line, as_json ? ",\"cut\":true" : " cut=true");
	add_text(line, as_json ? "}\n" : "\n");
}

static void make_line(struct line *line, enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
	line->length = 0;
	line->room = sizeof(line->bytes) - LOG_TAIL_BYTES;
	line->full = false;
	open_line(line, level, event);
	for (size_t i = 0; i < count; i++)
		add_field(line, &fields[i]);
	close_line(line);
}

/* Who has let one go by is not waited for until they read again. */
static bool put(const struct line *line)
{
	return outlet_put(STDERR_FILENO, line->bytes, line->length, lost ? 0 : LOG_WAIT_MS);
}

/* By one thread at a time, so that what was lost is told where it would have stood. */
static void put_in_turn(const struct line *line)
{
	struct line about;

	pthread_mutex_lock(&write_mutex);
	if (lost) {
		make_line(&about, LOG_WARN, "log_lines_lost", LOG_FIELDS(LOG_INT("count", (int64_t)lost)));
		if (put(&about))
			lost = 0;
	}
	if (lost || !put(line))
		lost++;
	pthread_mutex_unlock(&write_mutex);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
	struct line line;
	int before = errno;

	if (!log_wants(level))
		return;
	make_line(&line, level, event, fields, count);
	put_in_turn(&line);
	errno = before;
}
