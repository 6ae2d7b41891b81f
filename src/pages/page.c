#include "pages/page.h"

#include <stdlib.h>

#include "accounts/caller.h"
#include "accounts/hashes.h"
#include "base/clock.h"
#include "http/duration.h"
#include "pages/organization.h"
#include "pages/template.h"
#include "sign_in/way_back.h"
#include "base/banned.h"

#define ITEM_BYTES_MAX  200  /* of what is said of it */
#define PLACE_BYTES_MAX 3400 /* fits a cookie (COOKIE_VALUE_BYTES) */

/* No script or style but our files; forms go to us alone; no other site may frame us. */
#define POLICY(form_action) \
	"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'" form_action "; base-uri 'none'; " \
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

/* The application that a form of this page may lead to in the end: Chromium looks at each redirect that follows one. */
static const char *origin_ahead(struct call *call)
{
	static const char begins[] = CONTINUE_PATH "?to=";
	const char *place = query_value(call, "to");
	struct way_back way;

	if (!page_is_local(place))
		place = cookie_get(call, COOKIE_RETURN);
	if (!place || strncmp(place, begins, sizeof(begins) - 1) != 0 || way_back_open(call, place + sizeof(begins) - 1, &way))
		return NULL;
	return way_back_origin(call->arena, &way);
}

static const char *policy_of(struct call *call)
{
	const char *origin = origin_ahead(call);
	const char *policy = origin ? arena_printf(call->arena, POLICY(" %s"), origin) : NULL;

	return policy ? policy : POLICY("");
}

static const char *asked_for(struct call *call, enum err err)
{
	const struct view *target = &call->request->target;
	bool shown = err || call->request->method & (GET | HEAD);
	const char *place = shown ? arena_copy(call->arena, target->bytes, target->length) : NULL;

	return page_is_local(place) ? place : "/";
}

static int64_t retry_after(const struct call *call, enum err err)
{
	if (call->held_off.for_s > 0)
		return call->held_off.for_s;
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
		{ "product", call->settings->name },
		{ "min", template_number(min, call->settings->password_min) },
		{ "wait", buf_string(&wait) },
		{ "off", buf_string(&off) },
		{ "email", call->caller ? call->caller->account.email : "?" },
	};
	lang_fill(&text, call->locale, msg, args, COUNT(args));
	return arena_buf(call->arena, &text);
}

const char *page_sentence(struct call *call, enum err err)
{
	return sentence(call, err, err_message(err));
}

/* What some fields say in words of their own. */
static const struct {
	enum err err;
	const char *field;
	enum msg msg;
} sentences[] = {
	{ ERR_NAME, "typed", MSG_SETTINGS_DELETE_WRONG },
	{ ERR_CODE_INVALID, "invitation", MSG_SIGNUP_INVITATION_WRONG },
	{ ERR_CODE_INVALID, "code.invitation", MSG_ACCEPT_WRONG },
	{ ERR_INVALID, "role", MSG_MEMBER_ROLE_WRONG },
	{ ERR_INVALID, "hosts", MSG_SERVICE_HOSTS_WRONG },
	{ ERR_INVALID, "rules", MSG_SERVICE_RULES_WRONG },
	{ ERR_INVALID, "rules.path", MSG_SERVICE_RULES_PATH_WRONG },
	{ ERR_INVALID, "rules.methods", MSG_SERVICE_RULES_METHODS_WRONG },
	{ ERR_INVALID, "rules.second_step_max_age_s", MSG_SERVICE_RULES_AGE_WRONG },
	{ ERR_INVALID, "method", MSG_SERVICE_TEST_METHOD_WRONG },
	{ ERR_INVALID, "path", MSG_SERVICE_TEST_PATH_WRONG },
	{ ERR_INVALID, "emails", MSG_INVITE_EMAILS_WRONG },
	{ ERR_INVALID, "emails.refused", MSG_INVITE_REFUSED },
	{ ERR_INVALID, "grace_days", MSG_SECURITY_GRACE_WRONG },
	{ ERR_INVALID, "idle_minutes", MSG_SECURITY_IDLE_WRONG },
	{ ERR_INVALID, "csv_minutes", MSG_SECURITY_CSV_AGE_WRONG },
	{ ERR_INVALID, "services", MSG_MEMBER_SERVICES_WRONG },
	{ ERR_INVALID, "reason", MSG_STEP_RESET_REASON_WRONG },
	{ ERR_INVALID, "from", MSG_AUDIT_DAY_WRONG },
	{ ERR_INVALID, "to", MSG_AUDIT_DAY_WRONG },
	{ ERR_INVALID, "to.earlier", MSG_AUDIT_DAYS_WRONG },
};

/* Inside a form ERR_INVALID is a field that was left empty (page_needs), where it has no words of its own. */
static enum msg form_message(const struct call *call, enum err err)
{
	for (size_t i = 0; i < COUNT(sentences) && call->wrong; i++)
		if (sentences[i].err == err && !strcmp(sentences[i].field, call->wrong))
			return sentences[i].msg;
	return err == ERR_INVALID ? MSG_FIELD_MISSING : err_message(err);
}

