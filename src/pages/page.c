#include "pages/page.h"

#include "accounts/caller.h"
#include "accounts/hashes.h"
#include "base/clock.h"
#include "http/duration.h"
#include "pages/template.h"
#include "base/banned.h"

#define PLACE_BYTES_MAX 500 /* fits a cookie (COOKIE_VALUE_BYTES) */

/* No script or style but our files; forms go to us alone; no other site may frame us. */
static const char policy[] =
	"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

static const char *asked_for(struct call *call)
{
	const struct view *target = &call->request->target;
	const char *place = call->request->method & (GET | HEAD) ? arena_copy(call->arena, target->bytes, target->length) : NULL;

	return page_is_local(place) ? place : "/";
}

static int64_t retry_after(const struct call *call, enum err err)
{
	if (call->retry_after_s > 0)
		return call->retry_after_s;
	return err == ERR_BUSY ? HASH_RETRY_AFTER_S : 1;
}

static const char *sentence(struct call *call, enum err err, enum msg msg)
{
	SCOPED(buf_done) struct buf text = { 0 };
	SCOPED(buf_done) struct buf wait = { 0 };
	SCOPED(buf_done) struct buf off = { 0 };
	char min[TEMPLATE_NUMBER];

	duration_fill(&wait, call->locale, retry_after(call, err));
	duration_fill(&off, call->locale, call->clock_off_s);
	const struct lang_arg args[] = {
		{ "field", call->wrong ? call->wrong : "?" },
		{ "min", template_number(min, call->settings->password_min) },
		{ "wait", buf_string(&wait) },
		{ "off", buf_string(&off) },
	};
	lang_fill(&text, call->locale, msg, args, COUNT(args));
	return arena_text(call->arena, buf_string(&text));
}

const char *page_sentence(struct call *call, enum err err)
{
	return sentence(call, err, err_message(err));
}

/* The same inside a form, where ERR_INVALID is a field that was left empty (page_needs). */
static const char *form_sentence(struct call *call, enum err err)
{
	return sentence(call, err, err == ERR_INVALID ? MSG_FIELD_MISSING : err_message(err));
}

const struct part_frame *page_frame(struct call *call, const char *here, enum err err)
{
	struct part_frame *frame = arena_alloc(call->arena, sizeof(*frame));
	bool korean = call->locale == LOCALE_KO;

	if (!frame)
		return NULL;
	frame->product = call->settings->name;
	frame->person = call->caller ? call->caller->account.name : NULL;
	frame->email = call->caller ? call->caller->account.email : NULL;
	frame->here = here ? here : asked_for(call);
	frame->other_tag = locale_tag(korean ? LOCALE_EN : LOCALE_KO);
	frame->other_name = korean ? "English" : "한국어";
	frame->notice = notice_take(call, &frame->notice_warns);
	if (err) {
		frame->problem = form_sentence(call, err);
		frame->problem_at = call->wrong;
	}
	return frame;
}

const char *page_field(struct call *call, enum err err, const char *field)
{
	return err && call->wrong && !strcmp(call->wrong, field) ? form_sentence(call, err) : NULL;
}

enum err page_needs(struct call *call, const char *field, const char *value)
{
	if (value && *value)
		return OK;
	call->wrong = field;
	return ERR_INVALID;
}

bool page_cannot_tell(enum err err)
{
	return err && err_status(err) == 503 && err != ERR_BUSY;
}

void page_retry_after(struct call *call, enum err err)
{
	char seconds[TEMPLATE_NUMBER];

	if (err == ERR_TOO_MANY || err == ERR_BUSY)
		answer_header(call->out, "Retry-After", template_number(seconds, retry_after(call, err)));
}

enum err page_sent(struct call *call, enum err err)
{
	call->out->status = err_status(err);
	call->out->content_type = "text/html; charset=utf-8";
	call->out->csp = policy;
	page_retry_after(call, err);
	return buf_check(&call->out->body);
}

enum err page_to(struct call *call, const char *place)
{
	answer_redirect(call->out, 303, place);
	return OK;
}

enum err page_to_with(struct call *call, const char *place, enum notice notice)
{
	notice_set(call, notice, 0);
	return page_to(call, place);
}

bool page_is_local(const char *place)
{
	size_t length = place ? strlen(place) : 0;

	if (!length || length > PLACE_BYTES_MAX || place[0] != '/' || place[1] == '/')
		return false;
	for (const char *p = place; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("\"\\,;<>", *p))
			return false;
	return true;
}

static char *time_copy(struct call *call, int64_t at_s)
{
	char text[TIME_TEXT];

	return at_s > 0 ? arena_text(call->arena, time_text(at_s, text)) : NULL;
}

const char *page_time(struct call *call, int64_t at_s)
{
	return time_copy(call, at_s);
}

const char *page_day_and_time(struct call *call, int64_t at_s)
{
	const char *text = time_copy(call, at_s);

	return text ? arena_printf(call->arena, "%.10s %.5s UTC", text, text + 11) : NULL;
}

const char *page_clock(struct call *call, int64_t at_s)
{
	const char *text = time_copy(call, at_s);

	return text ? arena_printf(call->arena, "%.5s UTC", text + 11) : NULL;
}
