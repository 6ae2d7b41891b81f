/*
 * problem: errors as RFC 9457 says them. `code` is the contract's stable word; the rest is for people.
 */
#include <ctype.h>
#include <stdio.h>

#include "accounts/hashes.h"
#include "api/routes.h"
#include "http/duration.h"
#include "base/banned.h"

#define PROBLEMS_PATH "/api/v1/problems/"
#define TITLE_BYTES   64

struct title {
	char text[TITLE_BYTES];
};

/* "weak_password" is "Weak password": one title a code, in English, whoever asks. */
static struct title title_of(const char *code)
{
	struct title title = { "" };

	for (size_t i = 0; code[i] && i + 1 < sizeof(title.text); i++)
		title.text[i] = code[i] == '_' ? ' ' : code[i];
	title.text[0] = (char)toupper((unsigned char)title.text[0]);
	return title;
}

static int64_t retry_after(const struct call *call, enum err err)
{
	if (call->held_off.for_s > 0)
		return call->held_off.for_s;
	return err == ERR_BUSY ? HASH_RETRY_AFTER_S : 1;
}

/* What the sentences of error.* may ask for; each is filled for each error, for none of it costs anything. */
static void json_detail(struct call *call, enum err err)
{
	SCOPED(buf_done) struct buf detail = { 0 };
	SCOPED(buf_done) struct buf min = { 0 };
	SCOPED(buf_done) struct buf wait = { 0 };
	SCOPED(buf_done) struct buf off = { 0 };

	buf_int(&min, call->settings->password_min);
	duration_fill(&wait, call->locale, retry_after(call, err));
	duration_fill(&off, call->locale, call->clock_off_s);

	const struct lang_arg args[] = {
		{ "field", call->wrong ? call->wrong : "?" },
		{ "product", call->settings->name },
		{ "min", buf_string(&min) },
		{ "wait", buf_string(&wait) },
		{ "off", buf_string(&off) },
	};
	lang_fill(&detail, call->locale, err_message(err), args, COUNT(args));
	call->out->body.failed = call->out->body.failed || detail.failed || min.failed || wait.failed || off.failed;
	json_text(call->out, "detail", buf_string(&detail));
}

/* Members beyond those of RFC 9457 and `code`: what a program needs to go on. */
static void json_extras(struct call *call, enum err err)
{
	if (call->wrong)
		json_text(call->out, "field", call->wrong);
	if (err == ERR_NEEDS_PASSWORD)
		json_text(call->out, "needs", "password");
	if (err == ERR_NEEDS_SECOND_STEP)
		json_text(call->out, "needs", "second_step");
	if (err == ERR_CODE_CLOCK)
		json_int(call->out, "clock_off_s", call->clock_off_s);
}

/* RFC 9110: a 401 names a way in (section 11.6.1); 429 and a full queue say when to come back (section 10.2.3). */
static void headers(struct call *call, enum err err)
{
	char seconds[24];

	if (err_status(err) == 401)
		answer_header(call->out, "WWW-Authenticate", "Bearer");
	if (err == ERR_TOO_MANY || err == ERR_BUSY) {
		snprintf(seconds, sizeof(seconds), "%" PRId64, retry_after(call, err));
		answer_header(call->out, "Retry-After", seconds);
	}
}

static void json_type(struct call *call, const char *code)
{
	SCOPED(buf_done) struct buf type = { 0 };

	buf_text(&type, call->settings->public_url);
	buf_text(&type, PROBLEMS_PATH);
	buf_text(&type, code);
	call->out->body.failed = call->out->body.failed || type.failed;
	json_text(call->out, "type", buf_string(&type));
}

void problem_write(struct call *call, enum err err)
{
	const char *code = err_word(err);

	call->out->status = err_status(err);
	headers(call, err);
	json_open(call->out, NULL);
	json_type(call, code);
	json_text(call->out, "title", title_of(code).text);
	json_int(call->out, "status", err_status(err));
	json_detail(call, err);
	json_text(call->out, "code", code);
	json_extras(call, err);
	json_close(call->out);
	call->out->content_type = "application/problem+json";
}

/* The first error of the list with this code, and this status where it is not 0; ERR_COUNT: none. */
static enum err first_of(const char *code, int status)
{
	enum err err = OK + 1;

	while (err < ERR_COUNT && (strcmp(err_word(err), code) || (status && err_status(err) != status)))
		err++;
	return err;
}

/* The statuses that come with a code, each once: invalid_code is 422 while setting up and 401 while signing in. */
static void json_statuses(struct answer *out, const char *code)
{
	json_list(out, "statuses");
	for (enum err err = OK + 1; err < ERR_COUNT; err++)
		if (!strcmp(err_word(err), code) && first_of(code, err_status(err)) == err)
			json_int(out, NULL, err_status(err));
	json_list_close(out);
}

/* What the `type` of a problem leads to (RFC 9457, section 3.1.1). */
static enum err describe(struct call *call)
{
	const char *code = call->segment[0];

	if (first_of(code, 0) == ERR_COUNT)
		return ERR_NOT_FOUND;

	json_open(call->out, NULL);
	json_text(call->out, "code", code);
	json_text(call->out, "title", title_of(code).text);
	json_statuses(call->out, code);
	json_close(call->out);
	return OK;
}

const struct route problem_routes[] = {
	{ GET, "/api/v1/problems/{code}", ACCESS_ANYBODY, FRESH_NOT, NULL, describe },
	ROUTES_END
};
