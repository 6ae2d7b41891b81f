#include "pages/event_words.h"

#include <stdlib.h>

#include "http/duration.h"
#include "pages/organization.h"
#include "base/banned.h"

/* What is kept as one word of ours. */
static const struct {
	const char *kept;
	enum msg msg;
} words[] = {
	{ "pwd", MSG_LOGGED_PWD },
	{ "otp", MSG_LOGGED_OTP },
	{ "recovery", MSG_LOGGED_RECOVERY },
	{ "remembered_device", MSG_LOGGED_REMEMBERED_DEVICE },
	{ "owner", MSG_ROLE_OWNER },
	{ "manager", MSG_ROLE_MANAGER },
	{ "member", MSG_ROLE_MEMBER },
	{ "off", MSG_SECURITY_CSV_OFF },
	{ "managers", MSG_SECURITY_CSV_MANAGERS },
	{ "second_step", MSG_SECURITY_CSV_FRESH },
	{ "account closed", MSG_LOGGED_ACCOUNT_CLOSED },
	{ "given to another organization", MSG_LOGGED_GIVEN_AWAY },
};

static const char *word(enum locale locale, const char *kept)
{
	for (size_t i = 0; i < COUNT(words); i++)
		if (!strcmp(words[i].kept, kept))
			return lang_text(locale, words[i].msg);
	return kept;
}

/* Ends the text before the mark; what stands behind it, or NULL where the mark is not there. */
static char *cut(char *text, const char *mark)
{
	char *found = strstr(text, mark);

	if (!found)
		return NULL;
	*found = '\0';
	return found + strlen(mark);
}

static char *last(char *text, const char *mark)
{
	char *found = NULL;

	for (char *next = text; (next = strstr(next, mark)); next++)
		found = next;
	return found;
}

/* How each kind of value is said. They may change the text that they are given. */
typedef void value_writer(struct buf *out, enum locale locale, char *value);

static void as_it_is(struct buf *out, enum locale locale, char *value)
{
	(void)locale;
	buf_text(out, value);
}

/* "pwd,otp" */
static void in_words(struct buf *out, enum locale locale, char *value)
{
	for (char *next; value; value = next) {
		next = cut(value, ",");
		buf_text(out, word(locale, value));
		buf_text(out, next ? ", " : "");
	}
}

/* "member", or a role on a service, "Board: viewer": its name may hold anything, also words of ours. */
static void as_role(struct buf *out, enum locale locale, char *value)
{
	char *mark = last(value, ": "), *rest = mark ? mark + 2 : value;
	enum role role;
	enum service_role service_role;

	buf_add(out, value, (size_t)(rest - value));
	if (!mark && !role_read(rest, &role))
		buf_text(out, lang_text(locale, role_word(role)));
	else if (mark && !service_role_read(rest, &service_role))
		buf_text(out, lang_text(locale, service_role_word(service_role)));
	else
		buf_text(out, rest);
}

static void as_duration(struct buf *out, enum locale locale, char *value)
{
	duration_fill(out, locale, strtoll(value, NULL, 10));
}

/* "managers, second step at most 900 s old": the age counts for the mode that asks for it. */
static void as_download(struct buf *out, enum locale locale, char *value)
{
	char *age = cut(value, ", second step at most ");

	buf_text(out, word(locale, value));
	if (!age || strcmp(value, "second_step"))
		return;
	buf_text(out, ", ");
	as_duration(out, locale, age);
}

static void or_none(struct buf *out, enum locale locale, char *value)
{
	buf_text(out, strcmp(value, "none") ? value : lang_text(locale, MSG_LOGGED_NONE));
}

/* "GET,POST /export/x 300 s, /admin 60 s": a path holds no blank. */
static void as_rules(struct buf *out, enum locale locale, char *value)
{
	for (char *next; value; value = next) {
		next = cut(value, ", ");
		char *unit = last(value, " s"), *age = unit ? (*unit = '\0', last(value, " ")) : NULL;

		if (!age) {
			or_none(out, locale, value);
		} else {
			buf_add(out, value, (size_t)(age + 1 - value));
			as_duration(out, locale, age);
		}
		buf_text(out, next ? ", " : "");
	}
}

