#include "gate/identity.h"

#include "base/clock.h"

#include "base/banned.h"

/* An end of a text that is being written; there is always room: the longest is what the names in the header say. */
static char *add(char *at, const char *text)
{
	size_t length = strlen(text);

	memcpy(at, text, length + 1);
	return at + length;
}

const char *identity_methods(int methods, char out[static METHODS_TEXT])
{
	static const struct { int bit; const char *word; } words[] = {
		{ USED_PASSWORD, "pwd" }, { USED_OTP, "otp" }, { USED_RECOVERY, "recovery" },
	};
	char *at = out;

	for (size_t i = 0; i < COUNT(words); i++)
		if (methods & words[i].bit)
			at = add(at == out ? at : add(at, ","), words[i].word);
	return at == out ? "-" : out;
}

static char *add_group(char *at, const char *kind, const struct id *id, const char *role)
{
	char text[ID_TEXT];

	return add(add(add(add(at, kind), id_text(id, text)), ":"), role);
}

const char *identity_groups(const struct check *check, char out[static GROUPS_TEXT])
{
	char *at = add_group(out, "org:", &check->site->organization, role_name(check->role));

	add_group(add(at, ","), "service:", &check->site->service, service_role_name(check->service_role));
	return out;
}

/* A text of a person's, which was checked when it was taken; answer_header looks at each byte once more. */
static void write_view(struct answer *out, const char *name, struct view value)
{
	char text[NAME_TEXT * 3];

	memcpy(text, value.bytes, value.length);
	text[value.length] = '\0';
	answer_header(out, name, value.length ? text : "-");
}

void identity_write(struct answer *out, const struct check *check, const char *assertion)
{
	const struct pass *pass = check->pass;
	char id[ID_TEXT], groups[GROUPS_TEXT], methods[METHODS_TEXT], at[TIME_TEXT];

	answer_header(out, "Remote-User", id_text(&pass->person->account, id));
	write_view(out, "Remote-Email", person_email(pass->person));
	write_view(out, "Remote-Name", person_name(pass->person));
	answer_header(out, "Remote-Groups", identity_groups(check, groups));
	answer_header(out, "Remote-Methods", identity_methods(pass->methods, methods));
	answer_header(out, "Remote-Second-Step-At", pass->second_step_at ? time_text(pass->second_step_at, at) : "-");
	answer_header(out, "Remote-Assertion", assertion ? assertion : "-");
}
