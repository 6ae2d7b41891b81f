/*
 * log: lines on standard error for an operator, as text or JSON, one write each.
 *
 *   log_info("request", LOG_TEXT("id", id), LOG_INT("status", 200));
 *
 * text:  2026-11-25T01:25:47Z info request id=Xk3… status=200
 * json:  {"time":"…","level":"info","event":"request","id":"Xk3…","status":200}
 * Values are escaped, so that nobody can forge a line. Never a secret, code, token, cookie or query string.
 * Where nobody reads standard error, lines are lost rather than waited with; the next one that is read says how many.
 */
#ifndef TWOSTEP_BASE_LOG_H
#define TWOSTEP_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* LOG_NOTHING is for log_setup alone: until a start has succeeded, it ends with one line that is not the log's. */
enum log_level { LOG_NOTHING = -1, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_field {
	const char *name;
	const char *text; /* NULL: the number counts */
	int64_t number;
};

static inline struct log_field log_field_text(const char *name, const char *value)
{
	return (struct log_field){ name, value ? value : "-", 0 };
}

#define LOG_TEXT(field, value) log_field_text((field), (value))
#define LOG_INT(field, value)  ((struct log_field){ (field), NULL, (value) })

void log_setup(enum log_level level, bool json);
bool log_wants(enum log_level level);
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count);

#define LOG_FIELDS(...) (const struct log_field[]){ __VA_ARGS__ }, sizeof((struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field)

#define log_error(event, ...) log_write(LOG_ERROR, event, LOG_FIELDS(__VA_ARGS__))
#define log_warn(event, ...)  log_write(LOG_WARN, event, LOG_FIELDS(__VA_ARGS__))
#define log_info(event, ...)  log_write(LOG_INFO, event, LOG_FIELDS(__VA_ARGS__))
#define log_debug(event, ...) log_write(LOG_DEBUG, event, LOG_FIELDS(__VA_ARGS__))

#endif