/* "2026-11-25T01:25:47Z" */
static void as_moment(struct buf *out, enum locale locale, char *value)
{
	char *clock = cut(value, "T");

	(void)locale;
	buf_text(out, value);
	if (clock)
		buf_printf(out, " %.5s UTC", clock);
}

/* What the events keep, in parts between semicolons; what is not here is a person's own text: a name, a reason. */
#define ALONE MSG_COUNT /* the value says it */
static const struct phrase {
	enum audit_action action;
	const char *begins, *ends; /* around the value */
	value_writer *write;
	enum msg msg;
} phrases[] = {
	{ AUDIT_SIGNED_IN, "", "", in_words, ALONE },
	{ AUDIT_INVITED, "", "", in_words, ALONE },
	{ AUDIT_MEMBER_JOINED, "", "", in_words, ALONE },
	{ AUDIT_MEMBER_REMOVED, "", "", in_words, ALONE },
	{ AUDIT_MEMBER_LEFT, "", "", in_words, ALONE },
	{ AUDIT_MEMBER_CHANGED, "", "", as_role, ALONE },
	{ AUDIT_SERVICE_CREATED, "hosts: ", "", or_none, MSG_LOGGED_HOSTS },
	{ AUDIT_SERVICE_CREATED, "rules: ", "", as_rules, MSG_LOGGED_RULES },
	{ AUDIT_SERVICE_CREATED, "assertion", "", as_it_is, MSG_LOGGED_ASSERTION },
	{ AUDIT_SERVICE_CHANGED, "hosts: ", "", or_none, MSG_LOGGED_HOSTS },
	{ AUDIT_SERVICE_CHANGED, "rules: ", "", as_rules, MSG_LOGGED_RULES },
	{ AUDIT_SERVICE_CHANGED, "assertion", "", as_it_is, MSG_LOGGED_ASSERTION },
	{ AUDIT_HOST_FORBIDDEN, "", "", in_words, ALONE },
	{ AUDIT_TWO_STEP_DEMANDED, "grace ", " days", as_it_is, MSG_LOGGED_GRACE },
	{ AUDIT_TWO_STEP_DEMANDED, "grace ", " days, was in force", as_it_is, MSG_LOGGED_SUSPENDED },
	{ AUDIT_SECURITY_CHANGED, "csv ", " s old", as_download, MSG_LOGGED_CSV },
	{ AUDIT_SECURITY_CHANGED, "sessions idle ", " s", as_duration, MSG_LOGGED_IDLE },
	{ AUDIT_RESTORED, "of ", "", as_moment, MSG_LOGGED_BACKUP },
};

static bool fits(const struct phrase *phrase, enum audit_action action, const char *part)
{
	size_t begins = strlen(phrase->begins), ends = strlen(phrase->ends), length = strlen(part);

	return phrase->action == action && length >= begins + ends && !strncmp(part, phrase->begins, begins) &&
	       !strcmp(part + length - ends, phrase->ends);
}

static void say(struct buf *out, enum locale locale, const struct phrase *phrase, char *part)
{
	SCOPED(buf_done) struct buf value = { 0 };

	part[strlen(part) - strlen(phrase->ends)] = '\0';
	phrase->write(phrase->msg == ALONE ? out : &value, locale, part + strlen(phrase->begins));
	if (phrase->msg == ALONE)
		return;
	const struct lang_arg args[] = { { "value", buf_string(&value) } };
	lang_fill(out, locale, phrase->msg, args, COUNT(args));
	out->failed = out->failed || value.failed;
}

static void say_part(struct buf *out, enum locale locale, enum audit_action action, char *part)
{
	for (size_t i = 0; i < COUNT(phrases); i++)
		if (fits(&phrases[i], action, part)) {
			say(out, locale, &phrases[i], part);
			return;
		}
	buf_text(out, part);
}

const char *event_words(struct call *call, enum audit_action action, const char *details)
{
	SCOPED(buf_done) struct buf out = { 0 };
	char *part = arena_text(call->arena, details);

	if (!part)
		return NULL;
	for (char *next; part; part = next) {
		next = cut(part, "; ");
		say_part(&out, call->locale, action, part);
		buf_text(&out, next ? "; " : "");
	}
	return arena_buf(call->arena, &out);
}