/* The same, and which of a list it is about. */
static const char *form_sentence(struct call *call, enum err err)
{
	const char *text = sentence(call, err, form_message(call, err)), *item = call->wrong_item;
	size_t length = item ? strlen(item) : 0;
	bool cut = length > ITEM_BYTES_MAX;

	if (!item || !text)
		return text;
	length = cut ? ITEM_BYTES_MAX : length;
	while (cut && length && ((unsigned char)item[length] & 0xC0) == 0x80)
		length--;
	return arena_printf(call->arena, "%.*s%s: %s", (int)length, item, cut ? "…" : "", text);
}

const struct part_frame *page_frame(struct call *call, const char *here, enum err err)
{
	struct part_frame *frame = arena_alloc(call->arena, sizeof(*frame));
	bool korean = call->locale == LOCALE_KO;
	struct notice_kind kind = { .at = NULL };
	const char *notice;

	if (!frame)
		return NULL;
	frame->product = call->settings->name;
	frame->account = call->caller ? page_id(call, &call->caller->account.id) : NULL;
	frame->person = call->caller ? call->caller->account.name : NULL;
	frame->email = call->caller ? call->caller->account.email : NULL;
	frame->here = here ? here : asked_for(call, err);
	frame->now = page_time(call, call->now_s);
	frame->other_tag = locale_tag(korean ? LOCALE_EN : LOCALE_KO);
	frame->other_name = korean ? "English" : "한국어";
	notice = notice_take(call, &kind);
	*(kind.failed ? &frame->problem : &frame->notice) = notice;
	frame->notice_warns = kind.warns;
	frame->notice_at = kind.at;
	organization_frame(call, frame);
	if (err) {
		frame->problem = form_sentence(call, err);
		frame->problem_at = call->wrong ? arena_copy(call->arena, call->wrong, strcspn(call->wrong, ".")) : NULL;
	}
	return frame;
}

const char *page_field(struct call *call, enum err err, const char *field)
{
	return err && call->wrong && !strcmp(call->wrong, field) ? form_sentence(call, err) : NULL;
}

/* The form has the field, and nothing in it. */
static bool left_empty(struct call *call, const char *field)
{
	const char *value = call->request->method == POST ? form_value(call, field) : NULL;

	return value && !*value;
}

const char *page_field_needed(struct call *call, enum err err, const char *field)
{
	const char *told = page_field(call, err, field), *wrong = call->wrong;

	if (told || !err || !left_empty(call, field))
		return told;
	call->wrong = field;
	told = form_sentence(call, ERR_INVALID);
	call->wrong = wrong;
	return told;
}

void page_blame_first(struct call *call, enum err err, const char *const *fields)
{
	for (; err == ERR_INVALID && *fields; fields++)
		if (left_empty(call, *fields)) {
			call->wrong = *fields;
			return;
		}
}

enum err page_needs(struct call *call, const char *field, const char *value)
{
	if (value && *value)
		return OK;
	call->wrong = field;
	return ERR_INVALID;
}

enum err page_number(struct call *call, const char *field, const char *text, int64_t most, struct number *out)
{
	size_t digits;

	if (!text || !*(text += strspn(text, " ")))
		return OK;
	digits = strspn(text, "0123456789");
	if (!digits || digits > 9 || text[digits + strspn(text + digits, " ")] || strtoll(text, NULL, 10) > most) {
		call->wrong = field;
		return ERR_INVALID;
	}
	*out = (struct number){ true, strtoll(text, NULL, 10) };
	return OK;
}

bool page_cannot_tell(enum err err)
{
	return err && err_status(err) == 503 && err != ERR_BUSY;
}

bool page_refuses(enum err err)
{
	static const enum err elsewhere[] = { ERR_NOT_SIGNED_IN, ERR_SETUP_REQUIRED, ERR_NEEDS_PASSWORD, ERR_NEEDS_SECOND_STEP,
		ERR_NOT_FOUND, ERR_FORBIDDEN };

	for (size_t i = 0; i < COUNT(elsewhere); i++)
		if (err == elsewhere[i])
			return true;
	return page_cannot_tell(err);
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
	call->out->csp = policy_of(call);
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

const char *page_browser(struct call *call, const char *browser)
{
	SCOPED(buf_done) struct buf text = { 0 };

	browser_say(&text, call->locale, browser);
	return arena_buf(call->arena, &text);
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

/* As it is where it has nothing that a shell reads as more than a letter, else in quotes. */
static void shell_word(struct buf *out, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@._+-:";

	if (!word[strspn(word, plain)]) {
		buf_text(out, word);
		return;
	}
	buf_char(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_text(out, "'\\'");
		buf_char(out, *word);
	}
	buf_char(out, '\'');
}

const char *page_command(struct call *call, const char *command, const char *const *words, size_t count)
{
	SCOPED(buf_done) struct buf text = { 0 };
	bool dash = false;

	for (size_t i = 0; i < count; i++)
		dash = dash || words[i][0] == '-';
	buf_text(&text, command);
	buf_text(&text, dash ? " --" : "");
	for (size_t i = 0; i < count; i++) {
		buf_char(&text, ' ');
		shell_word(&text, words[i]);
	}
	return arena_buf(call->arena, &text);
}
