#include "pages/notice.h"

#include "pages/routes.h"
#include "pages/template.h"

#include <stdio.h>
#include <stdlib.h>

#include "accounts/caller.h"
#include "pages/template.h"

#include "base/banned.h"

#define NOTICE_S   60 /* the next page comes at once; an older cookie was left behind */
#define NUMBER_MAX 200

static const struct {
	const char *word;
	enum msg msg;
	bool warns;
} notices[NOTICE_COUNT] = {
	[NOTICE_NONE] = { "", MSG_NOTICE_SAVED, false },
	[NOTICE_SAVED] = { "saved", MSG_NOTICE_SAVED, false },
	[NOTICE_PASSWORD_CHANGED] = { "password_changed", MSG_NOTICE_PASSWORD_CHANGED, false },
	[NOTICE_PASSWORD_RESET] = { "password_reset", MSG_NOTICE_PASSWORD_RESET, false },
	[NOTICE_SIGNED_OUT] = { "signed_out", MSG_NOTICE_SIGNED_OUT, false },
	[NOTICE_LOGIN_EXPIRED] = { "login_expired", MSG_NOTICE_LOGIN_EXPIRED, true },
	[NOTICE_LOGIN_SPENT] = { "login_spent", MSG_ERROR_LOGIN_SPENT, true },
	[NOTICE_RESENT] = { "resent", MSG_NOTICE_RESENT, false },
	[NOTICE_WELCOME] = { "welcome", MSG_NOTICE_WELCOME, false },
	[NOTICE_SIGN_IN_FIRST] = { "sign_in_first", MSG_NOTICE_SIGN_IN_FIRST, true },
	[NOTICE_SIGN_IN_AGAIN] = { "sign_in_again", MSG_NOTICE_SIGN_IN_AGAIN, true },
	[NOTICE_UNSAVED] = { "unsaved", MSG_NOTICE_UNSAVED, true },
	[NOTICE_DOWNLOAD] = { "download", MSG_NOTICE_DOWNLOAD, false },
	[NOTICE_SESSION_ENDED] = { "session_ended", MSG_NOTICE_SESSION_ENDED, false },
	[NOTICE_OTHERS_ENDED] = { "others_ended", MSG_NOTICE_OTHERS_ENDED, false },
	[NOTICE_FORGOTTEN] = { "forgotten", MSG_NOTICE_FORGOTTEN, false },
	[NOTICE_REISSUED] = { "reissued", MSG_NOTICE_REISSUED, false },
	[NOTICE_REISSUED_BEFORE] = { "reissued_before", MSG_NOTICE_REISSUED_BEFORE, false },
	[NOTICE_REISSUE_OVER] = { "reissue_over", MSG_NOTICE_REISSUE_OVER, true },
	[NOTICE_SETUP_OVER] = { "setup_over", MSG_NOTICE_SETUP_OVER, true },
	[NOTICE_NEW_PHONE] = { "new_phone", MSG_NOTICE_NEW_PHONE, false },
	[NOTICE_CANCELLED] = { "cancelled", MSG_NOTICE_CANCELLED, false },
	[NOTICE_RECOVERY_USED] = { "recovery_used", MSG_NOTICE_RECOVERY_USED, false },
	[NOTICE_RECOVERY_FEW] = { "recovery_few", MSG_NOTICE_RECOVERY_FEW, true },
	[NOTICE_NOT_DUE] = { "not_due", MSG_NOTICE_NOT_DUE, true },
	[NOTICE_CONFIRM_AGAIN] = { "confirm_again", MSG_NOTICE_CONFIRM_AGAIN, true },
	[NOTICE_EMAIL_CHANGED] = { "email_changed", MSG_NOTICE_EMAIL_CHANGED, false },
	[NOTICE_EMAIL_AGAIN] = { "email_again", MSG_NOTICE_EMAIL_AGAIN, false },
	[NOTICE_EMAIL_UNDONE] = { "email_undone", MSG_NOTICE_EMAIL_UNDONE, false },
	[NOTICE_CLOSED] = { "closed", MSG_NOTICE_CLOSED, false },
	[NOTICE_CREATED] = { "created", MSG_NOTICE_CREATED, false },
	[NOTICE_JOINED] = { "joined", MSG_NOTICE_JOINED, false },
	[NOTICE_LEFT] = { "left", MSG_NOTICE_LEFT, false },
	[NOTICE_DELETED] = { "deleted", MSG_NOTICE_DELETED, false },
	[NOTICE_REMOVED] = { "removed", MSG_NOTICE_REMOVED, false },
	[NOTICE_HANDED_OVER] = { "handed_over", MSG_NOTICE_HANDED_OVER, false },
	[NOTICE_STEP_RESET] = { "step_reset", MSG_NOTICE_STEP_RESET, false },
	[NOTICE_DEMANDED] = { "demanded", MSG_NOTICE_DEMANDED, false },
	[NOTICE_DEMANDED_LATER] = { "demanded_later", MSG_NOTICE_DEMANDED_LATER, false },
	[NOTICE_DEMAND_STANDS] = { "demand_stands", MSG_NOTICE_DEMAND_STANDS, false },
	[NOTICE_SUSPENDED] = { "suspended", MSG_NOTICE_SUSPENDED, false },
	[NOTICE_SWITCH_OFF] = { "switch_off", MSG_NOTICE_SWITCH_OFF, false },
	[NOTICE_RELEASED] = { "released", MSG_NOTICE_RELEASED, false },
	[NOTICE_WAY_GONE] = { "way-gone", MSG_NOTICE_WAY_GONE, true },
	[NOTICE_RULE_ASKS] = { "rule-asks", MSG_NOTICE_RULE_ASKS, true },
	[NOTICE_INVITED] = { "invited", MSG_NOTICE_INVITED, false },
	[NOTICE_INVITED_AGAIN] = { "invited_again", MSG_NOTICE_INVITED_AGAIN, false },
	[NOTICE_INVITATION_CANCELLED] = { "invitation_cancelled", MSG_NOTICE_INVITATION_CANCELLED, false },
	[NOTICE_SERVICE_CREATED] = { "service_created", MSG_NOTICE_SERVICE_CREATED, false },
	[NOTICE_SERVICE_DELETED] = { "service_deleted", MSG_NOTICE_SERVICE_DELETED, false },
	[NOTICE_INVITATION_GONE] = { "invitation_gone", MSG_NOTICE_INVITATION_GONE, true },
};

