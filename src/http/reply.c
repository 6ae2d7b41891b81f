#include "http/reply.h"

#include <stdio.h>
#include <time.h>

#include "base/base.h"

#include "base/banned.h"

#define DEFAULT_CSP "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
};

const char *reply_reason(int status)
{
	for (size_t i = 0; i < COUNT(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "";
}

const char *date_text(int64_t at_s, char out[static DATE_TEXT])
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t at = at_s;
	struct tm tm = { 0 };

	if (!gmtime_r(&at, &tm) || tm.tm_year > 9999 - 1900 || tm.tm_year < -1900)
		return memcpy(out, "Thu, 01 Jan 1970 00:00:00 GMT", DATE_TEXT);
	snprintf(out, DATE_TEXT, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", days + 3 * tm.tm_wday, (unsigned)tm.tm_mday % 100,
	         months + 3 * tm.tm_mon, (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
	         (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
	return out;
}

#define ADD(out, literal) buf_add(out, literal, sizeof(literal) - 1)

static void add_number(struct buf *out, size_t value)
{
	char text[20];
	size_t at = sizeof(text);

	do
		text[--at] = (char)('0' + value % 10);
	while (value /= 10);
	buf_add(out, text + at, sizeof(text) - at);
}

static void add_line(struct buf *out, const char *name, const char *value)
{
	buf_text(out, name);
	buf_text(out, value);
	ADD(out, "\r\n");
}

static bool failed(const struct answer *answer)
{
	return answer->head.failed || answer->body.failed;
}

/* RFC 9110 section 8.6: no length where there can be no content. */
static bool has_length(int status)
{
	return status >= 200 && status != 204 && status != 304;
}

int reply_status(const struct answer *answer)
{
	if (failed(answer))
		return 503;
	return answer->status ? answer->status : 200;
}

bool reply_has_body(const struct answer *answer)
{
	return !failed(answer) && answer->content_type && has_length(reply_status(answer));
}

static void add_status(struct buf *out, int status)
{
	ADD(out, "HTTP/1.1 ");
	add_number(out, (size_t)status);
	add_line(out, " ", reply_reason(status));
}

/* What is the same in each answer. */
static void add_common(struct buf *out, const struct reply *reply)
{
	ADD(out, "X-Content-Type-Options: nosniff\r\n"
	         "Referrer-Policy: same-origin\r\n"
	         "Cross-Origin-Opener-Policy: same-origin\r\n"
	         "Cross-Origin-Resource-Policy: same-origin\r\n"
	         "Date: ");
	buf_add(out, reply->date, DATE_TEXT - 1);
	add_line(out, "\r\nX-Request-Id: ", reply->id);
	if (reply->https)
		ADD(out, "Strict-Transport-Security: max-age=31536000\r\n");
	if (!reply->keep_alive)
		ADD(out, "Connection: close\r\n");
}

static void add_cache(struct buf *out, const struct answer *answer)
{
	if (answer->cacheable)
		ADD(out, "Cache-Control: public, max-age=31536000, immutable\r\n");
	else
		ADD(out, "Cache-Control: no-store\r\n");
}

void reply_head(struct buf *out, const struct answer *answer, const struct reply *reply)
{
	static const struct answer unavailable = { .status = 503 };
	const struct answer *sent = failed(answer) ? &unavailable : answer;
	int status = reply_status(sent);

	add_status(out, status);
	add_common(out, reply);
	add_line(out, "Content-Security-Policy: ", sent->csp ? sent->csp : DEFAULT_CSP);
	add_cache(out, sent);
	if (reply_has_body(sent))
		add_line(out, "Content-Type: ", sent->content_type);
	if (reply_has_body(sent) && sent->stream) {
		if (reply->chunked)
			ADD(out, "Transfer-Encoding: chunked\r\n");
	} else if (has_length(status)) {
		ADD(out, "Content-Length: ");
		add_number(out, reply_has_body(sent) ? sent->body.length : 0);
		ADD(out, "\r\n");
	}
	buf_add(out, buf_string(&sent->head), sent->head.length);
	ADD(out, "\r\n");
}

void reply_problem(struct answer *out, enum locale locale, enum err err)
{
	out->status = err_status(err);
	json_open(out, NULL);
	json_text(out, "type", "about:blank"); /* the title is that of the status: RFC 9457 section 4.2.1 */
	json_text(out, "title", reply_reason(out->status));
	json_int(out, "status", out->status);
	json_text(out, "detail", lang_text(locale, err_message(err)));
	json_text(out, "code", err_word(err));
	json_close(out);
	out->content_type = "application/problem+json";
	if (err == ERR_BUSY)
		answer_header(out, "Retry-After", "1");
}
