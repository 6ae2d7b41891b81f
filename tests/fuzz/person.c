/* Addresses, names and passwords as people type them: what is taken reads as itself, and can stand in a header, a page and a mail. */
#include "fuzz.h"
#include "accounts/account.h"
#include "accounts/password_policy.h"
#include "base/settings.h"
#include "base/text.h"

static void check_email(const char *typed)
{
	char email[EMAIL_TEXT], again[EMAIL_TEXT];

	if (email_read(typed, email))
		return;
	must(strchr(email, '@') && strchr(email, '@') == strrchr(email, '@') && strlen(email) < EMAIL_TEXT);
	must(strspn(email, "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+/=?^_`{|}~-.@") == strlen(email));
	must(!email_read(email, again) && !strcmp(again, email));
}

static void check_name(const char *typed)
{
	char name[NAME_TEXT], again[NAME_TEXT];

	if (name_read(typed, name))
		return;
	must(*name && text_is_utf8(name, strlen(name)) && text_characters(name) <= NAME_CHARACTERS_MAX);
	must(!text_has_controls(name) && !strpbrk(name, "/\\@\r\n"));
	must(!name_read(name, again) && !strcmp(again, name));
}

/* Read twice it is the same, and each policy has an answer of its own, twice the same too. */
static void check_password(const char *typed)
{
	SCOPED(password_wipe) struct password password = { "" }, again = { "" };

	if (password_read(typed, &password))
		return;
	must(!password_read(password.text, &again) && !strcmp(again.text, password.text));
	for (enum password_policy policy = POLICY_NIST; policy <= POLICY_CLASSIC; policy++) {
		const struct settings settings = { .name = "twostep", .password_policy = policy, .password_min = 8 };
		enum err err = password_allowed(&settings, &password, "Kim Sora", "sora@example.com");

		must(err_status(err) == 422 || err == OK);
		must(password_allowed(&settings, &password, "Kim Sora", "sora@example.com") == err);
		must(err || text_characters(password.text) >= settings.password_min);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	const char *typed = input_text(&arena, bytes, length);

	check_email(typed);
	check_name(typed);
	check_password(typed);
	return 0;
}