void notice_set(struct call *call, enum notice notice, int number)
{
	const char *value = arena_printf(call->arena, "%s.%d", notices[notice].word, number);

	if (value)
		cookie_set(call, COOKIE_NOTICE, value, NOTICE_S);
}

static enum notice find(const char *word, size_t length)
{
	for (int i = NOTICE_NONE + 1; i < NOTICE_COUNT; i++)
		if (strlen(notices[i].word) == length && !strncmp(notices[i].word, word, length))
			return (enum notice)i;
	return NOTICE_NONE;
}

static enum notice read_word(const char *value)
{
	const char *dot = value ? strchr(value, '.') : NULL;

	return dot ? find(value, (size_t)(dot - value)) : NOTICE_NONE;
}

void notice_withdraw(struct call *call, enum notice notice)
{
	if (read_word(cookie_get(call, COOKIE_NOTICE)) == notice)
		cookie_clear(call, COOKIE_NOTICE);
}

const char *notice_take(struct call *call, struct notice_kind *kind)
{
	SCOPED(buf_done) struct buf text = { 0 };
	const char *value = cookie_get(call, COOKIE_NOTICE), *dot = value ? strchr(value, '.') : NULL;
	char number[TEMPLATE_NUMBER];

	if (!value)
		return NULL;
	cookie_clear(call, COOKIE_NOTICE);
	enum notice notice = read_word(value);
	long left = dot ? strtol(dot + 1, NULL, 10) : 0;
	if (notice == NOTICE_NONE || left < 0 || left > NUMBER_MAX || (notice == NOTICE_EMAIL_CHANGED && !call->caller))
		return NULL;

	const struct lang_arg args[] = {
		{ "left", template_number(number, left) },
		{ "email", call->caller ? call->caller->account.email : "" },
	};
	lang_fill(&text, call->locale, notices[notice].msg, args, COUNT(args));
	kind->warns = notices[notice].warns;
	kind->failed = notice == NOTICE_LOGIN_SPENT;
	kind->at = notice == NOTICE_DOWNLOAD ? &DOWNLOAD[1] : NULL;
	return arena_buf(call->arena, &text);
}
