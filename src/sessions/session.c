#include "sessions/session.h"

#include "base/banned.h"

int64_t session_expires_at(const struct session *session)
{
	int64_t idle = session->last_seen_at + SESSION_IDLE_S;

	return idle < session->ends_at ? idle : session->ends_at;
}

const char *session_opened_by(const struct session *session)
{
	if (session->methods & USED_OTP)
		return "pwd,otp";
	if (session->methods & USED_RECOVERY)
		return "pwd,recovery";
	return session->remembered ? "pwd,remembered_device" : "pwd";
}

bool session_young(int64_t at, int64_t max_age_s, int64_t now_s)
{
	return at > 0 && now_s - at <= max_age_s && at - now_s <= max_age_s;
}

bool session_fresh(int64_t at, int64_t now_s)
{
	return session_young(at, SESSION_FRESH_S, now_s);
}
